/* Random bytes that follow from a seed: the same on every host, for ever. */
#ifndef MOTTE_RANDOM_STREAM_H
#define MOTTE_RANDOM_STREAM_H

#include <stddef.h>
#include <stdint.h>

/* `size` bytes of a stream, from `position` on.  Streams are told apart by seed and number. */
void random_stream_read(uint64_t seed, uint64_t number, uint64_t position, unsigned char *to, size_t size);

#endif
