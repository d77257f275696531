/* Number -> handler, one line per call. What is not listed is not there: ENOSYS. */
#include "table.h"

#include <errno.h>
#include <sys/syscall.h>

#include "calls.h"

static int64_t not_implemented(struct personality *personality, const uint64_t arguments[6])
{
    (void)personality, (void)arguments;
    return -ENOSYS;
}

/* Authority that no guest has: other processes, networks, devices, other users, the machine. */
static int64_t refused(struct personality *personality, const uint64_t arguments[6])
{
    (void)personality, (void)arguments;
    return -EPERM;
}

static int64_t not_a_terminal(struct personality *personality, const uint64_t arguments[6])
{
    (void)personality, (void)arguments;
    return -ENOTTY;
}

static personality_handler *const handlers[] = {
    /* transfer.c */
    [SYS_read] = call_read,
    [SYS_write] = call_write,
    [SYS_pread64] = call_pread64,
    [SYS_pwrite64] = call_pwrite64,
    [SYS_readv] = call_readv,
    [SYS_writev] = call_writev,
    [SYS_preadv] = call_preadv,
    [SYS_pwritev] = call_pwritev,

    /* open.c, descriptors.c, files.c */
    [SYS_open] = call_open,
    [SYS_openat] = call_openat,
    [SYS_creat] = call_creat,
    [SYS_close] = call_close,
    [SYS_dup] = call_dup,
    [SYS_dup2] = call_dup2,
    [SYS_dup3] = call_dup3,
    [SYS_fcntl] = call_fcntl,
    [SYS_flock] = call_flock,
    [SYS_lseek] = call_lseek,
    [SYS_fsync] = call_fsync,
    [SYS_fdatasync] = call_fdatasync,
    [SYS_ftruncate] = call_ftruncate,
    [SYS_truncate] = call_truncate,
    [SYS_ioctl] = not_a_terminal,

    /* status.c */
    [SYS_stat] = call_stat,
    [SYS_lstat] = call_lstat,
    [SYS_fstat] = call_fstat,
    [SYS_newfstatat] = call_newfstatat,
    [SYS_access] = call_access,
    [SYS_faccessat] = call_faccessat,
    [SYS_faccessat2] = call_faccessat2,
    [SYS_readlink] = call_readlink,
    [SYS_readlinkat] = call_readlinkat,

    /* attributes.c */
    [SYS_chmod] = call_chmod,
    [SYS_fchmod] = call_fchmod,
    [SYS_fchmodat] = call_fchmodat,
    [SYS_utimensat] = call_utimensat,
    [SYS_chown] = call_chown,
    [SYS_lchown] = call_lchown,
    [SYS_fchown] = call_fchown,
    [SYS_fchownat] = call_fchownat,
    [SYS_umask] = call_umask,

    /* directories.c, working_directory.c */
    [SYS_mkdir] = call_mkdir,
    [SYS_mkdirat] = call_mkdirat,
    [SYS_rmdir] = call_rmdir,
    [SYS_unlink] = call_unlink,
    [SYS_unlinkat] = call_unlinkat,
    [SYS_rename] = call_rename,
    [SYS_renameat] = call_renameat,
    [SYS_renameat2] = call_renameat2,
    [SYS_getdents64] = call_getdents64,
    [SYS_chdir] = call_chdir,
    [SYS_getcwd] = call_getcwd,

    /* memory.c, mappings.c, remap.c */
    [SYS_brk] = call_brk,
    [SYS_mmap] = call_mmap,
    [SYS_mremap] = call_mremap,
    [SYS_munmap] = call_munmap,
    [SYS_mprotect] = call_mprotect,
    [SYS_madvise] = call_madvise,
    [SYS_msync] = call_msync,

    /* time.c */
    [SYS_clock_gettime] = call_clock_gettime,
    [SYS_clock_getres] = call_clock_getres,
    [SYS_gettimeofday] = call_gettimeofday,
    [SYS_time] = call_time,
    [SYS_times] = call_times,
    [SYS_getrusage] = call_getrusage,
    [SYS_nanosleep] = call_nanosleep,
    [SYS_clock_nanosleep] = call_clock_nanosleep,

    /* waiting.c */
    [SYS_poll] = call_poll,
    [SYS_ppoll] = call_ppoll,
    [SYS_select] = call_select,
    [SYS_pselect6] = call_pselect6,
    [SYS_futex] = call_futex,

    /* signals.c */
    [SYS_kill] = call_kill,
    [SYS_tkill] = call_tkill,
    [SYS_tgkill] = call_tgkill,
    [SYS_rt_sigaction] = call_rt_sigaction,
    [SYS_rt_sigprocmask] = call_rt_sigprocmask,
    [SYS_rt_sigpending] = call_rt_sigpending,

    /* identity.c */
    [SYS_exit] = call_exit,
    [SYS_exit_group] = call_exit,
    [SYS_getpid] = call_process_id,
    [SYS_gettid] = call_process_id,
    [SYS_set_tid_address] = call_process_id,
    [SYS_getpgrp] = call_process_id,
    [SYS_getppid] = call_parent_id,
    [SYS_getpgid] = call_group_of,
    [SYS_getsid] = call_group_of,
    [SYS_getuid] = call_user_id,
    [SYS_geteuid] = call_user_id,
    [SYS_getgid] = call_group_id,
    [SYS_getegid] = call_group_id,
    [SYS_getresuid] = call_getresuid,
    [SYS_getresgid] = call_getresgid,
    [SYS_getgroups] = call_nothing,
    [SYS_set_robust_list] = call_nothing,
    [SYS_sched_yield] = call_sched_yield,
    [SYS_pause] = call_pause,
    [SYS_uname] = call_uname,
    [SYS_getrlimit] = call_getrlimit,
    [SYS_prlimit64] = call_prlimit64,
    [SYS_getrandom] = call_getrandom,

    /* Names that would outlive a check: hard and symbolic links, special files. */
    [SYS_link] = refused,
    [SYS_linkat] = refused,
    [SYS_symlink] = refused,
    [SYS_symlinkat] = refused,
    [SYS_mknod] = refused,
    [SYS_mknodat] = refused,
    [SYS_name_to_handle_at] = refused,
    [SYS_open_by_handle_at] = refused,

    /* Other processes. */
    [SYS_clone] = refused,
    [SYS_clone3] = refused,
    [SYS_fork] = refused,
    [SYS_vfork] = refused,
    [SYS_execve] = refused,
    [SYS_execveat] = refused,
    [SYS_ptrace] = refused,
    [SYS_process_vm_readv] = refused,
    [SYS_process_vm_writev] = refused,
    [SYS_pidfd_open] = refused,
    [SYS_pidfd_getfd] = refused,
    [SYS_pidfd_send_signal] = refused,
    [SYS_rt_sigqueueinfo] = refused,
    [SYS_rt_tgsigqueueinfo] = refused,

    /* Networks. */
    [SYS_socket] = refused,
    [SYS_socketpair] = refused,
    [SYS_connect] = refused,
    [SYS_bind] = refused,
    [SYS_listen] = refused,
    [SYS_accept] = refused,
    [SYS_accept4] = refused,
    [SYS_sendto] = refused,
    [SYS_recvfrom] = refused,
    [SYS_sendmsg] = refused,
    [SYS_recvmsg] = refused,
    [SYS_sendmmsg] = refused,
    [SYS_recvmmsg] = refused,
    [SYS_io_uring_setup] = refused,
    [SYS_io_uring_enter] = refused,
    [SYS_io_uring_register] = refused,

    /* Other identities. */
    [SYS_setuid] = refused,
    [SYS_setgid] = refused,
    [SYS_setreuid] = refused,
    [SYS_setregid] = refused,
    [SYS_setresuid] = refused,
    [SYS_setresgid] = refused,
    [SYS_setfsuid] = refused,
    [SYS_setfsgid] = refused,
    [SYS_setgroups] = refused,
    [SYS_setpgid] = refused,
    [SYS_setsid] = refused,
    [SYS_capset] = refused,
    [SYS_setrlimit] = refused,

    /* The machine. */
    [SYS_mount] = refused,
    [SYS_umount2] = refused,
    [SYS_pivot_root] = refused,
    [SYS_chroot] = refused,
    [SYS_unshare] = refused,
    [SYS_setns] = refused,
    [SYS_open_tree] = refused,
    [SYS_move_mount] = refused,
    [SYS_fsopen] = refused,
    [SYS_swapon] = refused,
    [SYS_swapoff] = refused,
    [SYS_reboot] = refused,
    [SYS_sethostname] = refused,
    [SYS_setdomainname] = refused,
    [SYS_settimeofday] = refused,
    [SYS_clock_settime] = refused,
    [SYS_adjtimex] = refused,
    [SYS_clock_adjtime] = refused,
    [SYS_init_module] = refused,
    [SYS_finit_module] = refused,
    [SYS_delete_module] = refused,
    [SYS_kexec_load] = refused,
    [SYS_kexec_file_load] = refused,
    [SYS_bpf] = refused,
    [SYS_perf_event_open] = refused,
    [SYS_userfaultfd] = refused,
    [SYS_iopl] = refused,
    [SYS_ioperm] = refused,
    [SYS_syslog] = refused,
    [SYS_acct] = refused,
    [SYS_quotactl] = refused,
    [SYS_add_key] = refused,
    [SYS_request_key] = refused,
    [SYS_keyctl] = refused,
    [SYS_mlock] = refused,
    [SYS_mlock2] = refused,
    [SYS_mlockall] = refused,
};

personality_handler *table_handler(int64_t claimed_number)
{
    if (claimed_number < 0 || (uint64_t)claimed_number >= sizeof handlers / sizeof *handlers)
        return not_implemented;
    personality_handler *handler = handlers[claimed_number];
    return handler ? handler : not_implemented;
}
