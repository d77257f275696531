/* What a guest cannot have fails with a plain error, and never hangs or crashes.
 *
 * prints:
 * fork: Operation not permitted
 * system: Function not implemented
 * popen: Function not implemented
 * execve: Operation not permitted
 * socket: Operation not permitted
 * pthread_create: Function not implemented
 * timer_create: Function not implemented
 * dlopen: no
 * kill of another process: No such process
 * mutexes work
 * thread-local: 42
 * once: 1
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void report(const char *what, int failed)
{
    printf("%s: %s\n", what, failed ? strerror(errno) : "worked");
}

static void *body(void *argument)
{
    return argument;
}

static int calls;

static void count(void)
{
    calls++;
}

static _Thread_local int local = 40;

int main(void)
{
    char *arguments[] = {"sh", 0}, *environment[] = {0};
    pthread_t thread;
    timer_t timer;

    report("fork", fork() == -1);
    report("system", system("true") == -1);
    report("popen", !popen("true", "r"));
    report("execve", execve("/bin/sh", arguments, environment) == -1);
    report("socket", socket(AF_INET, SOCK_STREAM, 0) == -1);
    errno = pthread_create(&thread, 0, body, 0);
    report("pthread_create", errno != 0);
    report("timer_create", timer_create(CLOCK_MONOTONIC, 0, &timer) == -1);
    printf("dlopen: %s\n", dlopen("libm.so", RTLD_NOW) ? "yes" : "no");
    report("kill of another process", kill(getpid() + 1, SIGTERM) == -1);

    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    if (!pthread_mutex_lock(&mutex) && pthread_mutex_trylock(&mutex) == EBUSY && !pthread_mutex_unlock(&mutex))
        puts("mutexes work");
    local += 2;
    printf("thread-local: %d\n", local);
    pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, count);
    pthread_once(&once, count);
    printf("once: %d\n", calls);
    return 0;
}
