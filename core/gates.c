#include "gates.h"

#include <string.h>
#include <sys/mman.h>

#include "casts.h"
#include "gate_code.h"
#include "host_functions.h"
#include "ipc/calls.h"
#include "jumps.h"
#include "personality.h"
#include "process.h"
#include "switch.h"
#include "visit.h"

bool gates_write(void)
{
    void *start = (void *)MOTTE_GATE_BASE;
    if (mprotect(start, MOTTE_GATE_REGION_SIZE, PROT_READ | PROT_WRITE) != 0)
        return false;
    memset(start, GATE_FILLING, MOTTE_GATE_REGION_SIZE);
    gate_code_write_calls((uint8_t *)MOTTE_GATE_BASE, (uintptr_t)motte_gate);
    gate_code_write_calls((uint8_t *)MOTTE_REACHING_GATE_BASE, (uintptr_t)motte_reaching_gate);
    gate_code_write_function_return((uint8_t *)MOTTE_GATE_BASE, (uintptr_t)motte_function_return);
    return mprotect(start, MOTTE_GATE_REGION_SIZE, PROT_READ | PROT_EXEC) == 0;
}

/* --- the kernel calls ------------------------------------------------------------------------------------------ */

/* void motte_exit(int status) */
static int64_t call_exit(struct process *process, const uint64_t arguments[6])
{
    process_stop(process, MOTTE_STOP_EXITED, (int32_t)arguments[0]);
    return 0;
}

/* long motte_syscall(long number, long a, long b, long c, long d, long e) */
static int64_t call_syscall(struct process *process, const uint64_t arguments[6])
{
    const uint64_t shifted[6] = {arguments[1], arguments[2], arguments[3], arguments[4], arguments[5], 0};
    return motte_personality_call(process, (int64_t)arguments[0], shifted);
}

/* long motte_syscall6(long number, const long arguments[6]) */
static int64_t call_syscall6(struct process *process, const uint64_t arguments[6])
{
    enum { BAD_ADDRESS = -14 }; /* EFAULT, as Linux answers */
    uint64_t fetched[6];
    if (!copy_in(process, fetched, guest_addr_from_register(arguments[1]), sizeof fetched))
        return BAD_ADDRESS;
    return motte_personality_call(process, (int64_t)arguments[0], fetched);
}

static int64_t (*const kernel_calls[MOTTE_CALL_COUNT])(struct process *, const uint64_t[6]) = {
    [MOTTE_CALL_EXIT] = call_exit,
    [MOTTE_CALL_SYSCALL] = call_syscall,
    [MOTTE_CALL_SYSCALL6] = call_syscall6,
    [MOTTE_CALL_SETJMP] = call_setjmp,
    [MOTTE_CALL_LONGJMP] = call_longjmp,
    [MOTTE_CALL_CHECK_POINTER] = call_check_pointer,
    [MOTTE_CALL_HOST_FIND] = call_host_find,
    [MOTTE_CALL_HOST_CALL] = call_host_call,
};

int64_t motte_kernel_call(struct process *process, uint32_t number, const uint64_t arguments[6])
{
    process_count(&process->system_calls);
    if (process->visited && !visit_allows(number, arguments))
        return visit_defer(process, number, arguments);
    if (!kernel_calls[number])
        return ipc_kernel_call(process, number, arguments);
    int64_t result = kernel_calls[number](process, arguments);
    if (atomic_load_explicit(&process->wake, memory_order_relaxed) != WAKE_NOT_WANTED)
        keeping_repeat_call(process, number, arguments);
    else if (process->question.ask != ASK_NOTHING)
        keeping_end_call(process, number, arguments, result);
    return result;
}
