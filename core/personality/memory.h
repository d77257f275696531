/* Ranges of the window that a guest may arrange itself. */
#ifndef MOTTE_PERSONALITY_MEMORY_H
#define MOTTE_PERSONALITY_MEMORY_H

#include "state.h"
#include "window.h"

struct page_range {
    guest_addr start;
    uint64_t pages;
};

/* `size` rounded up to whole pages; `size` is at most 4 GiB. */
static inline uint64_t page_up(uint64_t size)
{
    return (size + MOTTE_PAGE_SIZE - 1) / MOTTE_PAGE_SIZE * MOTTE_PAGE_SIZE;
}

/* The only way from claimed numbers to a range: -EINVAL if it is unaligned or empty, -ENOMEM if it is not the guest's
 * to arrange. */
int64_t decode_range(const struct personality *personality, uint64_t claimed_start, uint64_t claimed_size,
                     struct page_range *range);

/* PROT_ flags: -EPERM for PROT_EXEC, since no byte of a window is ever executable; -EINVAL for unknown ones. */
int64_t decode_protection(int32_t claimed_protection, enum window_protection *protection);

#endif
