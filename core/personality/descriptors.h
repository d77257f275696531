/* The table of small integers that a guest calls file descriptors. */
#ifndef MOTTE_PERSONALITY_DESCRIPTORS_H
#define MOTTE_PERSONALITY_DESCRIPTORS_H

#include "state.h"

/* The open file behind a claimed descriptor, or NULL (EBADF). */
struct open_file *descriptor_file(const struct personality *personality, int32_t claimed_descriptor);

/* The lowest free descriptor that is at least `lowest`, or -EMFILE. It stays free until it is filled. */
int64_t descriptor_find_free(const struct personality *personality, int32_t lowest);

/* Fills a free descriptor; the file's host descriptor belongs to the table from then on. Cannot fail: there are as
 * many open files in the pool as descriptors. */
void descriptor_fill(struct personality *personality, int32_t descriptor, const struct open_file *file,
                     bool close_on_exec);

/* Frees a descriptor, and closes its file with the last one. */
void descriptor_release(struct personality *personality, int32_t descriptor);

#endif
