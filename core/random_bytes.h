/* Random bytes that programs find at their start (AT_RANDOM). */
#ifndef MOTTE_RANDOM_BYTES_H
#define MOTTE_RANDOM_BYTES_H

#include <stdbool.h>

enum { RANDOM_BYTES = 16 };

/* RANDOM_BYTES that nobody else gets; false if the kernel has none. */
bool random_bytes_take(unsigned char *to);

#endif
