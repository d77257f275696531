/* Splitting, copying, comparing and counting words: the C library's string functions. */
#include "measure.h"

static char text[1 << 16], copy[1 << 16];

static uint64_t kernel(void)
{
    static const char *const words[8] = {"motte", "and", "bailey", "keep", "moat", "drawbridge", "palisade", "ditch"};
    uint64_t seed = 17, sum = 0;
    size_t at = 0;
    while (at + 16 < sizeof text) {
        const char *word = words[next_random(&seed) & 7];
        size_t length = strlen(word);
        memcpy(text + at, word, length);
        text[at + length] = ' ';
        at += length + 1;
    }
    text[at] = 0;
    for (int round = 0; round < 20; round++) {
        memcpy(copy, text, at + 1);
        for (char *cursor = copy; *cursor;) {
            char *space = strchr(cursor, ' ');
            if (!space)
                break;
            *space = 0;
            sum = sum * 31 + (uint64_t)(strcmp(cursor, words[round & 7]) == 0) + (uint64_t)strlen(cursor);
            cursor = space + 1;
        }
    }
    return sum;
}
