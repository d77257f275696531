/* Who the guest is, where it runs, and what it may use up: neutral answers, the same on every host. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "calls.h"
#include "host_call.h"
#include "random_stream.h"
#include "scratch.h"

int64_t call_exit(struct personality *personality, const uint64_t arguments[6])
{
    process_stop(personality->process, MOTTE_STOP_EXITED, argument_int(arguments[0]) & 0xff);
    return 0;
}

int64_t call_process_id(struct personality *personality, const uint64_t arguments[6])
{
    (void)personality, (void)arguments;
    return GUEST_PROCESS_ID;
}

int64_t call_parent_id(struct personality *personality, const uint64_t arguments[6])
{
    (void)personality, (void)arguments;
    return GUEST_PARENT_ID;
}

int64_t call_user_id(struct personality *personality, const uint64_t arguments[6])
{
    (void)personality, (void)arguments;
    return GUEST_USER_ID;
}

int64_t call_group_id(struct personality *personality, const uint64_t arguments[6])
{
    (void)personality, (void)arguments;
    return GUEST_GROUP_ID;
}

/* getpgid, getsid: only the process itself can be asked about. */
int64_t call_group_of(struct personality *personality, const uint64_t arguments[6])
{
    (void)personality;
    int32_t process = argument_int(arguments[0]);
    return process == 0 || process == GUEST_PROCESS_ID ? GUEST_PROCESS_ID : -ESRCH;
}

/* Real, effective and saved identity are one. */
static int64_t store_thrice(struct personality *personality, const uint64_t arguments[6], uint32_t identity)
{
    for (int index = 0; index < 3; index++)
        if (argument_store(personality, arguments[index], &identity, sizeof identity) != 0)
            return -EFAULT;
    return 0;
}

int64_t call_getresuid(struct personality *personality, const uint64_t arguments[6])
{
    return store_thrice(personality, arguments, GUEST_USER_ID);
}

int64_t call_getresgid(struct personality *personality, const uint64_t arguments[6])
{
    return store_thrice(personality, arguments, GUEST_GROUP_ID);
}

/* For calls that have nothing to do here: set_robust_list, getgroups. */
int64_t call_nothing(struct personality *personality, const uint64_t arguments[6])
{
    (void)personality, (void)arguments;
    return 0;
}

int64_t call_uname(struct personality *personality, const uint64_t arguments[6])
{
    static const char name[6][65] = {"Linux", "motte", "6.1.0", "motte", "x86_64", "(none)"};
    return argument_store(personality, arguments[0], name, sizeof name);
}

static struct rlimit limit_on(const struct personality *personality, uint32_t resource)
{
    rlim_t limit = RLIM_INFINITY;
    if (resource == RLIMIT_NOFILE)
        limit = personality->descriptor_limit;
    else if (resource == RLIMIT_FSIZE)
        limit = FILE_SIZE_LIMIT;
    else if (resource == RLIMIT_NPROC)
        limit = 1;
    else if (resource == RLIMIT_CORE || resource == RLIMIT_MEMLOCK)
        limit = 0;
    return (struct rlimit){limit, limit};
}

/* arguments: resource, limit. Limits that are not ours to know, such as the bank's, are reported as infinite. */
int64_t call_getrlimit(struct personality *personality, const uint64_t arguments[6])
{
    if ((uint32_t)arguments[0] >= RLIM_NLIMITS)
        return -EINVAL;
    struct rlimit limit = limit_on(personality, (uint32_t)arguments[0]);
    return argument_store(personality, arguments[1], &limit, sizeof limit);
}

/* arguments: process, resource, new limit, old limit. Limits are set from outside only. */
int64_t call_prlimit64(struct personality *personality, const uint64_t arguments[6])
{
    int32_t process = argument_int(arguments[0]);
    if (process != 0 && process != GUEST_PROCESS_ID)
        return -ESRCH;
    if ((uint32_t)arguments[1] >= RLIM_NLIMITS)
        return -EINVAL;
    if (arguments[2])
        return -EPERM;
    return arguments[3] ? call_getrlimit(personality, (const uint64_t[6]){arguments[1], arguments[3]}) : 0;
}

/* Bytes that follow from a seed are computed here, where nobody interrupts: so many at once, at most. */
static int64_t draw(struct process *process, const struct random_stream *stream, unsigned char *to, uint64_t size)
{
    uint64_t piece = size < BOUNCE_CAPACITY ? size : BOUNCE_CAPACITY;
    random_stream_read(stream->seed, stream->number, process->drawn, to, piece);
    process->drawn += piece;
    return (int64_t)piece;
}

/* Random numbers of the kind that it was granted: EPERM without. arguments: buffer, size, flags */
int64_t call_getrandom(struct personality *personality, const uint64_t arguments[6])
{
    uint64_t size = arguments[1], done = 0;
    struct random_stream stream;
    if ((uint32_t)arguments[2] & ~(GRND_NONBLOCK | GRND_RANDOM | 4U /* GRND_INSECURE */))
        return -EINVAL;
    enum random_kind kind = source_random(personality->process, &stream);
    if (kind == RANDOM_NONE)
        return -EPERM;
    size = size < INT32_MAX ? size : INT32_MAX;
    unsigned char *bounce = personality_scratch()->bounce;
    do {
        uint64_t piece = size - done < BOUNCE_CAPACITY ? size - done : BOUNCE_CAPACITY;
        int64_t filled = kind == RANDOM_OF_SEED ? draw(personality->process, &stream, bounce, piece)
                                                : HOST_CALL(personality, SYS_getrandom, (long)bounce, (long)piece, 0);
        if (filled < 0)
            return filled;
        uint64_t address = guest_addr_from_register(arguments[0]).value + done;
        if (address > UINT32_MAX || argument_store(personality, address, bounce, (size_t)filled) != 0)
            return done ? (int64_t)done : -EFAULT;
        done += (uint64_t)filled;
    } while (done < size && kind == RANDOM_OF_HOST);
    return (int64_t)done;
}
