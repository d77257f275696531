/* The bytes of gates, wherever they lie: in the host (gates.c), and in a cell (cell/gates.c). */
#ifndef MOTTE_GATE_CODE_H
#define MOTTE_GATE_CODE_H

#include <stdint.h>
#include <string.h>

#include "gates.h"

enum { GATE_FILLING = 0xcc }; /* traps */

/* movl $number, %r11d; movabs $target, %rax; jmp *%rax.  A gate may use rax, r10 and r11: no argument is there. */
struct gate_code {
    uint8_t load_number[2];
    uint32_t number;
    uint8_t load_target[2];
    uint64_t target;
    uint8_t jump[2];
} __attribute__((packed));

/* movl %eax, %edi, before the gate of motte_exit: the result of the entry function is the exit status. */
enum { RESULT_TO_ARGUMENT_SIZE = 2 };

_Static_assert(sizeof(struct gate_code) + RESULT_TO_ARGUMENT_SIZE <= MOTTE_GATE_STRIDE, "a gate fits its stride");
_Static_assert(FUNCTION_RETURN_GATE >= MOTTE_GATE_BASE + MOTTE_CALL_COUNT * MOTTE_GATE_STRIDE, "gates are disjoint");

static inline void gate_code_write(uint8_t *to, uint32_t number, uint64_t target)
{
    const struct gate_code code = {
        .load_number = {0x41, 0xbb},
        .number = number,
        .load_target = {0x48, 0xb8},
        .target = target,
        .jump = {0xff, 0xe0},
    };
    memcpy(to, &code, sizeof code);
}

/* All kernel calls' gates, and the one behind entry functions, which lies in the last slot of GATES_SIZE bytes. */
static inline void gate_code_write_calls(uint8_t *base, uint64_t target)
{
    static const uint8_t result_to_argument[RESULT_TO_ARGUMENT_SIZE] = {0x89, 0xc7};
    uint8_t *entry_return = base + (ENTRY_RETURN_GATE - MOTTE_GATE_BASE);
    for (uint32_t number = 0; number < MOTTE_CALL_COUNT; number++)
        gate_code_write(base + (size_t)number * MOTTE_GATE_STRIDE, number, target);
    memcpy(entry_return, result_to_argument, sizeof result_to_argument);
    gate_code_write(entry_return + sizeof result_to_argument, MOTTE_CALL_EXIT, target);
}

/* movabs $target, %r11; jmp *%r11: the result is in rax.  `base` as above. */
static inline void gate_code_write_function_return(uint8_t *base, uint64_t target)
{
    const struct {
        uint8_t load_target[2];
        uint64_t target;
        uint8_t jump[3];
    } __attribute__((packed)) code = {{0x49, 0xbb}, target, {0x41, 0xff, 0xe3}};
    memcpy(base + (FUNCTION_RETURN_GATE - MOTTE_GATE_BASE), &code, sizeof code);
}

#endif
