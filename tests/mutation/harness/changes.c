#include "changes.h"

#include <stdlib.h>
#include <string.h>

#include "random.h"

enum { LONGEST_SPLICE = 15 };

static uint32_t instruction_size(const struct subject *subject, uint32_t start)
{
    uint32_t end = start + 1;
    while (end < subject->size && !(subject->kinds[end] & KIND_FIRST))
        end++;
    return end - start;
}

static uint32_t instruction_start(const struct subject *subject, uint32_t at)
{
    while (!(subject->kinds[at] & KIND_FIRST))
        at--;
    return at;
}

/* The specification's NOPs of one to nine bytes. */
static void fill_with_nops(uint8_t *code, uint32_t size)
{
    static const uint8_t nops[9][9] = {
        {0x90},
        {0x66, 0x90},
        {0x0f, 0x1f, 0x00},
        {0x0f, 0x1f, 0x40, 0x00},
        {0x0f, 0x1f, 0x44, 0x00, 0x00},
        {0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00},
        {0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00},
        {0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
        {0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
    };
    while (size) {
        uint32_t once = size < 9 ? size : 9;
        memcpy(code, nops[once - 1], once);
        code += once;
        size -= once;
    }
}

/* Bytes of any subject from any place, mostly whole instructions, over whole instructions of this one.  The first
 * changed byte. */
static uint32_t splice(const struct corpus *corpus, const struct subject *subject, uint8_t *code, uint32_t place,
                       uint64_t *random)
{
    uint32_t start = instruction_start(subject, place), room = instruction_size(subject, start);
    const struct subject *other = &corpus->subjects[draw(random) % corpus->count];
    uint32_t from = (uint32_t)(draw(random) % other->size), size;
    if (draw(random) % 4) {
        from = instruction_start(other, from);
        size = instruction_size(other, from);
    } else {
        size = 1 + (uint32_t)(draw(random) % LONGEST_SPLICE);
        size = size < other->size - from ? size : other->size - from;
    }
    while (room < size && start + room < subject->size)
        room += instruction_size(subject, start + room);
    if (size > room)
        size = room;
    memcpy(code + start, other->code + from, size);
    fill_with_nops(code + start + size, room - size);
    return start;
}

uint32_t change_apply(const struct corpus *corpus, const struct subject *subject, uint8_t *code, enum change change,
                      uint32_t place, uint64_t *random)
{
    uint32_t start, size;
    switch (change) {
    case CHANGE_BIT:
        code[place / 8] ^= (uint8_t)(1u << place % 8);
        return place / 8;
    case CHANGE_BYTE:
        code[place] ^= (uint8_t)(1 + draw(random) % 255);
        return place;
    case CHANGE_TWO_BITS:
        start = instruction_start(subject, place);
        size = instruction_size(subject, start);
        code[place] ^= (uint8_t)(1u << draw(random) % 8);
        code[start + draw(random) % size] ^= (uint8_t)(1u << draw(random) % 8);
        return place;
    case CHANGE_SPLICE:
        return splice(corpus, subject, code, place, random);
    case CHANGES:
        break;
    }
    abort();
}
