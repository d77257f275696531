/* Into a mutant with every register set, and out of it again. */
#ifndef CROSSING_H
#define CROSSING_H

#include <stddef.h>
#include <stdint.h>

#include "crossing_offsets.h"

enum { GENERAL_REGISTERS = 16, RAX = 0, RSP = 4 }; /* in the processor's order; rsp's place is not used */
enum { VECTOR_SSE, VECTOR_AVX, VECTOR_AVX512 };
enum { FLAG_TRAP = 0x100, FLAG_DIRECTION = 0x400, FLAG_ALIGNMENT = 0x40000, STATUS_FLAGS = 0x8d5 };
#define GUEST_MXCSR 0x1f80u
#define MXCSR_CONTROL 0xffc0u

struct state {
    uint64_t general[GENERAL_REGISTERS];
    uint8_t vectors[32][64];
    uint64_t masks[8];
};

struct crossing {
    uint64_t host_stack;
    const struct state *state;
    uint64_t target, guest_stack, window, flags;
    uint64_t host_fs;
    uint32_t host_mxcsr, guest_mxcsr;
    /* As it was found when the guest was left. */
    uint64_t exit_stack, exit_flags, exit_gs, exit_fs;
    uint32_t exit_mxcsr;
    uint16_t exit_segments[4]; /* ds es fs gs */
};

#define ASSERT_OFFSET(offset, type, member) _Static_assert((offset) == offsetof(struct type, member), #member)
ASSERT_OFFSET(CROSSING_HOST_STACK, crossing, host_stack);
ASSERT_OFFSET(CROSSING_STATE, crossing, state);
ASSERT_OFFSET(CROSSING_TARGET, crossing, target);
ASSERT_OFFSET(CROSSING_GUEST_STACK, crossing, guest_stack);
ASSERT_OFFSET(CROSSING_WINDOW, crossing, window);
ASSERT_OFFSET(CROSSING_FLAGS, crossing, flags);
ASSERT_OFFSET(CROSSING_HOST_FS, crossing, host_fs);
ASSERT_OFFSET(CROSSING_HOST_MXCSR, crossing, host_mxcsr);
ASSERT_OFFSET(CROSSING_GUEST_MXCSR, crossing, guest_mxcsr);
ASSERT_OFFSET(CROSSING_EXIT_STACK, crossing, exit_stack);
ASSERT_OFFSET(CROSSING_EXIT_FLAGS, crossing, exit_flags);
ASSERT_OFFSET(CROSSING_EXIT_GS, crossing, exit_gs);
ASSERT_OFFSET(CROSSING_EXIT_FS, crossing, exit_fs);
ASSERT_OFFSET(CROSSING_EXIT_MXCSR, crossing, exit_mxcsr);
ASSERT_OFFSET(CROSSING_EXIT_SEGMENTS, crossing, exit_segments);
ASSERT_OFFSET(STATE_VECTORS, state, vectors);
ASSERT_OFFSET(STATE_MASKS, state, masks);

extern struct crossing crossing;
extern uint32_t vector_level;

/* Jumps to crossing.target; returns when the guest returns to guest_return or a signal handler sends it to
 * guest_left. */
void enter_guest(void);
extern const char guest_return[], guest_left[];

#endif
