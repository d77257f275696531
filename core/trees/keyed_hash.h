/* A hash of bytes that others choose, under a key that they do not know: SipHash-1-3 (Aumasson and Bernstein).  Who does not know
 * the key cannot find many names with hashes that are alike, not even by looking at how long lookups take.
 */
#ifndef MOTTE_KEYED_HASH_H
#define MOTTE_KEYED_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Of `number`, and these bytes behind it. */
uint64_t keyed_hash(const uint64_t key[2], uint64_t number, const char *bytes, size_t size);

#endif
