/* What pipe.c and pipe_waits.c share. */
#ifndef MOTTE_PIPE_INTERNAL_H
#define MOTTE_PIPE_INTERNAL_H

#include "pipe.h"

/* Under the lock. */
bool pipe_side_is_ready(const struct pipe *pipe, enum pipe_side side);

/* Under the lock, which it gives up: tells everybody who waits on this side. */
void pipe_tell_and_unlock(struct pipe *pipe, enum pipe_side side, bool under_scheduler_lock);

#endif
