/* Constructors run before main and in order of priority, destructors and atexit functions after it, in reverse.
 *
 * prints:
 * constructor 101
 * constructor 102
 * constructor
 * main: 3 arguments, progname start_and_exit.c, X=1
 * atexit second
 * atexit first
 * destructor
 * destructor 101
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((constructor(102))) static void second(void) { puts("constructor 102"); }
__attribute__((constructor(101))) static void first(void) { puts("constructor 101"); }
__attribute__((constructor)) static void last(void) { puts("constructor"); }
__attribute__((destructor(101))) static void very_last(void) { puts("destructor 101"); }
__attribute__((destructor)) static void end(void) { puts("destructor"); }

static void at_exit_first(void) { puts("atexit first"); }
static void at_exit_second(void) { puts("atexit second"); }

int main(int argc, char **argv)
{
    atexit(at_exit_first);
    atexit(at_exit_second);
    printf("main: %d arguments, progname %s, X=%s\n", argc, program_invocation_short_name, getenv("X"));
    return 0;
}
