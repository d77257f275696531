#define _GNU_SOURCE
#include "worker.h"

#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "code_region.h"
#include "process.h"
#include "signals.h"
#include "slot.h"
#include "switch.h"

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

/* For the frames of the handlers themselves, on top of what the kernel saves. */
enum { HANDLER_STACK = 64 * 1024, GUARD = 4096 };

static _Thread_local struct worker *current;

struct worker *worker_current(void)
{
    return current;
}

/* An alternate stack above a guard page. Handlers block all signals, so one frame is the deepest nesting. */
static bool signal_stack_create(struct worker *worker)
{
    size_t least = getauxval(AT_MINSIGSTKSZ);
    size_t size = (least + HANDLER_STACK + GUARD - 1) / GUARD * GUARD;
    char *start = mmap(NULL, GUARD + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED)
        return false;
    stack_t stack = {.ss_sp = start + GUARD, .ss_size = size};
    worker->signal_stack = start;
    worker->signal_stack_size = GUARD + size;
    return mprotect(start, GUARD, PROT_NONE) == 0 && sigaltstack(&stack, NULL) == 0;
}

static void signal_stack_destroy(struct worker *worker)
{
    if (!worker->signal_stack)
        return;
    sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
    munmap(worker->signal_stack, worker->signal_stack_size);
}

static uint64_t signal_bit(int number)
{
    return UINT64_C(1) << (number - 1);
}

/* In the kernel's words, since the C library hides its own signals. */
static bool runs_on_signal_stack(int number)
{
    struct {
        void *handler;
        unsigned long flags;
        void *restorer;
        uint64_t mask;
    } action = {0};
    return syscall(SYS_rt_sigaction, number, NULL, &action, sizeof action.mask) == 0 && action.flags & SA_ONSTACK;
}

static void block_foreign_signals(void)
{
    enum { LIBC_CHANGE_IDS = 33 };
    uint64_t blocked = ~UINT64_C(0);
    const int admitted[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, signals_interrupt()};
    for (size_t i = 0; i < sizeof admitted / sizeof *admitted; i++)
        blocked &= ~signal_bit(admitted[i]);
    if (runs_on_signal_stack(LIBC_CHANGE_IDS))
        blocked &= ~signal_bit(LIBC_CHANGE_IDS);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &blocked, NULL, sizeof blocked);
}

static void block_all_signals(void)
{
    uint64_t blocked = ~UINT64_C(0);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &blocked, NULL, sizeof blocked);
}

static void attach(struct worker *worker, struct process *process)
{
    pthread_mutex_lock(&process->lock);
    worker->process = process;
    process->worker = worker;
    pthread_mutex_unlock(&process->lock);
}

static void prepare_context(struct process *process)
{
    struct context *context = slot_context(process->slot);
    context->process = process;
    context->guest_mxcsr = GUEST_MXCSR;
    context->guest_stack = slot_stack_top(process->slot) - sizeof(uint64_t);
    context->entry = process->entry_address;
    context->entry_argument = process->initial_block.value;
}

bool worker_run(struct process *process)
{
    struct worker worker = {.thread_id = (pid_t)syscall(SYS_gettid)};
    bool ran = false;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &worker.started_cpu);
    clock_gettime(CLOCK_MONOTONIC, &worker.started_wall);
    current = &worker;
    if (signal_stack_create(&worker) && pthread_getcpuclockid(pthread_self(), &worker.cpu_clock) == 0) {
        prepare_context(process);
        attach(&worker, process);
        ran = timers_start(&worker);
        if (ran) {
            block_foreign_signals();
            guest_enter(slot_context(process->slot), slot_window(process->slot));
            block_all_signals();
            timers_stop(&worker);
        }
    }
    if (!ran)
        process_stop(process, MOTTE_STOP_INTERNAL, 0);
    process_stopped(process, nanoseconds_since(CLOCK_THREAD_CPUTIME_ID, worker.started_cpu),
                    nanoseconds_since(CLOCK_MONOTONIC, worker.started_wall));
    signal_stack_destroy(&worker);
    current = NULL;
    return ran;
}
