/*
 * Small objects: most allocations of most programs.
 *
 * The general allocator below (musl's, with a header before each block) serves
 * any size, but for a list node of 24 bytes its header is a third more memory,
 * and finding and splitting a block is most of the time.  So objects of at most
 * 512 bytes have an area of their own, made of slabs: one page with objects of
 * one size, a list of the free ones, and no headers.  The slab of an object is
 * its address rounded down; whether an object is small is a range check.
 *
 * A slab is in one of four states:
 *
 *     head      of its class's list: the one that malloc takes from
 *     listed    behind the head, with at least one free object and one in use
 *     detached  full, in no list
 *     empty     in the pool of slabs of no class
 *
 * malloc and free are a few instructions each, because the two rare events of
 * free (a detached slab gets its first free object, a listed slab becomes empty)
 * are both "the counter reached zero": it is 1 in a detached slab, the number
 * of objects in use in a listed one, and one more than that in the head.
 */

#ifndef SMALL_OBJECTS_H
#define SMALL_OBJECTS_H

#include <features.h>
#include <stddef.h>
#include <stdint.h>

#define GRANULE 16
#define SMALL_MAX 512
#define CLASS_COUNT (SMALL_MAX / GRANULE)
#define SLAB_SIZE 4096
#define AREA_SIZE ((uintptr_t)512 << 20)

struct object {
    struct object *next;
};

struct slab {
    struct object *free;
    struct slab *next, *previous; /* of the class's list; `next` also of the pool */
    uint32_t until_slow;          /* frees until one of the rare events */
    uint16_t object_size, capacity;
    uint8_t class, detached;
};

extern hidden struct slab *__motte_slabs[CLASS_COUNT]; /* heads */
extern hidden uintptr_t __motte_small_area;

hidden void *__motte_allocate_slowly(unsigned class);
hidden void __motte_free_slowly(struct slab *slab);

static inline int is_small(const void *object)
{
    return (uintptr_t)object - __motte_small_area < AREA_SIZE;
}

static inline struct slab *slab_of(const void *object)
{
    return (struct slab *)((uintptr_t)object & -(uintptr_t)SLAB_SIZE);
}

static inline unsigned class_of(size_t size)
{
    return size ? (unsigned)((size - 1) / GRANULE) : 0;
}

#endif
