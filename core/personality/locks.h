/* Record locks (fcntl) and whole-file locks (flock). */
#ifndef MOTTE_PERSONALITY_LOCKS_H
#define MOTTE_PERSONALITY_LOCKS_H

#include "state.h"

/* fcntl with F_GETLK, F_SETLK or F_SETLKW. */
int64_t locks_call(struct personality *personality, const struct open_file *file, int32_t command,
                   uint64_t guest_lock);

/* A descriptor of `file` is being closed: POSIX drops all record locks that this process holds on it. */
void locks_release(struct personality *personality, const struct open_file *file);

#endif
