/* Links and exit signals.  "receiver" and "trapping" wait for what comes; "sender WHAT" sends it. */
#include <motte.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "saying.h"

static int channel[2];

/* The next exit signal. */
static int heard(struct motte_exit_signal *signal)
{
    struct motte_message message = {.bytes = signal, .room = sizeof *signal};
    int result = motte_receive(channel[1], &message, NULL, -1);
    return result == 0 && message.tag == MOTTE_EXIT_SIGNAL && message.size == sizeof *signal;
}

static void is_ready(void)
{
    motte_send(motte_grant("ready"), &(struct motte_message){0}, -1);
}

/* It lives on until it may go. */
static int receiver(const char *what)
{
    if (!strcmp(what, "links"))
        motte_link(motte_grant("other"), 5);
    is_ready();
    return motte_receive(motte_grant("go"), &(struct motte_message){0}, NULL, -1) == 0 ? 0 : 1;
}

static int trapping(const char *what)
{
    struct motte_exit_signal signal;
    motte_channel_create(1, 64, channel);
    if (motte_trap_exit(motte_grant("links"), channel[0]) < 0)
        return 1;
    motte_send(channel[0], &(struct motte_message){0}, 0); /* it is full */
    if (!strcmp(what, "links"))
        motte_link(motte_grant("other"), 5);
    is_ready();
    motte_receive(motte_grant("go"), &(struct motte_message){0}, NULL, -1);
    motte_receive(channel[1], &(struct motte_message){0}, NULL, -1);
    if (!heard(&signal))
        return 1;
    printf("number %lu sender %d reason %u detail %d linked %u\n", signal.number, signal.process > 0, signal.reason,
           signal.detail, signal.linked);
    say("only one", motte_receive(channel[1], &(struct motte_message){0}, NULL, 0));
    return 0;
}

static int sender(char **arguments)
{
    int target = motte_grant("target");
    if (!strcmp(arguments[0], "exit")) {
        say("exit", motte_exit_process(target, atoi(arguments[1]), atoi(arguments[2])));
        return 0;
    }
    say("link", motte_link(target, 9));
    say("again", motte_link(target, 9));
    if (!strcmp(arguments[0], "unlinked"))
        say("unlink", motte_unlink(target));
    fflush(stdout);
    if (!strcmp(arguments[0], "fault"))
        __builtin_trap();
    if (!strcmp(arguments[0], "waits")) {
        is_ready();
        motte_sleep(1000000000000L);
    }
    return atoi(arguments[1]);
}

static int to_itself(void)
{
    int self = motte_self(motte_grant("links"));
    say("kind", motte_cap_kind(self));
    fflush(stdout);
    say("linked with itself", motte_link(self, 1));
    fflush(stdout);
    say("exit", motte_exit_process(self, MOTTE_REASON_NORMAL, 0));
    motte_sleep(1000000000000L);
    return 1;
}

/* A supervisor whose channel has room for one message. */
static void supervises(void)
{
    enum { CHILDREN = 8 };
    struct motte_exit_signal signal;
    int heard_of[CHILDREN] = {0}, right = 0, children[CHILDREN];
    motte_channel_create(1, 64, channel);
    say("trap", motte_trap_exit(motte_grant("links"), channel[0]));
    motte_send(channel[0], &(struct motte_message){0}, 0);
    for (int i = 0; i < CHILDREN; i++) {
        char status[8];
        sprintf(status, "%d", i);
        const char *arguments[] = {"child", status, NULL};
        children[i] = motte_spawn(program, &(struct motte_spawn_options){.arguments = arguments, .suspended = 1});
        motte_link(children[i], 100 + i);
    }
    for (int i = 0; i < CHILDREN; i++)
        motte_start(children[i]);
    for (int i = 0; i < CHILDREN; i++)
        motte_wait(children[i], NULL, -1);
    motte_receive(channel[1], &(struct motte_message){0}, NULL, -1);
    for (int i = 0; i < CHILDREN && heard(&signal); i++) {
        int which = signal.number - 100;
        heard_of[which]++;
        right += signal.linked && (which ? signal.reason == MOTTE_REASON_STATUS && signal.detail == which
                                         : signal.reason == MOTTE_REASON_NORMAL);
    }
    say("right", right);
    for (int i = 0; i < CHILDREN; i++)
        if (heard_of[i] != 1)
            say("not once", i);
    say("link with one that has ended", motte_link(children[3], 77));
    say("told of it", heard(&signal) && signal.reason == MOTTE_REASON_NOPROC && signal.number == 77);
    say("no trap any more", motte_trap_exit(motte_grant("links"), 0));
    say("and no reason", motte_exit_process(children[0], 12, 0));
    say("nor such a fault", motte_exit_process(children[0], MOTTE_REASON_FAULT, 999));
}

/* Without the rights, and with a full bank. */
static void refused(void)
{
    int target = motte_grant("target"), links = motte_grant("links");
    int looks = motte_cap_restrict(target, ~(unsigned)MOTTE_PROCESS_END, 0, 0);
    int ends = motte_cap_restrict(target, ~(unsigned)MOTTE_PROCESS_LOOK, 0, 0);
    int weak = motte_cap_restrict(target, ~0U, 0, 1);
    say("looks: link", motte_link(looks, 1));
    say("looks: exit", motte_exit_process(looks, MOTTE_REASON_KILL, 0));
    say("ends: link", motte_link(ends, 1));
    say("weak: link", motte_link(weak, 1));
    say("weak: exit", motte_exit_process(weak, MOTTE_REASON_KILL, 0));
    say("no link: unlink", motte_unlink(target));
    motte_channel_create(1, 64, channel);
    say("no right: trap", motte_trap_exit(motte_cap_restrict(links, ~(unsigned)MOTTE_LINKS_TRAP_EXIT, 0, 0), channel[0]));
    say("no right: self", motte_self(motte_cap_restrict(links, ~(unsigned)MOTTE_LINKS_GIVE_SELF, 0, 0)));
    say("no channel", motte_trap_exit(links, channel[1]));
    while (motte_monitor(target, channel[0], 0) == 0)
        ;
    say("no memory: link", motte_link(target, 1));
    say("no memory: trap", motte_trap_exit(links, channel[0]));
}

int main(int argc, char **argv)
{
    const char *mode = argv[1];
    program = motte_grant("program");
    if (!strcmp(mode, "child"))
        return atoi(argv[2]);
    if (!strcmp(mode, "receiver"))
        return receiver(argv[2]);
    if (!strcmp(mode, "trapping"))
        return trapping(argv[2]);
    if (!strcmp(mode, "sender"))
        return sender(argv + 2);
    if (!strcmp(mode, "itself"))
        return to_itself();
    if (!strcmp(mode, "supervises"))
        supervises();
    if (!strcmp(mode, "refused"))
        refused();
    return 0;
}
