/*
 * Kernel calls of Motte: everything that a guest can ask of its host.
 *
 * They are ordinary functions, so that any language which can call a C function
 * can use them.  A C program rarely needs them: the guest libc turns files,
 * stdio, time and memory into these calls.
 */

#ifndef MOTTE_H
#define MOTTE_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Ends the process at once, without running `atexit` functions or flushing
 * stdio.  The low eight bits of `status` are the exit status.
 */
__attribute__((noreturn)) void motte_exit(int status);

/*
 * A Linux x86-64 system call of at most five arguments, by its Linux number.
 * Returns what Linux returns: a result, or a negated `errno` value in
 * [-4095, -1].  A call that this host does not offer returns -ENOSYS; one that
 * a guest may never make (`fork`, `execve`, `socket` ...) returns -EPERM.
 * A pointer is checked when it is used: a bad one gives -EFAULT.
 */
long motte_syscall(long number, long a, long b, long c, long d, long e);

/* The same for a call of six arguments, such as `mmap`. */
long motte_syscall6(long number, const long arguments[6]);

#ifdef __cplusplus
}
#endif

#endif
