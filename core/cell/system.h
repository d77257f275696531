/* System calls, without a C library.  A negative result is an errno. */
#ifndef MOTTE_CELL_SYSTEM_H
#define MOTTE_CELL_SYSTEM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

static inline long system_enter(long number, long a, long b, long c, long d, long e, long f)
{
    long result;
    register long fourth __asm__("r10") = d;
    register long fifth __asm__("r8") = e;
    register long sixth __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
                     : "rcx", "r11", "memory");
    return result;
}

/* system_call(number, up to six arguments, which may be pointers) */
#define SYSTEM_CALL_OF_SIX(number, a, b, c, d, e, f, ...)                                                               \
    system_enter((number), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define system_call(...) SYSTEM_CALL_OF_SIX(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

_Noreturn static inline void system_exit(int status)
{
    for (;;)
        system_call(SYS_exit_group, status);
}

/* With what a cell ends that has nobody to tell why. */
enum cell_exit {
    CELL_EXIT_ORDERLY = 0,
    CELL_EXIT_ORPHAN = 71,    /* the host or the warden is gone */
    CELL_EXIT_BROKEN = 72,    /* a fault in the cell's own program: the guest spoilt it */
    CELL_EXIT_FORBIDDEN = 73, /* a system call in the cell's own program that is not allowed: the guest went there */
    CELL_EXIT_FAILED = 74,    /* CELL_FAILED */
};

#endif
