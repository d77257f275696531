/* The kernel's random bytes, fetched for several processes at once: a system call for each would be a good part of the
 * time that a start takes.  The store is the thread's, so it needs no lock; what was handed out is cleared in it; and a
 * child of fork does not hand out what its parent may hand out, too. */
#include "random_bytes.h"

#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#include "slot.h"

enum { PORTIONS = 8 }; /* few: it lies in the room that the host has for thread-local variables of such modules */

static _Thread_local struct {
    uint32_t left;
    uint32_t fork_generation;
    unsigned char bytes[PORTIONS][RANDOM_BYTES];
} store;

bool random_bytes_take(unsigned char *to)
{
    if (store.left == 0 || store.fork_generation != slot_fork_generation()) {
        if (getrandom(store.bytes, sizeof store.bytes, 0) != sizeof store.bytes)
            return false;
        store.left = PORTIONS;
        store.fork_generation = slot_fork_generation();
    }
    store.left--;
    memcpy(to, store.bytes[store.left], RANDOM_BYTES);
    explicit_bzero(store.bytes[store.left], RANDOM_BYTES);
    return true;
}
