/* Functions of the host that a process may call, by the names that it was granted them by.
 *
 * A guest finds one by its name (motte_host_find) and calls it with words (motte_host_call); what they mean is for whoever
 * granted it to say.  It is the thread that waits for the guest that runs it, where there is one:
 *
 *   - a visitor, which runs the guest, does so in the gate, on its own stack;
 *   - where workers run the guest in a call of one of its functions, the process stands still, OUTSIDE, and its caller's thread wakes
 *     up and does it;
 *   - where nobody waits (awaited_call.h), whoever looks at the call has some thread do it;
 *   - a process that was started has no caller: whoever listens to events is told (EVENT_OUTSIDE).
 *
 * So a function that raises an exception does it in the thread that waits for the guest, and the call that the guest was in
 * ends there: its frames are given up, the process is as before the call but for what was written to its memory, and goes on
 * to exist.
 *
 * While such a function runs, it may call functions of guests, also of the same process.  A visitor's turn ends then, and begins
 * again afterwards, if it can.
 */
#ifndef MOTTE_HOST_FUNCTIONS_H
#define MOTTE_HOST_FUNCTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "motte_abi.h"

struct process;

enum { HOST_WORDS = 16, HOST_FUNCTIONS_LIMIT = 1024 };

struct host_function {
    char name[MOTTE_GRANT_NAME];
    uint32_t words; /* that it takes */
    void *opaque;   /* whose life is the granter's business */
};

struct host_functions {
    uint32_t count;
    struct host_function *functions;

    /* The call that is under way; the process's own worker, or whoever has it OUTSIDE. */
    bool pending; /* nobody serves it yet */
    bool raised;  /* it raised an exception: the guest's call ends */
    const struct host_function *function;
    uint64_t words[HOST_WORDS];
};

/* Before the process starts, or is opened: 0, -ENOMEM, -EEXIST, -EINVAL for a name or number of words that cannot be. */
int host_functions_grant(struct process *process, const char *name, uint32_t words, void *opaque);
void host_functions_free(struct process *process);

/* Runs one on the calling thread, which has no lock: false if it raised. Set once. */
extern bool (*host_function_invoke)(void *opaque, struct process *process, const uint64_t *words, uint64_t *result);

/* Of a started process that is OUTSIDE: runs the function on the calling thread, and the process goes on; nothing happens if there
 * is none.  False if it raised: the process was ended. */
bool host_functions_serve(struct process *process);

/* Charges a process that is OUTSIDE, or was until it ended, with what was done for it since then; it ends if it has no time left.
 * Without the lock, and by whoever holds it. */
void host_functions_charge(struct process *process, uint64_t since_ticks);

/* The kernel calls. */
int64_t call_host_find(struct process *process, const uint64_t arguments[6]);
int64_t call_host_call(struct process *process, const uint64_t arguments[6]);

#endif
