/* The table of small integers that a guest calls file descriptors. */
#ifndef MOTTE_PERSONALITY_DESCRIPTORS_H
#define MOTTE_PERSONALITY_DESCRIPTORS_H

#include "state.h"

/* The open file behind a claimed descriptor, or NULL (EBADF). */
struct open_file *descriptor_file(const struct personality *personality, int32_t claimed_descriptor);

/* The lowest free descriptor that is at least `lowest`, with everything that filling it will need; -EMFILE or -ENOMEM.
 * It stays free until it is filled, and need not be. */
int64_t descriptor_reserve(struct personality *personality, uint32_t lowest);

/* Fills the reserved descriptor; the file's host descriptor belongs to the table from then on. */
void descriptor_fill(struct personality *personality, int32_t descriptor, const struct open_file *file,
                     bool close_on_exec);

/* Frees a descriptor, and closes its file with the last one. */
void descriptor_release(struct personality *personality, int32_t descriptor);

/* Frees all of them, and the table. */
void descriptors_release(struct personality *personality);

#endif
