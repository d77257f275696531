/* The numbers and layouts of <motte_protocol.h>, a line each. */
#include <motte.h>
#include <motte_protocol.h>
#include <stdio.h>

#define SHOW(what) printf(#what " %ld\n", (long)(what))

int main(void)
{
#include "shown.h"
    return 0;
}
