/*
 * Copies into, out of and within the checked block that is open, and fills: what the compiler calls for larger block
 * operations on its memory, and for loops that it takes for one.
 *
 * A vector at a time; what is left is covered by a vector that overlaps the one before, or is moved by bytes.  Window and block
 * never overlap, but two places of a block may.
 */
#include <motte.h>
#include <stdint.h>

typedef uint8_t vector __attribute__((vector_size(64), aligned(1), may_alias));
typedef MOTTE_BLOCK vector block_vector;
typedef const MOTTE_BLOCK vector constant_block_vector;

enum { WIDTH = sizeof(vector) };

void motte_block_read(void *to, const motte_block_byte *from, unsigned long size)
{
    uint8_t *write = to;
    unsigned long at = 0;
    if (size < WIDTH) {
        for (; at < size; at++)
            write[at] = from[at];
        return;
    }
    for (; at + WIDTH <= size; at += WIDTH)
        *(vector *)(write + at) = *(constant_block_vector *)(from + at);
    *(vector *)(write + size - WIDTH) = *(constant_block_vector *)(from + size - WIDTH);
}

void motte_block_write(motte_block_byte *to, const void *from, unsigned long size)
{
    const uint8_t *read = from;
    unsigned long at = 0;
    if (size < WIDTH) {
        for (; at < size; at++)
            to[at] = read[at];
        return;
    }
    for (; at + WIDTH <= size; at += WIDTH)
        *(block_vector *)(to + at) = *(const vector *)(read + at);
    *(block_vector *)(to + size - WIDTH) = *(const vector *)(read + size - WIDTH);
}

/* Nothing is written before what lay there was read. */
static void move_up(motte_block_byte *to, const motte_block_byte *from, unsigned long size)
{
    for (; size >= WIDTH; size -= WIDTH)
        *(block_vector *)(to + size - WIDTH) = *(constant_block_vector *)(from + size - WIDTH);
    while (size--)
        to[size] = from[size];
}

static void move_down(motte_block_byte *to, const motte_block_byte *from, unsigned long size)
{
    unsigned long at = 0;
    for (; at + WIDTH <= size; at += WIDTH)
        *(block_vector *)(to + at) = *(constant_block_vector *)(from + at);
    for (; at < size; at++)
        to[at] = from[at];
}

void motte_block_move(motte_block_byte *to, const motte_block_byte *from, unsigned long size)
{
    if ((uint32_t)((uintptr_t)to - (uintptr_t)from) < size)
        move_up(to, from, size);
    else
        move_down(to, from, size);
}

void motte_block_fill(motte_block_byte *to, int byte, unsigned long size)
{
    vector value = (vector){0} + (uint8_t)byte;
    unsigned long at = 0;
    if (size < WIDTH) {
        for (; at < size; at++)
            to[at] = (uint8_t)byte;
        return;
    }
    for (; at + WIDTH <= size; at += WIDTH)
        *(block_vector *)(to + at) = value;
    *(block_vector *)(to + size - WIDTH) = value;
}
