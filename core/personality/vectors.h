/* A guest's buffers for one read or write: where they are, and how far we are in them. */
#ifndef MOTTE_PERSONALITY_VECTORS_H
#define MOTTE_PERSONALITY_VECTORS_H

#include "scratch.h"

struct vector {
    struct guest_span *spans;
    size_t count;
    uint64_t offset; /* in spans[0] */
    uint64_t remaining;
};

/* Both check sizes, not addresses: those are checked by the copies. 0, or a negative errno. The spans are kept in the
 * call's scratch. */
int64_t vector_of_one(uint64_t guest_base, uint64_t guest_size, struct vector *vector);
int64_t vector_fetch(struct personality *personality, uint64_t guest_spans, int32_t guest_count,
                     struct vector *vector);

void vector_advance(struct vector *vector, uint64_t size);

/* Asks for pages that the guest's keeper has to supply for the next `size` bytes. False if some cannot be written to. */
bool vector_prepare(struct personality *personality, struct vector vector, size_t size);

/* Copy between the bounce buffer and the next `size` bytes, up to the first bad one; return how many. They do not
 * advance. */
size_t vector_gather(struct personality *personality, struct vector vector, size_t size);
size_t vector_scatter(struct personality *personality, struct vector vector, size_t size);

#endif
