/* Questions to keepers: a process stands still until somebody has said what becomes of it.
 *
 * A process asks when it met something that it cannot get past by itself, and somebody wants to be asked:
 *     ASK_FAULT   an instruction of its own faulted, or a kernel call found it to be at fault
 *     ASK_ACCESS  a kernel call could not reach memory that the guest gave it
 *     ASK_BANK    its bank has refused pages, and that bank has a keeper
 * Each question has a number; an answer names it, and only the first answer counts.  The answers:
 *     ANSWER_RETRY    the cause is gone: the instruction, or the kernel call, is done again
 *     ANSWER_SKIP     the guest goes on behind the instruction, or with the kernel call's result as it is
 *     ANSWER_DECLINE  nobody helps: as if nobody had been asked.  A fault ends the process; a call fails
 *
 * A kernel call is done again as a whole, so it asks only if it has had no effect that shows: a call that moved some
 * bytes before it failed returns how many.
 *
 * While a question is open the process may be looked at and changed by whoever holds it: it cannot go away meanwhile.
 */
#ifndef MOTTE_KEEPING_H
#define MOTTE_KEEPING_H

#include <stdbool.h>
#include <stdint.h>

#include "guest_memory.h"
#include "motte_abi.h"

struct bank;
struct process;

enum ask { ASK_NOTHING, ASK_FAULT, ASK_ACCESS, ASK_BANK };
enum answer { ANSWER_RETRY, ANSWER_SKIP, ANSWER_DECLINE };

struct question {
    enum ask ask;
    uint64_t number;
    bool in_call; /* of the kernel; the call is kept, to be done again */
    bool again;   /* that is to happen now */
    uint32_t call;
    uint64_t arguments[6];
    int32_t stop_value; /* what a declined fault stops with */
    uint64_t next;      /* code offset at which the guest can go on instead; 0: nowhere */
    uint64_t bank;      /* identity of the one that refused */
    uint64_t pages;     /* that were wanted */
    uint64_t refused_by; /* identity of a bank that did not pay for what the keeper wanted to supply; 0: none */
};

/* --- on the process's own worker ---------------------------------------------------------------------------------------- */

/* Whether anybody is asked about its faults. */
bool keeping_is_kept(const struct process *process);

/* Whether a kernel call may be done again because of an answer. */
bool keeping_may_retry(const struct process *process);

/* The process is at fault, as process->place says, at an instruction or in a kernel call: it will ask, or stop. */
void keeping_fault(struct process *process, int32_t stop_value);
void keeping_call_fault(struct process *process);

/* A copy failed at this window address. */
void keeping_access(struct process *process, int64_t address, bool writes);

/* A charge was refused by `bank`, or succeeded. */
void keeping_refused(struct process *process, struct bank *bank, uint64_t pages);
void keeping_charged(struct process *process);

/* At the end of a kernel call: if it raised a question, and failed, the process will stand still. */
void keeping_end_call(struct process *process, uint32_t call, const uint64_t arguments[6], int64_t result);

/* The same for one that waits for something, and is done again when that has come (process_await). */
void keeping_repeat_call(struct process *process, uint32_t call, const uint64_t arguments[6]);

/* Does the kernel call again for which an answer has come. */
void keeping_call_again(struct process *process);

/* --- from other threads: 0, or -ESTALE if this question is not open (any more) ------------------------------------------- */

/* Until keeping_release the process does not go away, and all of it may be touched.  Nor does it go on, since answers come
 * from callers who do not hold it: in Python all of this is under the interpreter's lock. */
int keeping_hold(struct process *process, uint64_t number);
void keeping_release(struct process *process);

/* -EINVAL: there is nothing behind the instruction to go on at.  The processor time that the answer took is the
 * process's: its next turn begins with it. */
int keeping_answer(struct process *process, uint64_t number, enum answer answer, uint64_t cost_ns);

/* General registers in encoding order and the arithmetic flags; rsp cannot be set. Only at an instruction: -EINVAL. */
enum { SET_FLAGS = 16, SETTABLE_REGISTERS };
int keeping_set_register(struct process *process, uint64_t number, unsigned which, uint64_t value);

#endif
