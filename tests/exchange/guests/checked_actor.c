#define CHECKED
#include "actor.c"
