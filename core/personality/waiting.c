/* poll, select and futex: waiting for descriptors, or, with one thread, for nothing but time; and yielding. */
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "calls.h"
#include "descriptors.h"
#include "host_call.h"
#include "scratch.h"
#include "sleep.h"
#include "streams.h"

enum { SELECT_CAPACITY = 1024 }; /* bits in an fd_set */

/* In the place of a host descriptor: stream n, or what is in a tree.  The kernel passes over what is less than 0. */
enum { NO_DESCRIPTOR = -1, FIRST_STREAM = -2, ALWAYS_READY = -5 };

_Static_assert(sizeof(struct pollfd) == 8, "the guest's struct pollfd is the host's");
_Static_assert(sizeof(struct pollfd) * (2 * POLL_CAPACITY + 1) <= BOUNCE_CAPACITY + BOUNCE_SPARE, "both lists fit the bounce buffer");

static int in_list(const struct open_file *file)
{
    if (!file)
        return NO_DESCRIPTOR;
    if (file->node)
        return ALWAYS_READY;
    return file->pipe ? FIRST_STREAM - (file->pipe - 1) : file->host;
}

/* How many of the streams in the list are ready; says so there. */
static int64_t look_at_streams(const struct personality *personality, struct pollfd *list, size_t count)
{
    int64_t ready = 0;
    for (size_t index = 0; index < count; index++) {
        if (list[index].fd > FIRST_STREAM)
            continue;
        list[index].revents = list[index].fd == ALWAYS_READY
                                  ? (short)(list[index].events & (POLLIN | POLLOUT))
                                  : stream_events(personality, FIRST_STREAM - list[index].fd, list[index].events);
        ready += list[index].revents != 0;
    }
    return ready;
}

static bool find_streams(const struct pollfd *list, size_t count, bool found[3])
{
    bool any = false;
    for (size_t index = 0; index < count; index++) {
        any = any || list[index].fd <= FIRST_STREAM;
        if (list[index].fd <= FIRST_STREAM && list[index].fd != ALWAYS_READY)
            found[FIRST_STREAM - list[index].fd] = true;
    }
    return any;
}

static bool is_zero(const struct timespec *timeout)
{
    return timeout && timeout->tv_sec == 0 && timeout->tv_nsec == 0;
}

/* The same for a list with streams in it, which has room for one entry more: an event counter of our own. */
static int64_t wait_for_streams(struct personality *personality, struct pollfd *list, size_t count, const bool asked[3],
                                struct timespec *timeout)
{
    for (;;) {
        struct timespec at_once = {0};
        bool waits = !look_at_streams(personality, list, count) && !is_zero(timeout), woken = false;
        struct stream_poll poll;
        int64_t result = waits ? stream_poll_begin(personality, &poll, asked) : 0;
        if (result < 0)
            return result;
        if (waits) {
            list[count] = (struct pollfd){.fd = poll.event, .events = POLLIN};
            result = HOST_WAIT(personality, SYS_ppoll, (long)list, (long)count + 1, (long)timeout);
            stream_poll_end(&poll);
            woken = result > 0 && list[count].revents;
        } else {
            result = HOST_CALL(personality, SYS_ppoll, (long)list, (long)count, (long)&at_once);
        }
        if (result < 0)
            return result;
        int64_t ready = result - woken + look_at_streams(personality, list, count);
        if (ready || !woken)
            return ready;
    }
}

/* How many are ready after at most `timeout` (NULL: for ever). The kernel keeps the rest of the time in `*timeout`, so
 * an interrupted wait goes on.  Waiting for nothing but time needs no thread: the process sleeps after this call, whose
 * result is settled. */
static int64_t wait_ready(struct personality *personality, struct pollfd *list, size_t count,
                          struct timespec *timeout)
{
    bool asked[3] = {false};
    if (find_streams(list, count, asked))
        return wait_for_streams(personality, list, count, asked, timeout);
    if (is_zero(timeout))
        return HOST_CALL(personality, SYS_ppoll, (long)list, (long)count, (long)timeout);
    if (count)
        return HOST_WAIT(personality, SYS_ppoll, (long)list, (long)count, (long)timeout);
    sleep_for(personality, timeout);
    return 0;
}

static int64_t poll_guest_list(struct personality *personality, uint64_t guest_list, uint64_t count,
                               struct timespec *timeout)
{
    struct pollfd *list = (struct pollfd *)personality_scratch()->bounce, *host = list + POLL_CAPACITY;
    if (count > personality->descriptor_limit || count > POLL_CAPACITY)
        return -EINVAL;
    if (argument_fetch(personality, list, guest_list, count * sizeof *list) != 0)
        return -EFAULT;
    int64_t invalid = 0;
    for (size_t index = 0; index < count; index++) {
        const struct open_file *file = descriptor_file(personality, list[index].fd);
        host[index] = (struct pollfd){.fd = in_list(file), .events = list[index].events};
        bool unknown = !file && list[index].fd >= 0;
        list[index].revents = unknown ? POLLNVAL : 0;
        invalid += unknown;
    }
    struct timespec at_once = {0};
    int64_t ready = wait_ready(personality, host, count, invalid ? &at_once : timeout);
    if (ready < 0)
        return ready;
    for (size_t index = 0; index < count; index++)
        list[index].revents = (short)(list[index].revents | host[index].revents);
    int64_t error = argument_store(personality, guest_list, list, count * sizeof *list);
    return error ? error : ready + invalid;
}

/* arguments: list, count, milliseconds (negative: for ever) */
int64_t call_poll(struct personality *personality, const uint64_t arguments[6])
{
    int32_t milliseconds = argument_int(arguments[2]);
    struct timespec timeout = {milliseconds / 1000, milliseconds % 1000 * INT64_C(1000000)};
    return poll_guest_list(personality, arguments[0], arguments[1], milliseconds < 0 ? NULL : &timeout);
}

static int64_t fetch_timeout(struct personality *personality, uint64_t guest_timeout, struct timespec *timeout)
{
    if (argument_fetch(personality, timeout, guest_timeout, sizeof *timeout) != 0)
        return -EFAULT;
    return timeout->tv_sec >= 0 && timeout->tv_nsec >= 0 && timeout->tv_nsec < 1000000000 ? 0 : -EINVAL;
}

/* arguments: list, count, timeout, signal mask (no signal arrives while a call waits, so it has no effect) */
int64_t call_ppoll(struct personality *personality, const uint64_t arguments[6])
{
    struct timespec timeout;
    int64_t error = arguments[2] ? fetch_timeout(personality, arguments[2], &timeout) : 0;
    return error ? error
                 : poll_guest_list(personality, arguments[0], arguments[1], arguments[2] ? &timeout : NULL);
}

/* The three sets of select: for reading, writing, exceptions. */
struct select_sets {
    uint64_t bits[3][SELECT_CAPACITY / 64];
};

static const struct {
    short asked, answered;
} select_events[3] = {
    {POLLIN, POLLIN | POLLHUP | POLLERR},
    {POLLOUT, POLLOUT | POLLERR},
    {POLLPRI, POLLPRI},
};

/* Fills the list for the kernel from the sets; its length, or -EBADF. */
static int64_t list_from_sets(const struct personality *personality, const struct select_sets *sets, uint32_t count,
                              struct pollfd *host, int32_t *descriptors)
{
    size_t length = 0;
    for (uint32_t number = 0; number < count; number++) {
        short events = 0;
        for (int set = 0; set < 3; set++)
            if (sets->bits[set][number / 64] >> number % 64 & 1)
                events = (short)(events | select_events[set].asked);
        if (!events)
            continue;
        const struct open_file *file = descriptor_file(personality, (int32_t)number);
        if (!file)
            return -EBADF;
        descriptors[length] = (int32_t)number;
        host[length++] = (struct pollfd){.fd = in_list(file), .events = events};
    }
    return (int64_t)length;
}

static int64_t select_guest_sets(struct personality *personality, const uint64_t arguments[6],
                                 struct timespec *timeout)
{
    struct select_sets asked = {0}, ready = {0};
    int32_t descriptors[SELECT_CAPACITY];
    struct pollfd *host = (struct pollfd *)personality_scratch()->bounce;
    int32_t count = argument_int(arguments[0]);
    if (count < 0 || count > SELECT_CAPACITY)
        return -EINVAL;
    size_t size = ((size_t)count + 63) / 64 * 8;
    for (int set = 0; set < 3; set++)
        if (arguments[1 + set] && argument_fetch(personality, asked.bits[set], arguments[1 + set], size) != 0)
            return -EFAULT;
    int64_t length = list_from_sets(personality, &asked, (uint32_t)count, host, descriptors);
    int64_t result = length < 0 ? length : wait_ready(personality, host, (size_t)length, timeout);
    if (result < 0)
        return result;

    int64_t marked = 0;
    for (int64_t index = 0; index < length; index++)
        for (int set = 0; set < 3; set++) {
            uint64_t word = (uint64_t)descriptors[index] / 64, bit = UINT64_C(1) << descriptors[index] % 64;
            if ((asked.bits[set][word] & bit) && (host[index].revents & select_events[set].answered)) {
                ready.bits[set][word] |= bit;
                marked++;
            }
        }
    for (int set = 0; set < 3; set++)
        if (arguments[1 + set] && argument_store(personality, arguments[1 + set], ready.bits[set], size) != 0)
            return -EFAULT;
    return marked;
}

/* arguments: count, three sets, timeout (seconds, microseconds) */
int64_t call_select(struct personality *personality, const uint64_t arguments[6])
{
    struct {
        int64_t seconds, microseconds;
    } given = {0, 0};
    if (arguments[4] && argument_fetch(personality, &given, arguments[4], sizeof given) != 0)
        return -EFAULT;
    if (given.seconds < 0 || given.microseconds < 0)
        return -EINVAL;
    struct timespec timeout = {given.seconds + given.microseconds / 1000000, given.microseconds % 1000000 * 1000};
    return select_guest_sets(personality, arguments, arguments[4] ? &timeout : NULL);
}

/* arguments: count, three sets, timeout, signal mask (as in ppoll) */
int64_t call_pselect6(struct personality *personality, const uint64_t arguments[6])
{
    struct timespec timeout;
    int64_t error = arguments[4] ? fetch_timeout(personality, arguments[4], &timeout) : 0;
    return error ? error : select_guest_sets(personality, arguments, arguments[4] ? &timeout : NULL);
}

/* Nobody else can wake the only thread: a wait lasts until its timeout, or until the process is stopped.
 * arguments: word, operation, value, timeout */
int64_t call_futex(struct personality *personality, const uint64_t arguments[6])
{
    uint32_t word;
    struct timespec timeout;
    switch (argument_int(arguments[1]) & FUTEX_CMD_MASK) {
    case FUTEX_WAKE:
        return 0;
    case FUTEX_WAIT:
        break;
    default:
        return -ENOSYS;
    }
    if (arguments[0] % sizeof word)
        return -EINVAL;
    int64_t error = arguments[3] ? fetch_timeout(personality, arguments[3], &timeout) : 0;
    if (!error)
        error = argument_fetch(personality, &word, arguments[0], sizeof word);
    if (error)
        return error;
    if (word != (uint32_t)arguments[2])
        return -EAGAIN;
    error = wait_ready(personality, NULL, 0, arguments[3] ? &timeout : NULL);
    return error ? error : -ETIMEDOUT;
}

int64_t call_sched_yield(struct personality *personality, const uint64_t arguments[6])
{
    (void)arguments;
    process_yield(personality->process);
    return 0;
}

/* No signal comes from outside, so that only the process's end ends it. */
int64_t call_pause(struct personality *personality, const uint64_t arguments[6])
{
    (void)arguments;
    sleep_for(personality, NULL);
    return -EINTR;
}
