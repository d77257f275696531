#define CHECKED
#include "chaos.c"
