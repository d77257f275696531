/* A register machine with a switch per instruction: jump tables and unpredictable branches. */
#include "measure.h"

enum { ADD, SUB, XOR, SHIFT, LOAD, STORE, BRANCH, MULTIPLY, ROTATE, AND, OR, COPY, INCREMENT, LESS, NEGATE, HALT };
struct instruction {
    uint8_t operation, target, left, right;
};

static uint64_t run(const struct instruction *code, unsigned length, uint64_t *memory, uint64_t steps)
{
    uint64_t registers[16] = {1, 2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47};
    unsigned at = 0;
    while (steps--) {
        struct instruction i = code[at++];
        uint64_t left = registers[i.left & 15], right = registers[i.right & 15], *target = &registers[i.target & 15];
        switch (i.operation) {
        case ADD: *target = left + right; break;
        case SUB: *target = left - right; break;
        case XOR: *target = left ^ right; break;
        case SHIFT: *target = left >> (right & 31); break;
        case LOAD: *target = memory[left & 255]; break;
        case STORE: memory[left & 255] = right; break;
        case BRANCH: if (left & 1) at = (at + i.right) % length; break;
        case MULTIPLY: *target = left * right; break;
        case ROTATE: *target = left << 13 | left >> 51; break;
        case AND: *target = left & right; break;
        case OR: *target = left | right; break;
        case COPY: *target = left; break;
        case INCREMENT: *target += 1; break;
        case LESS: *target = left < right; break;
        case NEGATE: *target = -left; break;
        default: break;
        }
        if (at >= length)
            at = 0;
    }
    uint64_t sum = 0;
    for (unsigned r = 0; r < 16; r++)
        sum = sum * 31 + registers[r];
    return sum;
}

static uint64_t kernel(void)
{
    static struct instruction code[1024];
    static uint64_t memory[256];
    uint64_t seed = 99;
    for (unsigned i = 0; i < 1024; i++) {
        uint64_t r = next_random(&seed);
        code[i] = (struct instruction){r % HALT, r >> 8, r >> 16, r >> 24};
    }
    memset(memory, 0, sizeof memory);
    return run(code, 1024, memory, 3000000);
}
