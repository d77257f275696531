/* What a guest is told about a file. */
#ifndef MOTTE_PERSONALITY_STATUS_H
#define MOTTE_PERSONALITY_STATUS_H

#include <stddef.h>
#include <stdint.h>

/* The kernel's struct stat on x86-64, which is also musl's. */
struct guest_status {
    uint64_t device;
    uint64_t inode;
    uint64_t links;
    uint32_t mode;
    uint32_t user;
    uint32_t group;
    uint32_t padding;
    uint64_t special_device;
    int64_t size;
    int64_t block_size;
    int64_t blocks;
    struct {
        int64_t seconds;
        int64_t nanoseconds;
    } accessed, modified, changed;
    int64_t unused[3];
};

_Static_assert(sizeof(struct guest_status) == 144, "struct stat");
_Static_assert(offsetof(struct guest_status, mode) == 24, "st_mode");
_Static_assert(offsetof(struct guest_status, special_device) == 40, "st_rdev");
_Static_assert(offsetof(struct guest_status, size) == 48, "st_size");
_Static_assert(offsetof(struct guest_status, accessed) == 72, "st_atim");
_Static_assert(offsetof(struct guest_status, unused) == 120, "end of st_ctim");

#endif
