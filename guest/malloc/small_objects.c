/* The rare paths of small objects: slabs change state, and the area grows. */

#include <stdlib.h>
#include <sys/mman.h>
#include "syscall.h"
#include "small_objects.h"

#define HEADER_SIZE 64
#define FIRST_GROWTH ((uintptr_t)16 << 10)
#define GREATEST_GROWTH ((uintptr_t)4 << 20)

_Static_assert(sizeof(struct slab) <= HEADER_SIZE, "objects begin at a multiple of their alignment");

/* Stands at the head of a class that has no slab: nothing is free in it. */
static struct slab no_slab;

#define FOUR(x) x, x, x, x
struct slab *__motte_slabs[CLASS_COUNT] = {FOUR(FOUR(&no_slab)), FOUR(FOUR(&no_slab))};

/* Before there is an area, no address may seem to lie in it. */
uintptr_t __motte_small_area = (uintptr_t)1 << 63;

static struct slab *pool;
static uintptr_t area_used, area_usable; /* bytes from the area's start */

/* The area is reserved once, and costs nothing until parts of it are made usable. */
static int reserve_area(void)
{
    static int tried;

    if (tried)
        return 0;
    tried = 1;
    long area = __syscall(SYS_mmap, 0, AREA_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if ((unsigned long)area > -4096UL)
        return 0;
    __motte_small_area = (uintptr_t)area;
    return 1;
}

static int make_usable(uintptr_t size)
{
    if (__syscall(SYS_mprotect, __motte_small_area + area_usable, size, PROT_READ | PROT_WRITE))
        return 0;
    area_usable += size;
    return 1;
}

/* By a quarter, so that the host is called rarely; by one slab where memory is short. */
static int grow_area(void)
{
    if (!area_usable && !reserve_area())
        return 0;
    uintptr_t growth = area_usable / 4 & -(uintptr_t)SLAB_SIZE;
    if (growth < FIRST_GROWTH)
        growth = FIRST_GROWTH;
    if (growth > GREATEST_GROWTH)
        growth = GREATEST_GROWTH;
    if (growth > AREA_SIZE - area_usable)
        growth = AREA_SIZE - area_usable;
    return growth && (make_usable(growth) || make_usable(SLAB_SIZE));
}

static struct slab *take_empty_slab(void)
{
    struct slab *slab = pool;

    if (slab) {
        pool = slab->next;
        return slab;
    }
    if (area_used == area_usable && !grow_area())
        return 0;
    slab = (struct slab *)(__motte_small_area + area_used);
    area_used += SLAB_SIZE;
    return slab;
}

static void fill_with_free_objects(struct slab *slab, unsigned class)
{
    size_t size = (class + 1) * GRANULE;
    unsigned capacity = (unsigned)((SLAB_SIZE - HEADER_SIZE) / size);
    char *place = (char *)slab + HEADER_SIZE;

    *slab = (struct slab){.free = (struct object *)place, .class = class, .capacity = capacity, .object_size = size};
    for (unsigned i = 1; i < capacity; i++, place += size)
        ((struct object *)place)->next = (struct object *)(place + size);
    ((struct object *)place)->next = 0;
}

static void detach_full_head(unsigned class)
{
    struct slab *full = __motte_slabs[class];

    if (full == &no_slab)
        return;
    __motte_slabs[class] = full->next ? full->next : &no_slab;
    __motte_slabs[class]->previous = 0;
    full->detached = 1;
    full->until_slow = 1;
}

/* The head has nothing free: the next listed slab becomes the head, or a new one does. */
void *__motte_allocate_slowly(unsigned class)
{
    detach_full_head(class);
    struct slab *head = __motte_slabs[class];
    if (head == &no_slab) {
        head = take_empty_slab();
        if (!head)
            return __libc_malloc_impl((class + 1) * GRANULE);
        fill_with_free_objects(head, class);
        __motte_slabs[class] = head;
    }
    struct object *object = head->free;
    head->free = object->next;
    head->until_slow += 2; /* this object, and what makes the head's counter greater */
    return object;
}

static void list_slab(struct slab *slab)
{
    struct slab *head = __motte_slabs[slab->class];

    slab->detached = 0;
    slab->until_slow = slab->capacity - 1;
    if (head == &no_slab) {
        slab->next = slab->previous = 0;
        slab->until_slow++;
        __motte_slabs[slab->class] = slab;
        return;
    }
    slab->next = head->next;
    slab->previous = head;
    head->next = slab;
    if (slab->next)
        slab->next->previous = slab;
}

static void pool_slab(struct slab *slab)
{
    slab->previous->next = slab->next;
    if (slab->next)
        slab->next->previous = slab->previous;
    slab->next = pool;
    pool = slab;
}

void __motte_free_slowly(struct slab *slab)
{
    if (slab->detached)
        list_slab(slab);
    else
        pool_slab(slab);
}
