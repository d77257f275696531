/* Does what its first argument says; without one, nothing. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <motte.h>

#define HOLE ((volatile char *)0x90000000)

int twice(int value) MOTTE_HOST("twice");

static const char zeros[4096];

static int copy_input(void)
{
    for (int byte; (byte = getchar()) != EOF;)
        putchar(byte);
    return 0;
}

static int take_memory(void)
{
    int pieces = 0;
    for (char *piece; (piece = malloc(1 << 16)) != NULL; pieces++)
        memset(piece, 1, 1 << 16);
    return pieces > 3 ? 3 : 4;
}

/* Each message, byte for byte, to whoever has called. */
static int serve(void)
{
    int in = motte_grant("in");
    char bytes[64];
    struct motte_message message = {.bytes = bytes, .room = sizeof bytes};
    while (motte_receive(in, &message, 0, -1) >= 0) {
        struct motte_message answer = {.bytes = bytes, .size = message.size};
        motte_reply(message.reply, &answer);
    }
    return 3;
}

static int spawn_others(int count)
{
    const char *const arguments[] = {"nothing", 0};
    int program = motte_grant("program"), failures = 0;
    for (int i = 0; i < count; i++) {
        int process = motte_spawn(program, &(struct motte_spawn_options){.arguments = arguments});
        failures += process < 0 || motte_wait(process, 0, -1) < 0;
        motte_cap_drop(process);
    }
    return failures ? 4 : 3;
}

int main(int argc, char **argv)
{
    const char *task = argc > 1 ? argv[1] : "";
    if (!strcmp(task, "spin"))
        for (;;)
            __asm__ volatile("");
    if (!strcmp(task, "sleep"))
        for (;;)
            sleep(1000);
    if (!strcmp(task, "fault"))
        return *(volatile int *)4;
    if (!strcmp(task, "supply"))
        return HOLE[0] + HOLE[4096] + HOLE[8192];
    if (!strcmp(task, "memory"))
        return take_memory();
    if (!strcmp(task, "flood"))
        for (;;)
            write(1, zeros, sizeof zeros);
    if (!strcmp(task, "copy"))
        return copy_input();
    if (!strcmp(task, "twice"))
        return twice(7);
    if (!strcmp(task, "serve"))
        return serve();
    if (!strcmp(task, "spawn"))
        return spawn_others(20);
    return 3;
}
