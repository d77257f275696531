/* What the guests of these tests have in common: they start themselves in other modes, and say what came of it. */
#ifndef SAYING_H
#define SAYING_H

#include <motte.h>
#include <stdio.h>

static int program;

static void say(const char *what, long result)
{
    printf("%s %ld\n", what, result);
}

static int child_with(const char *mode, struct motte_spawn_options options)
{
    const char *arguments[] = {mode, NULL};
    options.arguments = arguments;
    return motte_spawn(program, &options);
}

#endif
