/*
 * The thread pointer.  A process has one thread, whose descriptor is a static
 * object of the guest runtime (runtime/thread.c), so `errno` costs no call.
 */

extern hidden struct __pthread __motte_main_thread;

static inline uintptr_t __get_tp(void)
{
    return (uintptr_t)&__motte_main_thread;
}
