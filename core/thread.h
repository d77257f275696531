/* Threads of the core: created with every signal blocked, so that the host's handlers run on the host's threads; but for the
 * one by which the C library changes the user ids of all threads, for which setuid() of the host waits. */
#ifndef MOTTE_THREAD_H
#define MOTTE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* False if the host refuses. */
bool thread_create(pthread_t *thread, size_t stack_size, void *(*run)(void *), void *argument);

/* The calling thread works for a few microseconds at a time, and asks the host not to keep it waiting. */
void thread_ask_for_promptness(void);

#endif
