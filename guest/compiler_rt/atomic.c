/*
 * Atomic operations on objects that no instruction covers.  A process has one
 * thread, and a signal handler runs only where the process itself raises the
 * signal, so nobody can see a plain copy half done.
 *
 * The compiler knows the functions' names and would not let C define them.
 */

#include <stdbool.h>
#include <string.h>

void atomic_load(size_t size, const void *object, void *value, int order) __asm__("__atomic_load");
void atomic_store(size_t size, void *object, const void *value, int order) __asm__("__atomic_store");
void atomic_exchange(size_t size, void *object, const void *value, void *old, int order) __asm__("__atomic_exchange");
bool atomic_compare_exchange(size_t size, void *object, void *expected, const void *desired, int success, int failure)
    __asm__("__atomic_compare_exchange");
bool atomic_is_lock_free(size_t size, const volatile void *object) __asm__("__atomic_is_lock_free");

void atomic_load(size_t size, const void *object, void *value, int order)
{
    memcpy(value, object, size);
}

void atomic_store(size_t size, void *object, const void *value, int order)
{
    memcpy(object, value, size);
}

void atomic_exchange(size_t size, void *object, const void *value, void *old, int order)
{
    /* `old` may be `value`. */
    for (size_t i = 0; i < size; i++) {
        char before = ((char *)object)[i];
        ((char *)object)[i] = ((const char *)value)[i];
        ((char *)old)[i] = before;
    }
}

bool atomic_compare_exchange(size_t size, void *object, void *expected, const void *desired, int success, int failure)
{
    if (memcmp(object, expected, size)) {
        memcpy(expected, object, size);
        return false;
    }
    memcpy(object, desired, size);
    return true;
}

bool atomic_is_lock_free(size_t size, const volatile void *object)
{
    return size == 1 || size == 2 || size == 4 || size == 8;
}
