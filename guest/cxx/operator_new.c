/*
 * C++'s operators new, under their mangled names.  Without exceptions there is
 * nobody to tell that memory ran out, so the throwing forms end the process; the
 * nothrow forms return a null pointer.  A program may define any of them itself.
 */

#include <features.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

void *new_object(size_t size) __asm__("_Znwm");
void *new_array(size_t size) __asm__("_Znam");
void *new_object_aligned(size_t size, size_t alignment) __asm__("_ZnwmSt11align_val_t");
void *new_array_aligned(size_t size, size_t alignment) __asm__("_ZnamSt11align_val_t");
void *new_object_nothrow(size_t size, const void *tag) __asm__("_ZnwmRKSt9nothrow_t");
void *new_array_nothrow(size_t size, const void *tag) __asm__("_ZnamRKSt9nothrow_t");
void *new_object_aligned_nothrow(size_t size, size_t alignment, const void *tag)
    __asm__("_ZnwmSt11align_val_tRKSt9nothrow_t");
void *new_array_aligned_nothrow(size_t size, size_t alignment, const void *tag)
    __asm__("_ZnamSt11align_val_tRKSt9nothrow_t");

/* The library defines it too, beside other things; weakly, so that both may be in a program. */
extern weak const char nothrow __asm__("_ZSt7nothrow");
const char nothrow = 0;

static void *checked(void *memory)
{
    static const char message[] = "operator new: out of memory\n";

    if (!memory) {
        write(STDERR_FILENO, message, sizeof message - 1);
        abort();
    }
    return memory;
}

/* Every object has an address of its own. */
static size_t at_least_one(size_t size)
{
    return size ? size : 1;
}

weak void *new_object(size_t size)
{
    return checked(malloc(at_least_one(size)));
}

weak void *new_array(size_t size)
{
    return new_object(size);
}

weak void *new_object_aligned(size_t size, size_t alignment)
{
    return checked(aligned_alloc(alignment, at_least_one(size)));
}

weak void *new_array_aligned(size_t size, size_t alignment)
{
    return new_object_aligned(size, alignment);
}

weak void *new_object_nothrow(size_t size, const void *tag)
{
    return malloc(at_least_one(size));
}

weak void *new_array_nothrow(size_t size, const void *tag)
{
    return new_object_nothrow(size, tag);
}

weak void *new_object_aligned_nothrow(size_t size, size_t alignment, const void *tag)
{
    return aligned_alloc(alignment, at_least_one(size));
}

weak void *new_array_aligned_nothrow(size_t size, size_t alignment, const void *tag)
{
    return new_object_aligned_nothrow(size, alignment, tag);
}
