/* A process: one window, one bank, one meter, one run from its entry to its exit.
 *
 *     CREATED --process_start--> READY <--> RUNNING --> EXITED --process_close--> (freed)
 *                                  ^           |
 *                                  +-- WAITING | RECEIVING | CALLING | FAULTED | SUSPENDED | IDLE | OUTSIDE
 *
 *     READY      wants to run; its meter may keep it from it
 *     RUNNING    a worker runs it, in the guest or in a gate
 *     WAITING    for a moment (sleep), without a worker
 *     RECEIVING  for a message, an answer, or room to send (ipc)
 *     CALLING    a system call of the host's may take long: a thread waits in it, and others run guests meanwhile
 *     FAULTED    a keeper has been told, and has not answered yet
 *     SUSPENDED  at somebody's wish
 *     IDLE       between calls of its functions (function_call.h); from CREATED by process_open
 *     OUTSIDE    a function of the host's runs for it (host_functions.h)
 *
 * Whoever asks first decides why a process ends (process_stop); later requests are ignored.  A request is not yet the
 * end: the process has EXITED once no worker touches it any more.  What it still holds then (window, descriptors,
 * charges) can be looked at until process_close gives it back.
 *
 * Lock order, for the whole core: scheduler->lock; then a bank tree's, the slot pool's or the code region's.  No lock
 * is held while guest memory is copied or while the personality runs.  Signal handlers take none: they save a guest's
 * state and leave it, and everything else happens on the worker's own stack.
 *
 * Races, and what closes each:
 *   R1  Attention is asked for after a gate has looked at the flag for the last time.  The signal that follows finds
 *       the thread between that look and the guest, and takes it to guest_leave (signals.c, switch.S).
 *   R2  A stop is requested just before a host call that waits.  Look and call are one range in checked_syscall; the
 *       signal takes a thread that is inside it to the look's other exit, whether it has a turn or has given it up.
 *   R3  The signal arrives where it cannot be acted upon (in a gate; in another handler): the worker's timer repeats it
 *       every millisecond until the guest has been left.
 *   R4  A killer signals a thread that has just ended, or runs another process.  process->worker is valid under the
 *       lock, and threads end only after all processes have; a signal without a cause changes nothing.
 *   R5  A process is killed while it starts.  The request is there before the guest is: guest_enter looks, too.
 *   R6  Two reasons to stop at once, a fault and a limit say.  stop_request is set by compare-and-exchange: one wins.
 *   R7  A process is closed while others wait for it.  They hold references; its window goes, the structure stays.
 *   R8  The host forks while guests run.  The child has neither their threads nor their slots; process_is_here.
 *   R9  A worker clears `attention` when it takes a process on, and so might miss a request: it clears the flag under
 *       the lock that every request is made under, and looks at the requests afterwards.  Requests that a process
 *       makes for itself come from its own worker.
 */
#ifndef MOTTE_PROCESS_H
#define MOTTE_PROCESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "deep_sleep.h"
#include "guest_memory.h"
#include "ipc/sources.h"
#include "keeping.h"
#include "meters/meters.h"
#include "motte_abi.h"
#include "page_tables.h"
#include "timeouts.h"
#include "window.h"

struct awaited_call;
struct bank;
struct code_region;
struct host_functions;
struct image;
struct personality;
struct process_ipc;
struct scheduler;
struct slot;
struct worker;

enum process_state {
    PROCESS_CREATED,
    PROCESS_READY,
    PROCESS_RUNNING,
    PROCESS_WAITING,
    PROCESS_CALLING,
    PROCESS_RECEIVING,
    PROCESS_FAULTED,
    PROCESS_SUSPENDED,
    PROCESS_IDLE,
    PROCESS_OUTSIDE,
    PROCESS_EXITED,
};

/* A system call that waits without a thread: process_await. */
enum process_wake { WAKE_NOT_WANTED, WAKE_AWAITED, WAKE_CAME };

enum guest_access { ACCESS_READ, ACCESS_WRITE, ACCESS_EXECUTE };

/* Guest registers as Python sees them: rax rbx rcx rdx rsi rdi rbp r8..r15, flags. */
enum { SHOWN_REGISTERS = 16 };

/* Where the process stands: filled in when it faults and when it has ended. */
struct stop_place {
    enum motte_fault fault;
    bool has_access; /* the next two are meaningful */
    enum guest_access access;
    int64_t address;      /* of the faulting access, from the window's start; below it for the native stack */
    uint64_t code_offset; /* of the instruction, in its own code */
    bool in_guest;        /* `registers` are meaningful: it stands at an instruction of its own */
    uint64_t stack;       /* rsp there: for the core alone */
    uint64_t registers[SHOWN_REGISTERS];
};

/* What the CPU reported, as the signal handler found it. */
struct trap {
    bool pending;
    int signal, code;
    uint64_t number, error; /* REG_TRAPNO, REG_ERR */
    uintptr_t address;      /* of a page fault */
    int64_t system_call;    /* of one that a cell's filter has refused */
};

struct process {
    /* Any thread.  `attention` is what the gates look at (switch.S: PROCESS_ATTENTION): the guest is to be left.
     * stop_flag follows stop_request, and interrupts host calls. */
    _Atomic uint32_t attention;
    _Atomic uint32_t stop_flag;
    _Atomic uint32_t references;
    _Atomic uint32_t state;        /* enum process_state, changed under the scheduler's lock; a futex */
    _Atomic uint32_t waiters;      /* threads that sleep until it has ended, or is idle */
    _Atomic uint32_t begun_on;     /* 1 + the CPU of its first turn, or the first after deep sleep; 0 before */
    _Atomic uint32_t calls_ended;  /* of its functions; a futex */
    _Atomic uint64_t stop_request; /* 0, or reason << 32 | value: set once */
    _Atomic uint64_t pages, peak_pages;
    _Atomic uint64_t system_calls, faults; /* counted by its own worker only */
    _Atomic uint32_t wanted_events;        /* enum event_kind bits */
    _Atomic uint32_t wake;                 /* enum process_wake */

    /* Constant once created. */
    struct scheduler *scheduler;
    struct bank *bank;
    struct image *image;
    struct code_region *region; /* the image's */
    struct slot *slot;
    uint64_t identity;      /* never used twice */
    uint64_t entry_address; /* host address of the entry function */
    uint64_t wall_limit_ns; /* UINT64_MAX is none */
    uint32_t native_stack_size;
    uint32_t fork_generation;
    struct source_terms sources;

    /* The worker that runs it, signal handlers included; the creator before the start; whoever holds the scheduler's
     * lock while it neither runs nor calls. */
    struct personality *personality;
    struct process_ipc *ipc; /* NULL until it needs one */
    uint64_t drawn; /* random bytes, from a seed */
    struct host_functions *host; /* NULL: it was granted none */
    struct window window;
    struct page_tables *page_tables; /* NULL: those of its image, in this slot */
    uint64_t host_bytes; /* of host memory: host_memory.h */
    bool gives_all_back; /* it is closed: what it frees of that is given back at once, at the end */
    guest_addr mapped_runs; /* what checked casts remember, in the guest (casts.h); 0 if it has none */
    uintptr_t native_stack_low; /* lowest byte that is mapped */
    uint32_t data_stack_mapped; /* a window address: where what is mapped ends */
    struct stop_place place;
    struct trap trap;
    struct question question;
    uint64_t sleep_until; /* ticks; 0: it does not want to sleep */
    uint64_t refused_pages, refused_by; /* what a bank has refused in this turn, and its identity; 0: nothing */
    bool yields;
    bool visited;        /* a thread of the host runs it: what may wait is left to workers (visit.h) */
    uint32_t call_depth; /* of calls of its functions, one inside the other: see function_call.h */

    /* Under the scheduler's lock. */
    struct runnable runnable;
    struct worker *worker; /* while RUNNING or CALLING; while RECEIVING, whom it has lent its turn to */
    uint32_t calls_waiting; /* threads that sleep until a call has ended */
    const void *caller; /* who calls its functions, or is about to: a visitor, or an awaited call; NULL: anybody may */
    struct awaited_call *awaited, *line; /* the one that is under way; and the first of those that wait for their turn */
    struct saved_state *saved; /* while it sleeps deeply, in place of its context and native stack */
    struct timeout sleep, wall;
    bool suspended, closed;
    struct rest rest;
    uint64_t owed; /* ticks that others have spent on it, and its next turn is charged */
    uint64_t started_ns, ended_ns; /* monotonic */
    uint64_t preemptions;
    bool answered;    /* the question that is open, or was the last */
    uint32_t holders; /* keeping_hold */
    uint32_t events;  /* enum event_kind bits that were posted and not yet taken */
    struct process *next_event;
    struct process *next_unplaced; /* schedule_at */
    struct endpoint *ends_at; /* where its end is told (ipc/service.h), with a reference; NULL: nowhere */
    struct process *next_ended, **ended_link; /* there */
};

/* --- for everybody -------------------------------------------------------------------------------------------- */

/* Asks the process to stop for `reason` with `value` (exit status, signal number; else 0): on its own worker, or under
 * the scheduler's lock.  False if another request came first.  It does not interrupt: a personality that asks for its own
 * process just returns; others use process_kill. */
bool process_stop(struct process *process, enum motte_stop reason, int32_t value);

/* True once a stop was asked for. A personality looks whenever a host call returned EINTR, and between the pieces of
 * long work. */
static inline bool process_stop_requested(const struct process *process)
{
    return atomic_load(&process->stop_flag) != 0;
}

/* Charges pages that the host spends on this process; false, and nothing charged, if its bank has no more. */
bool process_charge(struct process *process, uint64_t pages);
void process_refund(struct process *process, uint64_t pages);

/* The same, without the bank: somebody else has charged these pages to it and leaves them to the process, or takes them over
 * from it, to refund them. */
void process_take_over(struct process *process, uint64_t pages);
void process_hand_over(struct process *process, uint64_t pages);

/* The same for host memory by the byte (host_memory.h). In `pages`, the process's own sum is rounded up. */
bool process_charge_bytes(struct process *process, uint64_t bytes);
void process_refund_bytes(struct process *process, uint64_t bytes);

/* A host system call, made so that a stop cannot be lost: returns -EINTR without making the call if a stop was requested
 * up to the very instruction that enters the kernel, and is interrupted by a request that comes later.  Otherwise the
 * kernel's result (negative errno).  Only on the process's own worker.
 *
 * interruptible_syscall keeps the worker's turn: for calls that take a moment.  It returns -EINTR, too, when others wait
 * for the turn.  waiting_syscall gives the turn up before the call and gets in line for another one afterwards; it returns -EINTR
 * only to a process that is to stop. */
int64_t interruptible_syscall(struct process *process, long number, const long arguments[6]);
int64_t waiting_syscall(struct process *process, long number, const long arguments[6]);

/* The process will not run on after this call before the moment `at_ns` (UINT64_MAX: before it is killed).  The
 * call's result stands. */
void process_sleep_until(struct process *process, uint64_t at_ns);

/* Others that want to run come first. */
void process_yield(struct process *process);

/* The system call that is being made waits for something: when it is over, whatever its result, the process stands still, and
 * does the same call again once process_wake was called.  So whoever may call that is told of the process afterwards.  A call
 * can come again for nothing, and remembers by itself what it has done already. */
void process_await(struct process *process);

/* From any thread; harmless if the process awaits nothing.  `under_lock`: the caller holds the scheduler's lock, and gives
 * turns to those who are ready (ipc_settle). */
void process_wake(struct process *process, bool under_lock);

/* CPU time that it has used so far, on its own worker. */
uint64_t process_cpu_ns(struct process *process);

/* --- for the core --------------------------------------------------------------------------------------------- */

/* Plain stores: what they order against is ordered by the scheduler's lock, or by the signal that follows. */
static inline void process_set_state(struct process *process, enum process_state state)
{
    atomic_store_explicit(&process->state, state, memory_order_release);
}

static inline void process_set_attention(struct process *process, bool wanted)
{
    atomic_store_explicit(&process->attention, wanted, memory_order_release);
}

/* One more; without a locked instruction, since nobody else counts. */
static inline void process_count(_Atomic uint64_t *counter)
{
    uint64_t before = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, before + 1, memory_order_relaxed);
}

/* Charges `pages` for host memory in [low, high) of the slot, and the page tables that this range needs for the first
 * time. All or nothing. */
bool process_charge_range(struct process *process, uintptr_t low, uintptr_t high, uint64_t pages);

/* The same for memory that a guest asks for. It cannot have its bank's last pages: a program whose malloc has returned
 * NULL can still call a function, and say so. */
enum { LEFT_TO_STACKS = 16 };
bool process_charge_mapping(struct process *process, uintptr_t low, uintptr_t high, uint64_t pages);
bool process_charge_asked(struct process *process, uint64_t pages);

/* Writes down where it stands, from its context. While nobody runs it. */
void process_note_place(struct process *process);

/* Kills, waits for the end, and gives back everything but the structure itself. Idempotent. */
void process_close(struct process *process);

void process_retain(struct process *process);
void process_release(struct process *process);

/* False in a child of fork: windows do not exist there, nor the threads that ran them. */
bool process_is_here(const struct process *process);

#endif
