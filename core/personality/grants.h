/* The directories that a process is granted. */
#ifndef MOTTE_PERSONALITY_GRANTS_H
#define MOTTE_PERSONALITY_GRANTS_H

#include "state.h"

/* 0, or a negative errno; grants_release is due in both cases. */
int grants_add(struct personality *personality, const struct personality_options *options);
void grants_release(struct personality *personality);

#endif
