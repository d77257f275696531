#include "gates.h"

#include <string.h>
#include <sys/mman.h>

#include "casts.h"
#include "host_functions.h"
#include "ipc/calls.h"
#include "jumps.h"
#include "personality.h"
#include "process.h"
#include "switch.h"
#include "visit.h"

enum { TRAP_BYTE = 0xcc };

_Static_assert(FUNCTION_RETURN_GATE >= MOTTE_GATE_BASE + MOTTE_CALL_COUNT * MOTTE_GATE_STRIDE, "gates are disjoint");

/* movl $number, %r11d; movabs $target, %rax; jmp *%rax.  A gate may use rax, r10 and r11: no argument is there. */
struct gate_code {
    uint8_t load_number[2];
    uint32_t number;
    uint8_t load_target[2];
    uint64_t target;
    uint8_t jump[2];
} __attribute__((packed));

/* movl %eax, %edi, before the gate of motte_exit: the result of the entry function is the exit status. */
static const uint8_t result_to_argument[] = {0x89, 0xc7};

_Static_assert(sizeof(struct gate_code) + sizeof result_to_argument <= MOTTE_GATE_STRIDE, "a gate fits its stride");

static void write_gate(uintptr_t address, uint32_t number, const char *target)
{
    struct gate_code code = {
        .load_number = {0x41, 0xbb},
        .number = number,
        .load_target = {0x48, 0xb8},
        .target = (uintptr_t)target,
        .jump = {0xff, 0xe0},
    };
    memcpy((void *)address, &code, sizeof code);
}

static void write_gates(uintptr_t base, const char *target)
{
    uintptr_t entry_return = base + (ENTRY_RETURN_GATE - MOTTE_GATE_BASE);
    for (uint32_t number = 0; number < MOTTE_CALL_COUNT; number++)
        write_gate(base + number * MOTTE_GATE_STRIDE, number, target);
    memcpy((void *)entry_return, result_to_argument, sizeof result_to_argument);
    write_gate(entry_return + sizeof result_to_argument, MOTTE_CALL_EXIT, target);
}

/* movabs $target, %r11; jmp *%r11: the result is in rax. */
static void write_function_return(uintptr_t address)
{
    const struct {
        uint8_t load_target[2];
        uint64_t target;
        uint8_t jump[3];
    } __attribute__((packed)) code = {{0x49, 0xbb}, (uintptr_t)motte_function_return, {0x41, 0xff, 0xe3}};
    memcpy((void *)address, &code, sizeof code);
}

bool gates_write(void)
{
    void *start = (void *)MOTTE_GATE_BASE;
    if (mprotect(start, MOTTE_GATE_REGION_SIZE, PROT_READ | PROT_WRITE) != 0)
        return false;
    memset(start, TRAP_BYTE, MOTTE_GATE_REGION_SIZE);
    write_gates(MOTTE_GATE_BASE, motte_gate);
    write_gates(MOTTE_REACHING_GATE_BASE, motte_reaching_gate);
    write_function_return(FUNCTION_RETURN_GATE);
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
