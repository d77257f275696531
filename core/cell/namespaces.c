/* Leaving the host's namespaces, each that can be left.  A host that forbids it (to users without privileges, or in its own
 * sandbox) still has the filter, which is what a cell's safety rests on; what was refused is reported. */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/mount.h> /* NOLINT(misc-include-cleaner): which of its files a flag is in differs */

#include "program.h"
#include "system.h"

#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif

/* For header files that are older than the kernel. */
enum { CALL_FSOPEN = 430, CALL_FSCONFIG = 431, CALL_FSMOUNT = 432, CALL_MOVE_MOUNT = 429 };
enum { FILE_SYSTEM_CREATE = 6, MOVE_FROM_EMPTY_PATH = 4 };
enum { READ_ONLY = 1, NO_SET_ID = 2, NO_DEVICES = 4, NO_PROGRAMS = 8 };

uint32_t namespaces_enter(void)
{
    /* That of users first: it gives the right to the others to who has no privileges. */
    static const struct {
        long flag;
        uint32_t feature;
    } namespaces[] = {
        {CLONE_NEWUSER, CELL_FEATURE_USER_NAMESPACE},   {CLONE_NEWNS, CELL_FEATURE_MOUNT_NAMESPACE},
        {CLONE_NEWPID, CELL_FEATURE_PID_NAMESPACE},     {CLONE_NEWNET, CELL_FEATURE_NETWORK_NAMESPACE},
        {CLONE_NEWIPC, CELL_FEATURE_IPC_NAMESPACE},     {CLONE_NEWUTS, CELL_FEATURE_UTS_NAMESPACE},
        {CLONE_NEWCGROUP, CELL_FEATURE_CGROUP_NAMESPACE},
    };
    uint32_t entered = 0;
    for (size_t i = 0; i < sizeof namespaces / sizeof *namespaces; i++)
        if (system_call(SYS_unshare, namespaces[i].flag) == 0)
            entered |= namespaces[i].feature;
    return entered;
}

/* A mount of a new, empty file system, that nobody else sees; a descriptor. */
static long mount_nothing(void)
{
    long context = system_call(CALL_FSOPEN, "tmpfs", 0);
    if (context < 0)
        return context;
    long mount = system_call(CALL_FSCONFIG, context, FILE_SYSTEM_CREATE, 0, 0, 0);
    if (mount == 0)
        mount = system_call(CALL_FSMOUNT, context, 0, READ_ONLY | NO_SET_ID | NO_DEVICES | NO_PROGRAMS);
    system_call(SYS_close, context);
    return mount;
}

/* In a mount namespace of its own, all others are taken away with the old root, so that nothing keeps them busy.  Where that
 * is impossible (the old root is the machine's first one, or somebody's chroot) they stay, out of reach. */
static bool change_root(void)
{
    bool moved = system_call(SYS_pivot_root, ".", ".") == 0 && system_call(SYS_umount2, ".", MNT_DETACH) == 0;
    return (moved || system_call(SYS_chroot, ".") == 0) && system_call(SYS_chdir, "/") == 0;
}

bool namespaces_empty_root(void)
{
    const long current = -100; /* AT_FDCWD */
    system_call(SYS_mount, 0, "/", 0, MS_REC | MS_PRIVATE, 0);
    long nothing = mount_nothing();
    if (nothing < 0)
        return false;
    system_call(CALL_MOVE_MOUNT, nothing, "", current, "/", MOVE_FROM_EMPTY_PATH);
    bool changed = system_call(SYS_fchdir, nothing) == 0 && change_root();
    system_call(SYS_close, nothing);
    return changed;
}
