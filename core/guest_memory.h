/* Guest memory as the host may touch it: by copying, and in no other way.
 *
 * A guest address is an allegation.  It has a type of its own, made only from the low 32 bits of a
 * guest register, so that it can neither be dereferenced nor mixed up with a host address.  Holding
 * one proves nothing: the page may be absent, read-only, or change while it is read.  Hence:
 *
 *   - copy each structure in once, validate the copy, never look again;
 *   - every copy may fail, and then may have been done in part;
 *   - do not copy while holding a lock.
 *
 * A copy grows the data stack as the guest's own access would.  The functions may be called from
 * any thread while the process is not closed.
 */
#ifndef MOTTE_GUEST_MEMORY_H
#define MOTTE_GUEST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct process;

typedef struct {
    uint32_t value; /* offset in the window */
} guest_addr;

/* The only way from a register to an address: the upper half is dropped, as the guest's own accesses drop it. */
static inline guest_addr guest_addr_from_register(uint64_t guest_register)
{
    return (guest_addr){(uint32_t)guest_register};
}

/* True if all `size` bytes were copied; false if a byte lies past the window's end or is not accessible. */
bool copy_in(struct process *process, void *to, guest_addr from, size_t size);
bool copy_out(struct process *process, guest_addr to, const void *from, size_t size);

/* Copies inside the window; the ranges must not overlap. */
bool copy_within(struct process *process, guest_addr to, guest_addr from, size_t size);

/* Writes zeros. */
bool clear_out(struct process *process, guest_addr to, size_t size);

/* Before the host does something whose result must not be lost for want of a page that a keeper would supply, or pay for:
 * touches every page of the range, without changing it.  False if one cannot be written to.  True at once if nobody
 * keeps the process or its bank. */
bool prepare_out(struct process *process, guest_addr to, size_t size);

enum copy_string_result {
    STRING_COPIED,
    STRING_TOO_LONG, /* no NUL among the first `capacity` bytes */
    STRING_UNREADABLE,
};

/* Copies up to and including the NUL. `*length` (without the NUL) is set only with STRING_COPIED. */
enum copy_string_result copy_in_string(struct process *process, char *to, guest_addr from, size_t capacity,
                                       size_t *length);

#endif
