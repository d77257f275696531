/* The blocked set: `pthread_sigmask`, and the libc's own ways to block and restore. */

#include <errno.h>
#include <string.h>
#include "pthread_impl.h"
#include "motte_runtime.h"

/* A kernel's set is one word; the libc passes such words, or whole `sigset_t` objects, by address. */
static void block_all(void *old)
{
    if (old)
        *(unsigned long *)old = __motte_signal_mask();
    __motte_set_signal_mask(-1UL);
}

void __block_all_sigs(void *old)
{
    block_all(old);
}

void __block_app_sigs(void *old)
{
    block_all(old);
}

void __restore_sigs(void *old)
{
    __motte_set_signal_mask(*(unsigned long *)old);
}

int pthread_sigmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
    unsigned long before = __motte_signal_mask();

    if (set && (how < SIG_BLOCK || how > SIG_SETMASK))
        return EINVAL;
    unsigned long named = set ? set->__bits[0] : 0;
    if (old) {
        memset(old, 0, sizeof *old);
        old->__bits[0] = before;
    }
    if (set && how == SIG_BLOCK)
        __motte_set_signal_mask(before | named);
    else if (set && how == SIG_UNBLOCK)
        __motte_set_signal_mask(before & ~named);
    else if (set)
        __motte_set_signal_mask(named);
    return 0;
}
