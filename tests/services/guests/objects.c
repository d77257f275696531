/* Banks, meters, timers, names and monitors: modes of the first argument. */
#include <stdlib.h>
#include <string.h>

#include "saying.h"

#define PAGE 4096L
#define MILLISECOND 1000000L

static int bank, meter, channel[2];

static void say_end(int child)
{
    struct motte_end end = {0};
    say("wait", motte_wait(child, &end, -1));
    printf("status %d reason %u\n", end.status, end.reason);
}

static void wait_and_drop(int child)
{
    motte_wait(child, NULL, -1);
    motte_cap_drop(child);
}

static void banks(void)
{
    struct motte_bank_figures figures;
    int small = motte_bank_create(bank, 100 * PAGE), tiny = motte_bank_create(small, 2 * PAGE);
    say("figures", motte_bank_figures(small, &figures));
    say("limit", figures.limit / PAGE);
    say("used", figures.used / PAGE);
    say("available", motte_bank_available(tiny) / PAGE);
    say("too little", child_with("exit", (struct motte_spawn_options){.bank = tiny}));
    say("nothing is left behind", motte_bank_used(small) / PAGE);
    int child = child_with("sleep", (struct motte_spawn_options){.bank = small});
    say("it pays", motte_bank_used(small) > 3 * PAGE);
    say("verify", motte_bank_verify(bank, small));
    motte_channel_create(4, 1024, channel);
    say("a channel is no bank", motte_bank_verify(bank, channel[0]));
    say("a program is none", motte_bank_verify(bank, program));
    int reduced = motte_cap_restrict(small, ~(unsigned)(MOTTE_BANK_DESTROYS | MOTTE_BANK_LIMITS), 0, 0);
    say("no destroy", motte_bank_destroy(reduced));
    say("no limit", motte_bank_limit(reduced, PAGE));
    say("a look", motte_bank_used(reduced) > 0);
    int weak = motte_cap_restrict(small, ~0u, 0, 1);
    say("weak", motte_bank_destroy(weak));
    say("a weak look", motte_bank_used(weak) > 0);
    say("more", motte_bank_limit(small, 200 * PAGE));
    say("destroy", motte_bank_destroy(small));
    say_end(child);
    say("gone", motte_bank_used(small));
    say("below it", motte_bank_used(tiny));
    say("and no bank", motte_bank_verify(bank, tiny));
}

static void inherits(void)
{
    wait_and_drop(child_with("exit", (struct motte_spawn_options){0})); /* this process's own heap and table have grown */
    motte_sleep(20 * MILLISECOND);
    long before = motte_bank_used(bank);
    int middle = motte_bank_create(bank, MOTTE_NO_LIMIT);
    int child = child_with("sleep", (struct motte_spawn_options){.bank = middle});
    long with_child = motte_bank_used(bank);
    say("remove", motte_bank_remove(middle));
    long gone = (with_child - motte_bank_used(bank)) / PAGE;
    say("its page", gone == 1 || gone == 2); /* and one that both banks had begun, perhaps */
    say("lives", motte_wait(child, NULL, 0));
    motte_kill(child);
    wait_and_drop(child);
    while (motte_bank_used(bank) != before) /* what the host remembered of it comes back when that is noticed */
        motte_sleep(MILLISECOND);
    say("all is back", 0);
}

static void meters(void)
{
    struct motte_meter_figures figures;
    int below = motte_meter_create(meter);
    say("weight", motte_meter_weight(below, 300));
    say("no weight", motte_meter_weight(below, 0));
    say("budget", motte_meter_budget(below, 20 * MILLISECOND));
    say("figures", motte_meter_figures(below, &figures));
    printf("weight %lu state %lu left %d\n", figures.weight, figures.state, figures.left > 19 * MILLISECOND);
    int child = child_with("spin", (struct motte_spawn_options){.meter = below});
    say_end(child);
    motte_meter_figures(below, &figures);
    printf("state %lu left %lu\n", figures.state, figures.left);
    motte_channel_create(4, 1024, channel);
    below = motte_meter_create(meter);
    say("keeper", motte_meter_keeper(below, channel[0]));
    motte_meter_budget(below, 5 * MILLISECOND);
    child = child_with("spin", (struct motte_spawn_options){.meter = below});
    for (int refills = 0; refills < 3; refills++) {
        struct motte_message message = {0};
        motte_receive(channel[1], &message, NULL, -1);
        say("dry", message.tag == MOTTE_DRY);
        say("alive", motte_wait(child, NULL, 0));
        say("refill", motte_meter_refill(message.capabilities[0], 5 * MILLISECOND));
        motte_cap_drop(message.capabilities[0]);
    }
    say("off", motte_meter_off(below));
    motte_sleep(5 * MILLISECOND); /* it stops at its next instruction, on another processor perhaps */
    long used = motte_meter_used(below);
    motte_sleep(5 * MILLISECOND);
    say("stands still", motte_meter_used(below) - used);
    say("own meter", motte_meter_keeper(meter, channel[0]));
    motte_kill(child);
    say_end(child);
}

static void timers(void)
{
    int service = motte_grant("timers");
    struct motte_message message = {0};
    motte_channel_create(1, 64, channel);
    long first = motte_timer(service, channel[0], 30 * MILLISECOND, 1);
    long second = motte_timer(service, channel[0], 10 * MILLISECOND, 2);
    long third = motte_timer(service, channel[0], 20 * MILLISECOND, 4);
    printf("numbers %d\n", first > 0 && second > first && third > second);
    say("no bits", motte_timer(service, channel[0], 0, 0));
    say("cancel", motte_timer_cancel(service, third));
    say("cancel again", motte_timer_cancel(service, third));
    for (int i = 0; i < 2; i++) {
        motte_receive(channel[1], &message, NULL, -1);
        printf("bits %u flags %u\n", message.tag, message.flags);
    }
    say("too late", motte_timer_cancel(service, first));
    say("nothing more", motte_receive(channel[1], &message, NULL, 20 * MILLISECOND));
}

static void names(void)
{
    int service = motte_grant("names"), other[2];
    struct motte_message message = {0};
    motte_channel_create(4, 1024, channel);
    motte_channel_create(4, 1024, other);
    say("nobody", motte_name_lookup(service, "printer"));
    struct motte_named given[] = {{"names", service}, {"out", other[0]}, {"in", channel[1]}};
    int child = child_with("register", (struct motte_spawn_options){.grants = given, .grant_count = 3});
    motte_receive(other[1], &message, NULL, -1);
    say("registered", (int)message.tag);
    int found = motte_name_lookup(service, "printer");
    say("kind", motte_cap_kind(found) == MOTTE_SENDER);
    say("taken", motte_name_register(service, "printer", channel[0]));
    say("of another", motte_name_unregister(service, "printer"));
    say("no badge", motte_cap_restrict(found, ~0u, 7, 0));
    say("no revoking", motte_cap_revoke(found, 0));
    motte_monitor(child, other[0], 77);
    say("send", motte_send(found, &message, -1));
    struct motte_down down;
    message = (struct motte_message){.bytes = &down, .room = sizeof down};
    motte_receive(other[1], &message, NULL, -1);
    printf("down %d number %lu status %d\n", message.tag == MOTTE_DOWN, down.number, down.end.status);
    say("free again", motte_name_register(service, "printer", channel[0]));
    say("unregister", motte_name_unregister(service, "printer"));
    say("nobody", motte_name_lookup(service, "printer"));
}

static int registers(void)
{
    struct motte_message message = {0};
    int own[2];
    motte_channel_create(4, 1024, own);
    message.tag = motte_name_register(motte_grant("names"), "printer", own[0]);
    motte_send(motte_grant("out"), &message, -1);
    motte_receive(own[1], &message, NULL, -1);
    return 9;
}

/* They end one after the other while the channel is full. */
static void crowded(void)
{
    enum { CHILDREN = 20 };
    struct motte_down down;
    struct motte_message message = {.bytes = &down, .room = sizeof down};
    int in_order = 0;
    motte_channel_create(1, 64, channel);
    motte_send(channel[0], &(struct motte_message){.tag = 5}, 0);
    for (int i = 0; i < CHILDREN; i++) {
        int child = child_with("exit", (struct motte_spawn_options){0});
        if (motte_monitor(child, channel[0], i) < 0 || motte_wait(child, NULL, -1) < 0)
            return;
        motte_cap_drop(child);
    }
    say("full", motte_send(channel[0], &(struct motte_message){0}, 0));
    motte_receive(channel[1], &message, NULL, -1);
    say("first", message.tag);
    say("room again", motte_send(channel[0], &(struct motte_message){.tag = 6}, 0));
    for (int i = 0; i < CHILDREN; i++)
        in_order += motte_receive(channel[1], &message, NULL, -1) == 0 && message.tag == MOTTE_DOWN && down.number == i;
    say("told", in_order);
    motte_receive(channel[1], &message, NULL, -1);
    say("last", message.tag);
    say("nothing more", motte_receive(channel[1], &message, NULL, 0));
}

/* Of one that does not end, as often as somebody pays for it. */
static void monitors(void)
{
    int result, count = 0;
    motte_channel_create(1, 64, channel);
    while ((result = motte_monitor(motte_grant("sleeper"), channel[0], 0)) == 0)
        count++;
    say("some", count > 10);
    say("refused", result);
}

/* Tells a channel of somebody else's, and has many promises open when it ends. */
static void promises(void)
{
    int short_lived = child_with("exit", (struct motte_spawn_options){.suspended = 1});
    int sleeper = motte_grant("sleeper"), outside = motte_grant("outside");
    for (int i = 0; i < 10; i++) {
        motte_monitor(short_lived, outside, i);
        motte_monitor(sleeper, outside, 100 + i);
    }
    motte_start(short_lived);
    motte_wait(short_lived, NULL, -1);
    motte_send(motte_grant("ready"), &(struct motte_message){0}, -1);
    motte_sleep(1000000 * MILLISECOND);
}

int main(int argc, char **argv)
{
    const char *mode = argv[1];
    program = motte_grant("program");
    bank = motte_grant("bank");
    meter = motte_grant("meter");
    if (!strcmp(mode, "spin"))
        for (volatile int i = 0;; i = i + 1)
            ;
    if (!strcmp(mode, "sleep"))
        motte_sleep(1000000 * MILLISECOND);
    if (!strcmp(mode, "register"))
        return registers();
    if (!strcmp(mode, "asks"))
        for (int i = 0; i < 3000; i++)
            motte_bank_used(bank);
    if (!strcmp(mode, "banks"))
        banks();
    if (!strcmp(mode, "inherits"))
        inherits();
    if (!strcmp(mode, "meters"))
        meters();
    if (!strcmp(mode, "timers"))
        timers();
    if (!strcmp(mode, "names"))
        names();
    if (!strcmp(mode, "crowded"))
        crowded();
    if (!strcmp(mode, "monitors"))
        monitors();
    if (!strcmp(mode, "promises"))
        promises();
    return 0;
}
