#include "vectors.h"

#include <errno.h>

#define LONGEST_TRANSFER UINT64_C(0x7ffff000) /* Linux moves no more in one call */

static int64_t vector_begin(struct guest_span *spans, size_t count, struct vector *vector)
{
    uint64_t total = 0;
    for (size_t index = 0; index < count; index++) {
        if (spans[index].size > INT64_MAX)
            return -EINVAL;
        uint64_t room = LONGEST_TRANSFER - total;
        total += spans[index].size < room ? spans[index].size : room;
    }
    *vector = (struct vector){spans, count, 0, total};
    vector_advance(vector, 0);
    return 0;
}

int64_t vector_of_one(uint64_t guest_base, uint64_t guest_size, struct vector *vector)
{
    struct guest_span *spans = personality_scratch()->spans;
    spans[0] = (struct guest_span){guest_base, guest_size};
    return vector_begin(spans, 1, vector);
}

int64_t vector_fetch(struct personality *personality, uint64_t guest_spans, int32_t guest_count,
                     struct vector *vector)
{
    if (guest_count < 0 || guest_count > VECTOR_CAPACITY)
        return -EINVAL;
    size_t count = (size_t)guest_count;
    struct guest_span *spans = personality_scratch()->spans;
    int64_t error = argument_fetch(personality, spans, guest_spans, count * sizeof *spans);
    return error ? error : vector_begin(spans, count, vector);
}

void vector_advance(struct vector *vector, uint64_t size)
{
    vector->remaining -= size;
    vector->offset += size;
    while (vector->count && vector->offset >= vector->spans->size) {
        vector->offset -= vector->spans->size;
        vector->spans++;
        vector->count--;
    }
}

typedef bool copy_piece(struct personality *personality, unsigned char *piece, guest_addr address, size_t size);

static bool piece_in(struct personality *personality, unsigned char *piece, guest_addr address, size_t size)
{
    return copy_in(personality->process, piece, address, size);
}

static bool piece_out(struct personality *personality, unsigned char *piece, guest_addr address, size_t size)
{
    return copy_out(personality->process, address, piece, size);
}

static size_t copy_pieces(struct personality *personality, struct vector vector, copy_piece *copy, size_t size)
{
    unsigned char *bounce = personality_scratch()->bounce;
    size_t done = 0;
    while (done < size) {
        uint64_t room = vector.spans->size - vector.offset;
        size_t part = room < size - done ? room : size - done;
        /* The base wraps as a register does; a buffer does not wrap around the window's end. */
        uint64_t address = guest_addr_from_register(vector.spans->base).value + vector.offset;
        if (address > UINT32_MAX || !copy(personality, bounce + done, (guest_addr){(uint32_t)address}, part))
            break;
        done += part;
        vector_advance(&vector, part);
    }
    return done;
}

size_t vector_gather(struct personality *personality, struct vector vector, size_t size)
{
    return copy_pieces(personality, vector, piece_in, size);
}

size_t vector_scatter(struct personality *personality, struct vector vector, size_t size)
{
    return copy_pieces(personality, vector, piece_out, size);
}

bool vector_prepare(struct personality *personality, struct vector vector, size_t size)
{
    while (size) {
        const struct guest_span *span = &vector.spans[0];
        uint64_t piece = span->size - vector.offset < size ? span->size - vector.offset : size;
        uint64_t address = guest_addr_from_register(span->base).value + vector.offset;
        if (address > UINT32_MAX || !prepare_out(personality->process, (guest_addr){(uint32_t)address}, piece))
            return false;
        size -= piece;
        vector_advance(&vector, piece);
    }
    return true;
}
