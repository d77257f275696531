/* What compiled C++ refers to besides its library. */

#include <stdlib.h>
#include <unistd.h>

/* Names the program to __cxa_atexit; there is only one. */
void *__dso_handle;

static void end_with(const char *message, size_t size)
{
    write(STDERR_FILENO, message, size);
    abort();
}

#define END_WITH(message) end_with(message, sizeof message - 1)

void __cxa_pure_virtual(void)
{
    END_WITH("pure virtual function called\n");
}

void __cxa_deleted_virtual(void)
{
    END_WITH("deleted virtual function called\n");
}

void __cxa_throw_bad_array_new_length(void)
{
    END_WITH("operator new: the array is too large\n");
}

/* Guards of local static objects, for code that was compiled elsewhere: one thread, so nobody has to wait. */
int __cxa_guard_acquire(char *guard)
{
    return !*guard;
}

void __cxa_guard_release(char *guard)
{
    *guard = 1;
}

void __cxa_guard_abort(char *guard)
{
}
