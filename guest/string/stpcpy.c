#include <features.h>
#include <string.h>

char *__stpcpy(char *restrict to, const char *restrict from)
{
    size_t length = strlen(from);

    memcpy(to, from, length + 1);
    return to + length;
}
weak_alias(__stpcpy, stpcpy);
