/* Every handler, by file. Arguments are as in Linux; each answers a result, or a negative errno. */
#ifndef MOTTE_PERSONALITY_CALLS_H
#define MOTTE_PERSONALITY_CALLS_H

#include "state.h"

/* transfer.c */
personality_handler call_read;
personality_handler call_write;
personality_handler call_pread64;
personality_handler call_pwrite64;
personality_handler call_readv;
personality_handler call_writev;
personality_handler call_preadv;
personality_handler call_pwritev;

/* open.c */
personality_handler call_open;
personality_handler call_openat;
personality_handler call_creat;

/* descriptors.c */
personality_handler call_close;
personality_handler call_dup;
personality_handler call_dup2;
personality_handler call_dup3;
personality_handler call_fcntl;

/* files.c */
personality_handler call_lseek;
personality_handler call_fsync;
personality_handler call_fdatasync;
personality_handler call_ftruncate;
personality_handler call_truncate;

/* locks.c */
personality_handler call_flock;

/* status.c */
personality_handler call_stat;
personality_handler call_lstat;
personality_handler call_fstat;
personality_handler call_newfstatat;
personality_handler call_access;
personality_handler call_faccessat;
personality_handler call_faccessat2;
personality_handler call_readlink;
personality_handler call_readlinkat;

/* attributes.c */
personality_handler call_chmod;
personality_handler call_fchmod;
personality_handler call_fchmodat;
personality_handler call_utimensat;
personality_handler call_chown;
personality_handler call_lchown;
personality_handler call_fchown;
personality_handler call_fchownat;
personality_handler call_umask;

/* directories.c */
personality_handler call_mkdir;
personality_handler call_mkdirat;
personality_handler call_rmdir;
personality_handler call_unlink;
personality_handler call_unlinkat;
personality_handler call_rename;
personality_handler call_renameat;
personality_handler call_renameat2;
personality_handler call_getdents64;

/* working_directory.c */
personality_handler call_chdir;
personality_handler call_getcwd;

/* memory.c */
personality_handler call_brk;
personality_handler call_munmap;
personality_handler call_mprotect;
personality_handler call_madvise;
personality_handler call_msync;

/* mappings.c */
personality_handler call_mmap;

/* remap.c */
personality_handler call_mremap;

/* time.c */
personality_handler call_clock_gettime;
personality_handler call_clock_getres;
personality_handler call_gettimeofday;
personality_handler call_time;
personality_handler call_times;
personality_handler call_getrusage;
personality_handler call_nanosleep;
personality_handler call_clock_nanosleep;

/* waiting.c */
personality_handler call_poll;
personality_handler call_ppoll;
personality_handler call_select;
personality_handler call_pselect6;
personality_handler call_futex;
personality_handler call_sched_yield;
personality_handler call_pause;

/* signals.c */
personality_handler call_kill;
personality_handler call_tkill;
personality_handler call_tgkill;
personality_handler call_rt_sigaction;
personality_handler call_rt_sigprocmask;
personality_handler call_rt_sigpending;

/* identity.c */
personality_handler call_exit;
personality_handler call_process_id;
personality_handler call_parent_id;
personality_handler call_group_of;
personality_handler call_user_id;
personality_handler call_group_id;
personality_handler call_getresuid;
personality_handler call_getresgid;
personality_handler call_nothing;
personality_handler call_uname;
personality_handler call_getrlimit;
personality_handler call_prlimit64;
personality_handler call_getrandom;

#endif
