/* Time as a process may see it. */
#ifndef MOTTE_PERSONALITY_SHOWN_TIME_H
#define MOTTE_PERSONALITY_SHOWN_TIME_H

#include <time.h>

#include "state.h"

/* Whether it was granted a clock, and has not given it up. */
bool shows_time(const struct personality *personality);

/* As exactly as its clock allows; zero without one. */
struct timespec shown_time(const struct personality *personality, struct timespec time);

#endif
