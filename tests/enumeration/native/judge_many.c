/* Asks the verifier in C about many single instructions at once: a door for tests, no part of the core. */
#include <stdbool.h>
#include <stdint.h>

#include "decode.h"
#include "examine.h"

struct opinion {
    int32_t rule;   /* enum motte_rule, MOTTE_RULE_NONE for an accepted instruction */
    int32_t length; /* of an accepted instruction; 0 otherwise */
    int32_t kind;   /* enum effect_kind */
    int32_t reserved;
    int64_t first, second;
};

/* `codes` are `count` windows of DECODE_WINDOW bytes each, of which `available[i]` belong to the code, of a program that
 * reaches blocks or does not. */
void judge_many(const uint8_t *codes, const uint8_t *available, uint64_t count, bool reaches_blocks, struct opinion *opinions)
{
    for (uint64_t i = 0; i < count; i++) {
        unsigned length = 0;
        struct effect effect = {EFFECT_NONE, 0, 0};
        enum motte_rule rule = examine(codes + i * DECODE_WINDOW, available[i], reaches_blocks, &length, &effect);
        opinions[i] = (struct opinion){rule, (int32_t)length, effect.kind, 0, effect.first, effect.second};
    }
}
