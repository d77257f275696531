#include <features.h>
#include <stddef.h>
#include <strings.h>
#include "case.h"

int strncasecmp(const char *a, const char *b, size_t limit)
{
    if (!limit)
        return 0;
    while (--limit && *a && lower((unsigned char)*a) == lower((unsigned char)*b))
        a++, b++;
    return lower((unsigned char)*a) - lower((unsigned char)*b);
}

int __strncasecmp_l(const char *a, const char *b, size_t limit, locale_t locale)
{
    return strncasecmp(a, b, limit);
}
weak_alias(__strncasecmp_l, strncasecmp_l);
