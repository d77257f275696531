/* The text that relative paths start from. */
#ifndef MOTTE_PERSONALITY_WORKING_DIRECTORY_H
#define MOTTE_PERSONALITY_WORKING_DIRECTORY_H

#include "state.h"

/* Gives its memory back. */
void working_directory_forget(struct personality *personality);

#endif
