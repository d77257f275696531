/* Signals: one of ours that interrupts a guest, and the four synchronous ones that report its faults.
 *
 * Faults belong to us only where we know the instruction: in published code of the process that this thread runs, or
 * in a copy of guest memory.  All others go to whoever handled the signal before us.
 */
#ifndef MOTTE_SIGNALS_H
#define MOTTE_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The handlers, which the kernel enters through signal_entries.S. */
void motte_on_interrupt(int number, siginfo_t *information, void *opaque);
void motte_on_fault(int number, siginfo_t *information, void *opaque);

/* Chooses our signal and installs the handlers.  Called again before a process begins to run, and before each copy that
 * another thread than the process's own makes, because other code (Python's faulthandler) may have put its handlers over
 * ours.  False if no real-time signal is free. */
bool signals_install(void);

/* The same, unless that was done for a process that was started at this moment or later.  Each look is a system call, and a start
 * has time for one: SIGSEGV's handler is looked at each time, since whoever takes faults takes that, the others' once in 100 µs. */
bool signals_installed_since(uint64_t started_ns);

/* The first time; children of a fork can do it from then on, whoever did it at that moment. */
bool signals_prepare(void);

/* Whether threads that block no signal may run guests: our handlers are in place, and those of others use the alternate
 * stack. Sixty system calls. */
bool signals_allow_visits(void);

/* Sends our signal to this thread of this process; nothing happens if there is none. */
void signals_send(pid_t thread_id);

/* The number of our signal. */
int signals_interrupt(void);

/* That of the C library's which changes user ids in all threads, if its handler runs on the signal stack; else 0.  It is
 * entered through an entry of ours then, so that it can interrupt a guest that has its own FS base.  In a thread that
 * the C library has made. */
int signals_change_ids(void);

#endif
