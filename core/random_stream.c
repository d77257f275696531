/* The cipher ChaCha20 (RFC 8439, with Bernstein's 64-bit counter) turned on nothing: its key is the seed, its nonce the
 * stream's number.  Any position is as near as any other, so nobody has to keep anything but how far they have come. */
#include "random_stream.h"

#include <string.h>

enum { WORDS = 16, BLOCK = WORDS * sizeof(uint32_t), DOUBLE_ROUNDS = 10 };

static uint32_t rotated(uint32_t word, int by)
{
    return word << by | word >> (32 - by);
}

static void quarter_round(uint32_t *state, int a, int b, int c, int d)
{
    state[a] += state[b];
    state[d] = rotated(state[d] ^ state[a], 16);
    state[c] += state[d];
    state[b] = rotated(state[b] ^ state[c], 12);
    state[a] += state[b];
    state[d] = rotated(state[d] ^ state[a], 8);
    state[c] += state[d];
    state[b] = rotated(state[b] ^ state[c], 7);
}

static void block(uint64_t seed, uint64_t number, uint64_t counter, uint32_t out[WORDS])
{
    const uint32_t start[WORDS] = {
        0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, /* "expand 32-byte k" */
        (uint32_t)seed, (uint32_t)(seed >> 32), 0, 0, 0, 0, 0, 0,
        (uint32_t)counter, (uint32_t)(counter >> 32), (uint32_t)number, (uint32_t)(number >> 32),
    };
    memcpy(out, start, sizeof start);
    for (int i = 0; i < DOUBLE_ROUNDS; i++) {
        for (int column = 0; column < 4; column++)
            quarter_round(out, column, 4 + column, 8 + column, 12 + column);
        for (int diagonal = 0; diagonal < 4; diagonal++)
            quarter_round(out, diagonal, 4 + (diagonal + 1) % 4, 8 + (diagonal + 2) % 4, 12 + (diagonal + 3) % 4);
    }
    for (int i = 0; i < WORDS; i++)
        out[i] += start[i];
}

void random_stream_read(uint64_t seed, uint64_t number, uint64_t position, unsigned char *to, size_t size)
{
    uint32_t words[WORDS];
    while (size) {
        size_t offset = position % BLOCK, piece = BLOCK - offset < size ? BLOCK - offset : size;
        block(seed, number, position / BLOCK, words);
        memcpy(to, (const unsigned char *)words + offset, piece);
        to += piece;
        position += piece;
        size -= piece;
    }
}
