/* Standard streams that are pipes of the core's (streams/pipe.h). */
#ifndef MOTTE_PERSONALITY_STREAMS_H
#define MOTTE_PERSONALITY_STREAMS_H

#include <poll.h>
#include <sys/stat.h>

#include "state.h"

/* What a handler answers when the process is to wait, without a thread, and to do the call again: a number that is no
 * errno, and that no guest sees. */
enum { CALL_WAITS = -512 };

/* Stream `number` is this pipe: takes an end of it. */
void streams_attach(struct personality *personality, int number, struct pipe *pipe);

/* The pipe behind an open file that is one; NULL once the process has ended. */
struct pipe *stream_pipe(const struct personality *personality, const struct open_file *file);

/* The last descriptor of such a file is closed. */
void stream_close(struct personality *personality, const struct open_file *file);

/* Moves up to `size` bytes between the bounce buffer and the pipe: how many; -EAGAIN, -EPIPE, -ENOMEM; or CALL_WAITS. */
int64_t stream_move(struct personality *personality, const struct open_file *file, bool out, size_t size);

/* What poll says of stream `number` now. */
short stream_events(const struct personality *personality, int number, short asked);

void stream_status(struct stat *status);

/* For poll: the event counter is written to when one of the streams that are asked for may be ready. */
struct stream_poll {
    struct pipe_waiter waiters[3];
    struct pipe *pipes[3];
    int event;
};

/* 0, or -ENFILE and nothing begun.  `asked` says which streams, by number. */
int64_t stream_poll_begin(struct personality *personality, struct stream_poll *poll, const bool asked[3]);
void stream_poll_end(struct stream_poll *poll);

#endif
