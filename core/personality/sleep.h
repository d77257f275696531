/* Sleeping: the process waits after its call, and no thread with it. */
#ifndef MOTTE_PERSONALITY_SLEEP_H
#define MOTTE_PERSONALITY_SLEEP_H

#include <time.h>

#include "state.h"

/* NULL: for ever. */
void sleep_for(struct personality *personality, const struct timespec *duration);

#endif
