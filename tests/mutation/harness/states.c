#define _GNU_SOURCE
#include "states.h"

#include <string.h>
#include <sys/mman.h>

#include "arena.h"
#include "random.h"

enum { STATES = 512 };

static struct state *states;

static uint64_t odd_number(uint64_t *random)
{
    uint64_t number = draw(random);
    switch (number % 8) {
    case 0: return draw(random);
    case 1: return draw(random) & 0xffffffff;
    case 2: return draw(random) % 4096;
    case 3: return FORBIDDEN + draw(random) % FORBIDDEN_SIZE;
    case 4: return WINDOW - 8192 + draw(random) % 16384;
    case 5: return STACK_END - 512 + draw(random) % 1024;
    case 6: return BLOCK_AT + draw(random) % BLOCK_SIZE;
    default: return UINT64_MAX - draw(random) % 4096;
    }
}

void states_prepare(uint64_t seed)
{
    uint64_t random = seed ^ UINT64_C(0x57a7e5);
    states = mmap(NULL, STATES * sizeof *states, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (states == MAP_FAILED)
        give_up("mmap");
    for (size_t i = 0; i < STATES; i++) {
        for (size_t k = 0; k < GENERAL_REGISTERS; k++)
            states[i].general[k] = odd_number(&random) | (k == RSP); /* that one fills a gap, and is not 0 */
        for (size_t k = 0; k < sizeof states[i].vectors / 8; k++) {
            uint64_t number = odd_number(&random);
            memcpy((uint8_t *)states[i].vectors + 8 * k, &number, sizeof number);
        }
        for (size_t k = 0; k < 8; k++)
            states[i].masks[k] = draw(&random);
    }
    mprotect(states, STATES * sizeof *states, PROT_READ);
}

const struct state *states_draw(uint64_t *random)
{
    return &states[draw(random) % STATES];
}
