#define CHECKED
#include "blocks.c"
