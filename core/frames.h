/* The native stack, frame by frame.
 *
 * A guest's return addresses lie on a stack that it cannot alter, and the verifier knows the height of that stack at
 * every call.  So the frames of a process can be found exactly, from nothing but the addresses that verified calls
 * pushed and the map of these calls: no guest memory is read, no frame pointer is followed.
 *
 *     higher  | ...                         |
 *             | return address of g         | <- slot of g's caller
 *             | g's frame, `height` bytes   |
 *             | return address of f, in g   | <- slot: what frames_at() is asked about
 *     lower   | f's frame                   |
 *
 * The walk ends at the first return address that is not behind a call of the program: the gate below which the host
 * entered the guest.
 */
#ifndef MOTTE_FRAMES_H
#define MOTTE_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "verifier/verify.h"

struct process;

/* A jump or a backtrace asks once a frame, so that a search among all sites would be most of its time. */
struct frame_map {
    struct motte_call_site *sites; /* sorted by return_offset */
    size_t site_count;
    uint32_t *first_in_block; /* for each BLOCK bytes of code, the first site at or behind their start */
    size_t block_count;
};

/* Copies the sites, which are sorted and lie in `code_size` bytes of code. False without memory: nothing to release. */
bool frame_map_create(struct frame_map *map, const struct motte_call_site *sites, size_t count, size_t code_size);
void frame_map_release(struct frame_map *map);

/* The call that returns to this code offset, or NULL. */
const struct motte_call_site *frame_map_site(const struct frame_map *map, uint64_t return_offset);

/* The call to whose end the return address at `slot` leads; NULL where the program's own frames end. */
const struct motte_call_site *frames_at(const struct process *process, uintptr_t slot);

/* Of a process that STOPPED at an instruction of its own: that instruction's offset, or the first one's if it is part
 * of a shape, which can only be run as a whole. */
uint64_t frames_unit(const struct process *process);

/* Of a STOPPED process: the return address of its innermost frame, or in a kernel call that of the kernel call. False
 * if it is not known, for want of memory. */
bool frames_start(const struct process *process, uintptr_t *slot);

/* Walks from `slot` to the end, and returns how many frames there are; the return offsets of those from number `first`
 * on go into `offsets`, at most `capacity` of them. */
uint64_t frames_collect(const struct process *process, uintptr_t slot, uint64_t first, uint32_t *offsets,
                        uint64_t capacity);

/* From a slot to the next: where the frame to which it returns keeps its own return address. */
static inline uintptr_t frames_next(uintptr_t slot, const struct motte_call_site *site)
{
    return slot + sizeof(uint64_t) + site->height;
}

#endif
