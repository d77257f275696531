/* Starts itself, in the way that its first argument names, and says what came of it. */
#include <stdlib.h>
#include <string.h>

#include "saying.h"

static void wait_and_say(int child)
{
    struct motte_end end = {0};
    say("wait", motte_wait(child, &end, -1));
    printf("status %d reason %u fault %u\n", end.status, end.reason, end.fault);
}

static void ends(void)
{
    wait_and_say(child_with("exit7", (struct motte_spawn_options){0}));
    wait_and_say(child_with("crash", (struct motte_spawn_options){0}));
    int child = child_with("sleep", (struct motte_spawn_options){0});
    say("not yet", motte_wait(child, NULL, 0));
    say("nor then", motte_wait(child, NULL, 1000000));
    say("kill", motte_kill(child));
    wait_and_say(child);
    say("kill again", motte_kill(child));
    wait_and_say(child);
}

static void grants(void)
{
    static char names[6][4];
    struct motte_named granted[6];
    int channel[2];
    motte_channel_create(8, 1024, channel);
    for (int i = 0; i < 6; i++) {
        sprintf(names[i], "c%d", i);
        granted[i] = (struct motte_named){names[i], motte_cap_restrict(channel[0], ~0u, i + 1, 0)};
    }
    int child = child_with("use", (struct motte_spawn_options){.grants = granted, .grant_count = 6});
    for (int i = 0; i < 6; i++) {
        struct motte_message message = {0};
        say("received", motte_receive(channel[1], &message, NULL, -1));
        say("badge", message.badge);
    }
    wait_and_say(child);
}

static void use_grants(void)
{
    char name[4];
    for (int i = 0; i < 6; i++) {
        sprintf(name, "c%d", i);
        motte_send(motte_grant(name), &(struct motte_message){.tag = i}, -1);
    }
}

static void suspended(void)
{
    int child = child_with("exit7", (struct motte_spawn_options){.suspended = 1});
    say("not yet", motte_wait(child, NULL, 2000000));
    say("resume", motte_resume(child));
    say("start", motte_start(child));
    wait_and_say(child);
    say("start", motte_start(child));
    say("grant", motte_process_grant(child, "late", program));
}

static void writes(void)
{
    puts("before");
    fflush(stdout);
    wait_and_say(child_with("write", (struct motte_spawn_options){.output = 1}));
    fflush(stdout);
    wait_and_say(child_with("write", (struct motte_spawn_options){0}));
    fclose(stdout);
    motte_wait(child_with("write", (struct motte_spawn_options){.output = 1}), NULL, -1);
}

static void bomb(void)
{
    int count = 0, last = 0;
    while ((last = child_with("sleep", (struct motte_spawn_options){0})) > 0)
        count++;
    say("children", count);
    say("error", last);
}

int main(int argc, char **argv)
{
    const char *mode = argv[1];
    program = motte_grant("program");
    if (!strcmp(mode, "exit7"))
        return 7;
    if (!strcmp(mode, "crash"))
        *(volatile int *volatile)8 = 1;
    if (!strcmp(mode, "sleep"))
        motte_sleep(1000000000000);
    if (!strcmp(mode, "use"))
        use_grants();
    if (!strcmp(mode, "ends"))
        ends();
    if (!strcmp(mode, "grants"))
        grants();
    if (!strcmp(mode, "suspended"))
        suspended();
    if (!strcmp(mode, "write"))
        puts("written");
    if (!strcmp(mode, "writes"))
        writes();
    if (!strcmp(mode, "bomb"))
        bomb();
    if (!strcmp(mode, "wrong")) {
        say("nothing granted", motte_grant("other"));
        say("no handle", motte_spawn(77, NULL));
        int channel[2];
        motte_channel_create(1, 64, channel);
        motte_cap_drop(channel[1]);
        say("no program", motte_spawn(channel[0], NULL));
        say("no right", motte_spawn(motte_cap_restrict(program, 5, 0, 0), NULL));
        say("weak", motte_spawn(motte_cap_restrict(program, ~0u, 0, 1), NULL));
        say("not a process", motte_kill(program));
    }
    return 0;
}
