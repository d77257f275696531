/* A process: one window, one bank, one run from its entry to its stop.
 *
 *     CREATED --process_start--> RUNNING --its thread leaves the guest--> STOPPED --process_close--> (freed)
 *         \____________________________process_kill__________________________/
 *
 * Whoever asks first decides why a process stops (process_stop); later requests are ignored.  A request is not yet a
 * stop: the process is STOPPED once its thread has left the guest for good.  What it still holds then (window,
 * descriptors, charges) can be looked at until process_close gives it back.
 *
 * Lock order, for the whole core: process->lock, then the slot pool's or the code region's lock.  No lock is held
 * while guest memory is copied or while the personality runs.  Signal handlers take none.
 *
 * Races, and what closes each:
 *   R1  A stop is requested after a gate has looked at stop_flag for the last time.  The signal that follows finds the
 *       thread between that look and the guest, and takes it to guest_leave (signals.c, switch.S).
 *   R2  A stop is requested just before a host call that waits.  Look and call are one range in checked_syscall; the
 *       signal takes a thread that is inside it to the look's other exit.
 *   R3  The signal arrives where it cannot be acted upon (in a gate; in another handler): it is sent again every
 *       millisecond until the process has left (timers_insist).
 *   R4  A killer signals a thread that has just ended, and whose id belongs to another by now.  process->worker is
 *       valid under lock, and the worker takes the lock to leave.
 *   R5  A process is killed while it starts.  The request is there before the guest is: guest_enter looks, too.
 *   R6  Two reasons to stop at once, a fault and a limit say.  stop_request is set by compare-and-exchange: one wins.
 *   R7  A process is closed while others wait for it.  They hold references; its window goes, the structure stays.
 *   R8  The host forks while guests run.  The child has neither their threads nor their slots; process_is_here.
 */
#ifndef MOTTE_PROCESS_H
#define MOTTE_PROCESS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "guest_memory.h"
#include "motte_abi.h"
#include "page_tables.h"
#include "window.h"

struct bank;
struct code_region;
struct personality;
struct slot;
struct worker;

enum process_state { PROCESS_CREATED, PROCESS_RUNNING, PROCESS_STOPPED };

enum guest_access { ACCESS_READ, ACCESS_WRITE, ACCESS_EXECUTE };

/* Guest registers as Python sees them: rax rbx rcx rdx rsi rdi rbp r8..r15, flags. */
enum { SHOWN_REGISTERS = 16 };

/* Where the process stood when it stopped. Written by its own thread before the stop. */
struct stop_place {
    enum motte_fault fault;
    bool has_access; /* the next two are meaningful */
    enum guest_access access;
    int64_t address;      /* of the faulting access, from the window's start; below it for the native stack */
    uint64_t code_offset; /* of the instruction, in its own code */
    bool in_guest;        /* `registers` are meaningful: it was stopped at an instruction of its own */
    uint64_t stack;       /* rsp there: for the core alone */
    uint64_t registers[SHOWN_REGISTERS];
};

struct process {
    /* Any thread.  stop_flag is what the gates look at (switch.S: PROCESS_STOP_FLAG); it follows stop_request. */
    _Atomic uint32_t stop_flag;
    _Atomic uint32_t references;
    _Atomic uint64_t stop_request; /* 0, or reason << 32 | value: set once */
    _Atomic uint32_t state;        /* enum process_state; a futex */
    _Atomic uint64_t pages, peak_pages;
    _Atomic uint64_t system_calls, faults, interruptions; /* counted by its own thread only */

    /* Constant once created. */
    struct bank *bank;
    struct code_region *region;
    struct slot *slot;
    uint64_t entry_address; /* host address of the entry function */
    guest_addr initial_block;
    uint64_t cpu_limit_ns, wall_limit_ns; /* UINT64_MAX is none */
    uint32_t native_stack_size;
    uint32_t data_stack_limit; /* window address of its lowest byte */
    uint32_t fork_generation;

    /* The process's own thread (its gates and fault handler), or the creator before the start. */
    struct personality *personality;
    struct window window;
    struct page_tables page_tables;
    uint64_t host_bytes; /* of host memory: host_memory.h */
    uintptr_t native_stack_low;  /* lowest byte that is mapped */
    uint32_t data_stack_mapped; /* likewise, a window address */
    struct stop_place place;
    guest_addr mapped_runs; /* what checked casts remember, in the guest (casts.h); 0 if it has none */

    /* Under lock. */
    pthread_mutex_t lock;
    struct worker *worker; /* NULL unless RUNNING */
    pthread_t thread;
    bool thread_exists, closed;
    uint64_t cpu_ns, wall_ns; /* totals once STOPPED */
};

/* --- for everybody -------------------------------------------------------------------------------------------- */

/* Asks the process to stop for `reason` with `value` (exit status, signal number; else 0).  From any thread, and from
 * signal handlers.  False if another request came first.  It does not interrupt: a personality that asks for
 * its own process just returns; others use process_kill. */
bool process_stop(struct process *process, enum motte_stop reason, int32_t value);

/* True once a stop was asked for. A personality looks whenever a host call returned EINTR, and between the pieces of
 * long work. */
bool process_stop_requested(const struct process *process);

/* Charges pages that the host spends on this process; false, and nothing charged, if its bank has no more. */
bool process_charge(struct process *process, uint64_t pages);
void process_refund(struct process *process, uint64_t pages);

/* A host system call that may block, made so that a stop cannot be lost: returns -EINTR without making the call if a
 * stop was requested up to the very instruction that enters the kernel, and is interrupted by a request that comes
 * later. Otherwise the kernel's result (negative errno). Only on the process's own thread. */
int64_t interruptible_syscall(struct process *process, long number, long a, long b, long c, long d, long e, long f);

/* --- for the core --------------------------------------------------------------------------------------------- */

/* One more; without a locked instruction, since nobody else counts. */
static inline void process_count(_Atomic uint64_t *counter)
{
    uint64_t before = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, before + 1, memory_order_relaxed);
}

/* Charges `pages` for host memory in [low, high) of the slot, and the page tables that this range needs for the first
 * time. All or nothing. */
bool process_charge_range(struct process *process, uintptr_t low, uintptr_t high, uint64_t pages);

/* Starts a CREATED process on a worker of its own: 0; -EBUSY in another state; -EAGAIN or another negative errno if the
 * host refuses a thread or the signal handlers. */
int process_start(struct process *process);

/* Stops it for KILLED, wherever it is; one that was not started is STOPPED at once. Harmless when it has stopped. */
void process_kill(struct process *process);

/* Waits until STOPPED: 1; 0 once the deadline has passed; -EINTR if a signal came first. */
struct deadline {
    bool exists;
    struct timespec at; /* CLOCK_MONOTONIC */
};
struct deadline deadline_after(uint64_t timeout_ns); /* UINT64_MAX: none */
int process_wait(struct process *process, struct deadline deadline);

/* Kills, waits for the thread, and gives back everything but the structure itself. Idempotent. */
void process_close(struct process *process);

void process_retain(struct process *process);
void process_release(struct process *process);

/* CPU and wall time so far, or in all. */
void process_times(struct process *process, uint64_t *cpu_ns, uint64_t *wall_ns);

/* Called by the worker, last: from here on the thread does not touch the process. */
void process_stopped(struct process *process, uint64_t cpu_ns, uint64_t wall_ns);

/* False in a child of fork: windows do not exist there, nor the threads that ran them. */
bool process_is_here(const struct process *process);

#endif
