/* Runs one mutant and says what became of it, and whether anything outside it changed. */
#ifndef MONITOR_H
#define MONITOR_H

#include "crossing.h"
#include "mutants.h"

enum outcome {
    OUTCOME_RETURNED,    /* behind its caller's call */
    OUTCOME_TRAPPED,     /* at a ud2 of its own */
    OUTCOME_PAST_WINDOW, /* in the guard right behind the window */
    OUTCOME_OVERFLOWED,  /* in the guard below the native stack, after endless recursion */
    OUTCOME_DIVIDED,
    OUTCOME_MISALIGNED,
    OUTCOME_UNSUPPORTED, /* an instruction that this CPU does not have */
    OUTCOME_ENDLESS,     /* stopped by the timer */
    OUTCOME_ESCAPED,
    OUTCOMES
};

struct result {
    enum outcome outcome;
    bool past; /* the unit with the changed byte was executed to its end */
    const char *escape;
    int signal, code;
    uint64_t address, instruction, steps;
};

/* One start of a mutant: at the unit with the changed byte, or at the function's entry. */
struct start {
    const struct mutant *mutant;
    const struct state *state;
    bool at_entry;
    bool stepping; /* one instruction at a time, with rip and rsp compared with `heights` after each */
    /* For stepping: by offset in the function, the height of the unit that an instruction belongs to; -1 where none
     * begins. */
    const int32_t *heights;
};

void monitor_prepare(void);
struct result monitor_run(const struct start *start);

#endif
