#include "panic.h"

#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

_Noreturn void panic(const char *epitaph)
{
    struct iovec pieces[] = {
        {(void *)"motte: internal error: ", 23},
        {(void *)epitaph, strlen(epitaph)},
        {(void *)"\n", 1},
    };
    ssize_t written = writev(STDERR_FILENO, pieces, 3);
    (void)written;
    abort();
}
