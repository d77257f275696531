/* The address space in which mutants run: everything that they may touch, and nothing near it that they may not.
 *
 *     64 KiB to 4 GiB   inaccessible, but for gates, tables and the block of mutants, none of them writable then
 *     WINDOW            4 GiB, all of it accessible: one piece of 2 MiB over and over, so that a wild address inside
 *                       the window lets a mutant go on; inaccessible for 8 GiB on both sides
 *     stack             inaccessible from the end of the incoming arguments on; below it, and around, a guard
 *     FORBIDDEN         inaccessible; registers often point there
 *
 * The harness's own memory lies elsewhere, at random places; registers hold no address of it, and what is writable of
 * it and should not change is summed up before and after each block.
 */
#ifndef ARENA_H
#define ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GATES_AT UINT64_C(0x10000000)
#define GATE_STRIDE 32
#define TABLES_AT UINT64_C(0x20000000)
#define TABLES_SIZE (UINT64_C(1) << 17)
#define BLOCK_AT UINT64_C(0x30000000)
#define BLOCK_SIZE (UINT64_C(1) << 20)
#define WINDOW UINT64_C(0x500000000000)
#define WINDOW_SIZE (UINT64_C(1) << 32)
#define WIDEST_ACCESS 64
#define PIECE_SIZE (UINT64_C(2) << 20)
#define FORBIDDEN UINT64_C(0x580000000000)
#define FORBIDDEN_SIZE (UINT64_C(1) << 30)
#define STACK_END UINT64_C(0x5f0000000000)
#define STACK_SIZE (UINT64_C(1) << 19) /* more than F and what calls push */
#define STACK_GUARD UINT64_C(0x10048)  /* F + 72: how far below the stack an accepted function may fault */

/* Reserves and maps all of it, or ends the program. `gates` stubs are written, GATE_STRIDE apart. */
void arena_prepare(size_t gates);

/* Tables and block: to be filled, or as mutants find them. */
void arena_open(void);
void arena_close(void);

/* The piece that the whole window shows; mutants change it. */
uint8_t *arena_piece(void);

/* A sum over all memory of this process that is writable and not the arena's, but for [low, high). */
uint64_t arena_sum_of_host_memory(uintptr_t low, uintptr_t high);

/* Prints and ends the program. */
_Noreturn void give_up(const char *what);

#endif
