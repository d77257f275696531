/* Calls to the host's kernel on behalf of a guest: -errno results, and an end as soon as the process must stop. */
#ifndef MOTTE_PERSONALITY_HOST_CALL_H
#define MOTTE_PERSONALITY_HOST_CALL_H

#include "state.h"

/* The kernel's own result. Repeats the call after signals that do not concern the guest; -EINTR only when a stop was
 * requested, in which case the call may not have been made at all. */
int64_t host_call(struct personality *personality, long number, const long arguments[6]);

#define HOST_CALL(personality, number, ...) host_call((personality), (number), (const long[6]){__VA_ARGS__})

/* The same for a call that will probably wait: others run meanwhile. */
int64_t host_wait(struct personality *personality, long number, const long arguments[6]);

#define HOST_WAIT(personality, number, ...) host_wait((personality), (number), (const long[6]){__VA_ARGS__})

/* A copy of one of the host's descriptors, which its children do not get; or -1 with errno. */
int host_duplicate(int descriptor);

#endif
