/* What the signal handlers know of the run at hand. */
#ifndef WATCH_H
#define WATCH_H

#include "monitor.h"

enum { SIGNAL_STACK = 1 << 16 };

/* Shared with the handlers; in memory that is not summed up. */
struct watch {
    volatile bool running;
    uint64_t run, run_at_tick;
    struct start start;
    struct result result;
    uint64_t first, last; /* the mutant's addresses */
    uint64_t entry_stack;
    uint16_t segments[4];
    uint8_t signal_stack[SIGNAL_STACK];
};

extern struct watch *watch;

/* Installs the handlers, and the timer that ends endless loops. */
void handlers_install(void);

#endif
