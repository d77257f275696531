#include "keyed_hash.h"

#include <string.h>

static uint64_t rotated(uint64_t word, int by)
{
    return word << by | word >> (64 - by);
}

static void round_of(uint64_t state[4])
{
    state[0] += state[1];
    state[1] = rotated(state[1], 13) ^ state[0];
    state[0] = rotated(state[0], 32);
    state[2] += state[3];
    state[3] = rotated(state[3], 16) ^ state[2];
    state[0] += state[3];
    state[3] = rotated(state[3], 21) ^ state[0];
    state[2] += state[1];
    state[1] = rotated(state[1], 17) ^ state[2];
    state[2] = rotated(state[2], 32);
}

static void take_word(uint64_t state[4], uint64_t word)
{
    state[3] ^= word;
    round_of(state);
    state[0] ^= word;
}

uint64_t keyed_hash(const uint64_t key[2], uint64_t number, const char *bytes, size_t size)
{
    uint64_t state[4] = {
        key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d), /* "somepseudorandomlygeneratedbytes" */
        key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573),
    };
    uint64_t word, last = (sizeof number + size) << 56;
    take_word(state, number);
    for (; size >= sizeof word; size -= sizeof word, bytes += sizeof word) {
        memcpy(&word, bytes, sizeof word);
        take_word(state, word);
    }
    for (size_t i = 0; i < size; i++)
        last |= (uint64_t)(unsigned char)bytes[i] << (8 * i);
    take_word(state, last);
    state[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        round_of(state);
    return state[0] ^ state[1] ^ state[2] ^ state[3];
}
