/*
 * Threads.  A process has exactly one for now, described by a static object;
 * creating another fails with ENOSYS, and cancellation has nobody to cancel.
 */

#include <errno.h>
#include "pthread_impl.h"
#include "motte_runtime.h"

struct __pthread __motte_main_thread;
volatile int __thread_list_lock;

static void nothing(void)
{
}
weak_alias(nothing, __pthread_tsd_run_dtors);

void __motte_init_main_thread(void)
{
    pthread_t self = &__motte_main_thread;

    self->self = self->next = self->prev = self;
    self->tid = (int)__syscall(SYS_set_tid_address, &__thread_list_lock);
    self->detach_state = DT_JOINABLE;
    self->locale = &libc.global_locale;
    self->robust_list.head = &self->robust_list.head;
}

int __pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attributes,
    void *(*function)(void *), void *restrict argument)
{
    return ENOSYS;
}
weak_alias(__pthread_create, pthread_create);

_Noreturn void __pthread_exit(void *result)
{
    pthread_t self = __pthread_self();

    self->canceldisable = 1;
    self->result = result;
    while (self->cancelbuf) {
        struct __ptcb *handler = self->cancelbuf;
        self->cancelbuf = handler->__next;
        handler->__f(handler->__x);
    }
    __pthread_tsd_run_dtors();
    exit(0);
}
weak_alias(__pthread_exit, pthread_exit);

void __do_cleanup_push(struct __ptcb *handler)
{
    handler->__next = __pthread_self()->cancelbuf;
    __pthread_self()->cancelbuf = handler;
}

void __do_cleanup_pop(struct __ptcb *handler)
{
    __pthread_self()->cancelbuf = handler->__next;
}

int pthread_cancel(pthread_t thread)
{
    return ENOSYS;
}

/* Locks of the thread list: nothing to exclude. */
void __tl_lock(void)
{
}

void __tl_unlock(void)
{
}

void __tl_sync(pthread_t thread)
{
}

/* Runs a function in every thread. */
void __synccall(void (*function)(void *), void *context)
{
    function(context);
}
