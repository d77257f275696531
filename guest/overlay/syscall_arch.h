/*
 * System calls of the guest libc.  A guest has no `syscall` instruction: each
 * call is an ordinary call of a kernel function, which passes through its gate.
 * Six arguments would not fit the registers beside the number, so those travel
 * in an array.
 */

#define __SYSCALL_LL_E(x) (x)
#define __SYSCALL_LL_O(x) (x)

long motte_syscall(long number, long a, long b, long c, long d, long e);
long motte_syscall6(long number, const long arguments[6]);

static __inline long __syscall0(long number)
{
    return motte_syscall(number, 0, 0, 0, 0, 0);
}

static __inline long __syscall1(long number, long a)
{
    return motte_syscall(number, a, 0, 0, 0, 0);
}

static __inline long __syscall2(long number, long a, long b)
{
    return motte_syscall(number, a, b, 0, 0, 0);
}

static __inline long __syscall3(long number, long a, long b, long c)
{
    return motte_syscall(number, a, b, c, 0, 0);
}

static __inline long __syscall4(long number, long a, long b, long c, long d)
{
    return motte_syscall(number, a, b, c, d, 0);
}

static __inline long __syscall5(long number, long a, long b, long c, long d, long e)
{
    return motte_syscall(number, a, b, c, d, e);
}

static __inline long __syscall6(long number, long a, long b, long c, long d, long e, long f)
{
    const long arguments[6] = {a, b, c, d, e, f};
    return motte_syscall6(number, arguments);
}

#define IPC_64 0
