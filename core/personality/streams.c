#include "streams.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "scratch.h"
#include "streams/pipe.h"

static enum pipe_side side_of(int number)
{
    return number == 0 ? PIPE_READS : PIPE_WRITES;
}

/* --- beginning and end ------------------------------------------------------------------------------------------------ */

void streams_attach(struct personality *personality, int number, struct pipe *pipe)
{
    pipe_retain(pipe);
    pipe_attach(pipe, side_of(number));
    personality->pipes[number] = pipe;
}

struct pipe *stream_pipe(const struct personality *personality, const struct open_file *file)
{
    return personality->pipes[file->pipe - 1];
}

static void give_up(struct personality *personality, int number, bool under_lock)
{
    struct pipe *pipe = personality->pipes[number];
    if (!pipe)
        return;
    personality->pipes[number] = NULL;
    pipe_detach(pipe, side_of(number), under_lock);
    pipe_release(pipe);
}

void stream_close(struct personality *personality, const struct open_file *file)
{
    give_up(personality, file->pipe - 1, false);
}

static void forget_wait(struct personality *personality)
{
    if (personality->awaited)
        pipe_forget(personality->awaited, &personality->waiter);
    personality->awaited = NULL;
}

void personality_hang_up(struct process *process)
{
    struct personality *personality = process->personality;
    if (!personality)
        return;
    forget_wait(personality);
    for (int number = 0; number < 3; number++)
        give_up(personality, number, true);
}

/* --- reading and writing ---------------------------------------------------------------------------------------------- */

/* From process_await on the process may be woken; what happens before is seen by pipe_await. */
static int64_t wait_for(struct personality *personality, struct pipe *pipe, enum pipe_side side)
{
    personality->awaited = pipe;
    personality->waiter.process = personality->process;
    process_await(personality->process);
    if (!pipe_await(pipe, side, &personality->waiter))
        process_wake(personality->process, false);
    return CALL_WAITS;
}

int64_t stream_move(struct personality *personality, const struct open_file *file, bool out, size_t size)
{
    struct pipe *pipe = stream_pipe(personality, file);
    unsigned char *bounce = personality_scratch()->bounce;
    forget_wait(personality);
    int64_t moved = out ? pipe_write(pipe, bounce, size) : pipe_read(pipe, bounce, size);
    if (moved != -EAGAIN || file->nonblocking)
        return moved;
    return wait_for(personality, pipe, out ? PIPE_WRITES : PIPE_READS);
}

/* --- what others are told of it --------------------------------------------------------------------------------------- */

short stream_events(const struct personality *personality, int number, short asked)
{
    struct pipe *pipe = personality->pipes[number];
    enum pipe_side side = side_of(number);
    bool ready = pipe_is_ready(pipe, side), deserted = pipe_is_deserted(pipe, side);
    int events = 0;
    if (side == PIPE_WRITES)
        events = (ready ? asked & POLLOUT : 0) | (deserted ? POLLERR : 0);
    else
        events = (pipe_held(pipe) ? asked & POLLIN : 0) | (deserted ? POLLHUP : 0);
    return (short)events;
}

void stream_status(struct stat *status)
{
    *status = (struct stat){.st_mode = S_IFIFO | 0600, .st_nlink = 1, .st_ino = 1, .st_blksize = PIPE_ATOMIC};
}

int64_t stream_poll_begin(struct personality *personality, struct stream_poll *poll, const bool asked[3])
{
    *poll = (struct stream_poll){.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (poll->event < 0)
        return -ENFILE;
    for (int number = 0; number < 3; number++) {
        struct pipe *pipe = asked[number] ? personality->pipes[number] : NULL;
        poll->pipes[number] = pipe;
        poll->waiters[number].event = poll->event;
        if (pipe && !pipe_await(pipe, side_of(number), &poll->waiters[number]))
            (void)eventfd_write(poll->event, 1);
    }
    return 0;
}

void stream_poll_end(struct stream_poll *poll)
{
    for (int number = 0; number < 3; number++)
        if (poll->pipes[number])
            pipe_forget(poll->pipes[number], &poll->waiters[number]);
    close(poll->event);
}
