/* Reaches: where checked blocks lie, each in 4 GiB of the host's address space that it has to itself.
 *
 * The problem.  A block that is given away must not be touched by who had it.  Taking its pages out of one window and putting
 * them into another are system calls; a check before each access is slow, has to be understood by the verifier, and can be
 * mispredicted.
 *
 * The answer.  A checked block never moves.  Guests reach it through the FS segment, as they reach their window through GS:
 * an address is 32 bits, and the processor adds the FS base, which the core sets.  Whatever a guest computes then, it hits
 * the block that it has open, or something inaccessible.  To take a block away from somebody, the core gives him another FS
 * base: that is all.
 *
 *     base of reach 1              base of reach 2                    base of reach 3
 *     | nothing | block | nothing ...  | nothing     | block | nothing ...  |
 *      cell 0    cell 1                               cell 2
 *
 *   R1  Within 4 GiB and the widest access from its base, a reach has one block, and nothing else that is accessible.
 *   R2  Nor is anything within a cell below a base.  While FS is a guest's, code of the host's that takes it for its own (a
 *       signal handler of somebody else's, or what runs by misprediction) finds nothing there: its variables are within
 *       a cell of the base, above or below.
 *   R3  Reach 0 is never used: its base is for who has no block open.
 *   R4  At every moment every byte of all reaches is our mapping.
 *   R5  Blocks begin at addresses of their own: a pointer into a block that is not open faults if another one is.  A reach
 *       that becomes free is used again after all others that are reserved.
 *
 * They are reserved in groups, side by side, as blocks are wanted: 128 GiB of the 128 TiB that there are.
 */
#ifndef MOTTE_EXCHANGE_REACHES_H
#define MOTTE_EXCHANGE_REACHES_H

#include "motte_abi.h"

#define REACH_GROUPS 32
#define REACHES_IN_GROUP 32
#define REACH_GROUP_SIZE (REACHES_IN_GROUP * MOTTE_REACH_SIZE)

#ifndef __ASSEMBLER__

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the groups lie; 0: not reserved yet.  The entries of signal handlers look (signal_entries.S): whoever's FS base is in
 * there is in a guest, or on the way to or from it. */
extern _Atomic uintptr_t motte_reach_groups[REACH_GROUPS];

/* Reserves the first group, if that was not done; any thread may ask.  False if the host has no address space for it. */
bool reaches_reserve(void);

/* The number of a reach that is free, without pages; 0 if there is none, or no address space for more. */
uint32_t reach_take(void);

/* It is inaccessible and without a byte of the block's from here on, and free. */
void reach_give_back(uint32_t number);

/* Access to [offset, offset + size) of its block's pages; false if the host refuses. */
enum reach_access { REACH_NOTHING, REACH_READ, REACH_WRITE };
bool reach_allow(uint32_t number, size_t offset, size_t size, enum reach_access access);

/* Moves what lies from `offset` on in a cell to the beginning of another reach's, which is free.  Inaccessible, both; false,
 * and nothing has moved, if the host refuses. */
bool reach_move(uint32_t number, size_t offset, size_t size, uint32_t to);

/* What FS is to be; 0 is the number of none. */
static inline uintptr_t reach_base(uint32_t number)
{
    uintptr_t group = atomic_load_explicit(&motte_reach_groups[number / REACHES_IN_GROUP], memory_order_relaxed);
    return group + number % REACHES_IN_GROUP * (uintptr_t)MOTTE_REACH_SIZE;
}

/* The guest's address of the block's first byte. */
static inline uint32_t reach_offset(uint32_t number)
{
    return number * (uint32_t)MOTTE_CHECKED_CELL;
}

static inline unsigned char *reach_block(uint32_t number)
{
    return (unsigned char *)(reach_base(number) + reach_offset(number));
}

/* Whether that is in any reach. */
static inline bool reaches_contain(uintptr_t address)
{
    for (uint32_t i = 0; i < REACH_GROUPS; i++) {
        uintptr_t group = atomic_load_explicit(&motte_reach_groups[i], memory_order_relaxed);
        if (group && address - group < REACH_GROUP_SIZE)
            return true;
    }
    return false;
}

#endif
#endif
