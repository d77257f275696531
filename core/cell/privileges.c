/* What a process gives up for ever, beside its namespaces. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/securebits.h>
#include <signal.h>
#include <sys/resource.h>

#include "program.h"
#include "system.h"

/* For header files that are older than the kernel. */
enum { CALL_LANDLOCK_CREATE = 444, CALL_LANDLOCK_RESTRICT = 446, LANDLOCK_ASK_VERSION = 1 };
enum { SECCOMP_ASK_FOR_ACTION = 2 };

static long lower_limit(int resource, uint64_t most)
{
    struct rlimit limit = {0};
    long error = system_call(SYS_prlimit64, 0, resource, 0, &limit);
    if (error < 0)
        return error;
    limit.rlim_cur = limit.rlim_max = limit.rlim_max < most ? limit.rlim_max : most;
    return system_call(SYS_prlimit64, 0, resource, &limit, 0);
}

static long drop_capabilities(void)
{
    const struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[2] = {0};
    system_call(SYS_prctl, PR_SET_SECUREBITS, SECURE_ALL_BITS | SECURE_ALL_LOCKS);
    for (long capability = 0; system_call(SYS_prctl, PR_CAPBSET_DROP, capability) == 0; capability++) {
    }
    system_call(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL);
    return system_call(SYS_capset, &header, none);
}

/* Every access that the kernel's version of Landlock knows, and no rule that would allow one. */
static bool forbid_by_landlock(void)
{
    static const struct {
        long version;
        uint64_t file_accesses, network_accesses, scopes;
    } known[] = {{1, 0x1fff, 0, 0}, {2, 0x3fff, 0, 0}, {3, 0x7fff, 0, 0}, {4, 0x7fff, 3, 0}, {5, 0xffff, 3, 0}, {6, 0xffff, 3, 3}};
    struct {
        uint64_t file_accesses, network_accesses, scopes;
    } rules = {0};
    long version = system_call(CALL_LANDLOCK_CREATE, 0, 0, LANDLOCK_ASK_VERSION);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].version > version)
            break;
        rules.file_accesses = known[i].file_accesses;
        rules.network_accesses = known[i].network_accesses;
        rules.scopes = known[i].scopes;
    }
    if (version < 1)
        return false;
    size_t size = version < 4 ? 8 : version < 6 ? 16 : 24;
    long ruleset = system_call(CALL_LANDLOCK_CREATE, &rules, size, 0);
    bool forbidden = ruleset >= 0 && system_call(CALL_LANDLOCK_RESTRICT, ruleset, 0) == 0;
    system_call(SYS_close, ruleset);
    return forbidden;
}

static bool has_seccomp(void)
{
    const uint32_t traps = 0x00030000, kills = 0x80000000; /* SECCOMP_RET_TRAP, SECCOMP_RET_KILL_PROCESS */
    return system_call(SYS_seccomp, SECCOMP_ASK_FOR_ACTION, 0, &traps) == 0
        && system_call(SYS_seccomp, SECCOMP_ASK_FOR_ACTION, 0, &kills) == 0;
}

long privileges_drop(void)
{
    uint32_t features = 0;
    long error = system_call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (error == 0)
        error = drop_capabilities();
    if (error == 0)
        error = system_call(SYS_prctl, PR_SET_DUMPABLE, 0); /* nobody attaches to it, and it leaves no core */
    if (error == 0)
        error = lower_limit(RLIMIT_CORE, 0);
    if (error < 0)
        return error;
    system_call(SYS_prctl, PR_SET_NAME, "motte-cell");
    if (forbid_by_landlock())
        features |= CELL_FEATURE_LANDLOCK;
    if (has_seccomp())
        features |= CELL_FEATURE_SECCOMP;
    return features;
}

void privileges_die_with_parent(void)
{
    system_call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
}

long privileges_limit(bool denies_clock)
{
    static const struct {
        int resource;
        uint64_t most;
    } limits[] = {
        {RLIMIT_NOFILE, CELL_STORE + 1}, {RLIMIT_FSIZE, 0}, {RLIMIT_NPROC, 0}, {RLIMIT_MEMLOCK, 0}, {RLIMIT_MSGQUEUE, 0},
        {RLIMIT_RTPRIO, 0},
    };
    long error = 0;
    for (size_t i = 0; i < sizeof limits / sizeof *limits && error == 0; i++)
        error = lower_limit(limits[i].resource, limits[i].most);
    if (error == 0 && denies_clock)
        error = system_call(SYS_prctl, PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0);
    return error;
}
