#include <features.h>
#include <stddef.h>
#include <strings.h>
#include "case.h"

int strcasecmp(const char *a, const char *b)
{
    while (*a && lower((unsigned char)*a) == lower((unsigned char)*b))
        a++, b++;
    return lower((unsigned char)*a) - lower((unsigned char)*b);
}

int __strcasecmp_l(const char *a, const char *b, locale_t locale)
{
    return strcasecmp(a, b);
}
weak_alias(__strcasecmp_l, strcasecmp_l);
