/* Calls of a process's functions by threads of the host.
 *
 * A process that was not started can be opened for calls instead: it is IDLE then, and runs only while one of its functions
 * is called.  The first call is that of its entry function, which prepares the C library and returns.
 *
 *     CREATED --process_open--> IDLE --function_call--> RUNNING …  --the function returns--> IDLE
 *
 * The host may enter every function that was claimed and verified, at its start and nowhere else, with as many bytes above
 * the return address as the verifier knows of: they are on the process's own native stack, as if a function of its own called.
 * The return address is that of a gate, and no guest can change it.  So a call from the host can do nothing that a call
 * from the program itself could not; what registers and stack hold are claims of nobody, for the function was verified for any.
 *
 * A call begins as a visit (visit.h).  If the guest has not come back by the end of that, it goes on with workers, and the caller
 * waits; calls that no thread waits for are those of awaited_call.h.  One thread calls at a time, and others wait until it is done.  A function of the host that the guest calls
 * meanwhile may call functions of the same process: these calls are on top of the native stack, below the frames of the outer
 * ones, which go on when they have returned.
 */
#ifndef MOTTE_FUNCTION_CALL_H
#define MOTTE_FUNCTION_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "lifecycle.h"

struct process;
struct worker;

enum { CALL_GENERAL = 6, CALL_VECTORS = 8, CALL_STACK_WORDS = 64, CALL_DEPTH_LIMIT = 32 };
#define STACK_WORDS_UNKNOWN UINT32_MAX

/* What its function is called with, and what comes back; all zero but for the stack before. */
struct guest_call {
    struct process *process;
    uintptr_t address;    /* of the function */
    uint32_t stack_words; /* of its arguments */
    bool acquired;        /* its thread is the process's caller */
    bool nested;          /* in a function of the host's that the process has called: its gate is in `outer` */
    bool raised;          /* it was given up, for such a function has raised an exception */
    uint64_t general[CALL_GENERAL], vectors[CALL_VECTORS];
    uint64_t result, vector_result;
    uint64_t data_stack;  /* the guest's pointer before the call, where it may have to be put back */
    struct gate_state {
        uint64_t host_stack, guest_stack, rbx, rbp, r12, r13, r14, r15;
    } outer;
    uint64_t stack[CALL_STACK_WORDS];
};

enum call_result {
    CALL_RETURNED,
    CALL_GOES_ON,   /* with workers: function_call_wait */
    CALL_OUTSIDE,   /* it calls a function of the host's: function_call_serve, and then function_call_continue */
    CALL_BUSY,      /* another thread calls: function_call_wait_for_turn, and once more */
    CALL_ENDED,     /* the process has, in this call */
    CALL_HAD_ENDED, /* the process, before */
    CALL_NOT_OPEN,
    CALL_NOT_NOW,   /* the calling thread's own call is under way: a signal handler of the host's, say */
    CALL_TOO_DEEP,
    CALL_NO_STACK,
    CALL_FORKED,    /* a function of the host's has forked, and this is the child */
};

/* The function that begins at this code offset: its host address and the words of arguments on the stack; false if none
 * begins there that was verified, or it takes more than CALL_STACK_WORDS.  Of native code, any offset will do, and
 * STACK_WORDS_UNKNOWN: its cell bears what comes of it. */
bool function_find(const struct process *process, uint64_t code_offset, uintptr_t *address, uint32_t *stack_words);

/* The process is the calling thread's until function_call_release: nobody else calls, nor is it given back.  Both are part of
 * function_call and of what ends it, unless the caller has memory of the guest's to prepare before, or to look at afterwards. */
enum call_result function_call_acquire(struct worker *visitor, struct guest_call *call);
void function_call_release(struct guest_call *call);

/* Begins the call, and ends it if it returns at once. */
enum call_result function_call(struct worker *visitor, struct guest_call *call);

/* Of a call that is OUTSIDE: runs the function of the host's, on the calling thread, which has no lock. */
void function_call_serve(struct guest_call *call);

/* After that: the guest goes on, as in function_call. */
enum call_result function_call_continue(struct worker *visitor, struct guest_call *call);

/* Of a call that goes on: waits.  CALL_RETURNED, CALL_OUTSIDE or CALL_ENDED; CALL_GOES_ON once the deadline has passed, or with *interrupted
 * if a signal came first. */
enum call_result function_call_wait(struct guest_call *call, struct deadline deadline, bool *interrupted);

/* Waits until whoever calls now may be done; false as above. */
bool function_call_wait_for_turn(struct process *process, struct deadline deadline, bool *interrupted);

#endif
