/* The problem: a mutant may do anything that the verifier did not foresee, and must be caught at it.
 *
 * What catches it: the arena, where all but window and frame is inaccessible; signals (handlers.c); and a comparison
 * afterwards of everything else that it could have changed: return address, stack pointer, segment bases and
 * selectors, direction flag, control bits of MXCSR. */
#define _GNU_SOURCE
#include "monitor.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "arena.h"
#include "verifier/decode.h"
#include "watch.h"

enum { FRAME_WORDS = 64 };

struct watch *watch;

void monitor_prepare(void)
{
    watch = mmap(NULL, sizeof *watch, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    stack_t stack = {.ss_sp = watch->signal_stack, .ss_size = SIGNAL_STACK};
    if (watch == MAP_FAILED || sigaltstack(&stack, NULL) != 0)
        give_up("monitor");
    handlers_install();
    __asm__ volatile("movw %%ds, %0; movw %%es, %1; movw %%fs, %2; movw %%gs, %3"
                     : "=m"(watch->segments[0]), "=m"(watch->segments[1]), "=m"(watch->segments[2]),
                       "=m"(watch->segments[3]));
    __builtin_cpu_init();
    vector_level = __builtin_cpu_supports("avx512f") ? VECTOR_AVX512
                 : __builtin_cpu_supports("avx") ? VECTOR_AVX : VECTOR_SSE;
}

/* --- a run -------------------------------------------------------------------------------------------------------- */

/* What no handler saw. */
static const char *changed_outside(const uint64_t *return_address, uint64_t gap)
{
    if (*return_address != (uint64_t)(uintptr_t)guest_return)
        return "the return address changed";
    if (gap && return_address[1 + watch->start.mutant->stack_arguments / 8] != gap)
        return "the caller's frame changed";
    if (crossing.exit_gs != WINDOW || crossing.exit_fs != crossing.host_fs)
        return "a segment base changed";
    if (memcmp(crossing.exit_segments, watch->segments, sizeof watch->segments) != 0)
        return "a segment register changed";
    if (crossing.exit_flags & (FLAG_DIRECTION | FLAG_ALIGNMENT))
        return "a flag of the system changed";
    if ((crossing.exit_mxcsr & MXCSR_CONTROL) != (GUEST_MXCSR & MXCSR_CONTROL))
        return "the control bits of MXCSR changed";
    return NULL;
}

/* Whether the run can only have ended where it did if the unit with the changed byte was executed to its end.  Runs
 * begin at that unit, so it is enough that they ended elsewhere.  Of a shape, only the first instruction can be told
 * that way; behind it, the class check's trap is the other way out. */
static bool got_past(const struct start *start, const struct result *result)
{
    enum { LONGEST_SHAPE = 48 };
    const struct mutant *mutant = start->mutant;
    struct instruction first;
    if (start->at_entry)
        return false;
    if (!decode((const uint8_t *)(BLOCK_AT + mutant->unit), false, &first))
        return false;
    if (result->outcome == OUTCOME_RETURNED)
        return true;
    uint64_t from = result->instruction - (BLOCK_AT + mutant->unit);
    if (mutant->offset + mutant->at < mutant->unit + first.length)
        return from >= first.length;
    return from >= LONGEST_SHAPE && result->outcome != OUTCOME_TRAPPED;
}

struct result monitor_run(const struct start *start)
{
    const struct mutant *mutant = start->mutant;
    uint64_t arguments = mutant->stack_arguments, gap_size = arguments % 16; /* the stack pointer's usual alignment */
    uint64_t *return_address = (uint64_t *)(STACK_END - gap_size - arguments - 8);
    uint64_t gap = gap_size ? start->state->general[RSP] : 0;
    *return_address = (uint64_t)(uintptr_t)guest_return;
    if (gap_size)
        return_address[1 + arguments / 8] = gap;
    memcpy(return_address - FRAME_WORDS, start->state->vectors, FRAME_WORDS * sizeof *return_address);

    watch->start = *start;
    watch->result = (struct result){.outcome = OUTCOME_RETURNED};
    watch->first = BLOCK_AT + mutant->offset;
    watch->last = watch->first + mutant->size;
    watch->entry_stack = (uint64_t)(uintptr_t)return_address;
    watch->run++;
    crossing.state = start->state;
    crossing.target = start->at_entry ? watch->first : BLOCK_AT + mutant->unit;
    crossing.guest_stack = watch->entry_stack - (start->at_entry ? 0 : mutant->height);
    crossing.window = WINDOW;
    crossing.guest_mxcsr = GUEST_MXCSR;
    crossing.flags = 0x202 | (start->state->masks[0] & STATUS_FLAGS) | (start->stepping ? FLAG_TRAP : 0);
    watch->running = true;
    enter_guest();
    watch->running = false;

    struct result result = watch->result;
    if (result.outcome == OUTCOME_RETURNED && crossing.exit_stack != watch->entry_stack + 8)
        result = (struct result){.outcome = OUTCOME_ESCAPED, .escape = "returned at another height"};
    const char *changed = changed_outside(return_address, gap);
    if (changed && result.outcome != OUTCOME_ESCAPED)
        result = (struct result){.outcome = OUTCOME_ESCAPED, .escape = changed, .instruction = result.instruction};
    result.past = got_past(start, &result);
    return result;
}
