/* The end of the host, when something that guards isolation is not as it must be: there is nothing safe left to do. */
#ifndef MOTTE_PANIC_H
#define MOTTE_PANIC_H

#include <stdbool.h>

/* Writes `epitaph` to stderr and aborts. Safe in signal handlers. */
_Noreturn void panic(const char *epitaph);

/* An assertion that stays in release builds. */
static inline void require(bool condition, const char *epitaph)
{
    if (!condition)
        panic(epitaph);
}

#endif
