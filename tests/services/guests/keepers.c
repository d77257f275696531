/* What a keeper may do, and what nobody may: modes of the first argument. */
#include <string.h>

#include "saying.h"

#define BASE 0x90000000UL

static int channel[2];

static void say_end(int child)
{
    struct motte_end end = {0};
    say("wait", motte_wait(child, &end, -1));
    printf("status %d reason %u fault %u\n", end.status, end.reason, end.fault);
}

static int next_fault(struct motte_fault *fault)
{
    int handle = motte_fault_receive(channel[1], fault, -1);
    printf("fault kind %u access %u address %lx region %lx call %u\n", fault->kind, fault->access, fault->address,
           fault->region_size, fault->in_call);
    return handle;
}

/* A process's keeper sees registers and memory, skips, sets, kills. */
static void whole_process(void)
{
    struct motte_fault fault;
    unsigned long registers[MOTTE_REGISTERS];
    char text[6];
    int child = child_with("null", (struct motte_spawn_options){.keeper = channel[0]});
    int handle = next_fault(&fault);
    say("registers", motte_fault_registers(handle, registers));
    say("read", motte_fault_read(handle, BASE, text, sizeof text));
    say("no such register", motte_fault_resume_with(handle, &(struct motte_register){17, 1}, 1));
    say("the stack pointer", motte_fault_resume_with(handle, &(struct motte_register){4, 1}, 1));
    say("skip", motte_fault_skip(handle, NULL, 0));
    say("used up", motte_fault_skip(handle, NULL, 0));
    say_end(child);
    child = child_with("null", (struct motte_spawn_options){.keeper = channel[0]});
    handle = next_fault(&fault);
    int copy = motte_cap_copy(handle);
    say("kill", motte_fault_kill(handle));
    say("copy", motte_fault_resume(copy));
    say_end(child);
}

/* The region's keeper first, then the process's, then the end: by an answer, or by nobody holding the fault. */
static void in_order(void)
{
    struct motte_fault fault;
    char bytes[4];
    struct motte_region region = {BASE, 4096, channel[0]};
    for (int drops = 0; drops < 2; drops++) {
        int child = child_with("region", (struct motte_spawn_options){
                                       .keeper = channel[0], .regions = &region, .region_count = 1});
        int handle = next_fault(&fault);
        say("look", motte_fault_read(handle, 0, bytes, 1));
        say("write", motte_fault_write(handle, 0, bytes, 1));
        say("skip", motte_fault_skip(handle, NULL, 0));
        say("outside", motte_fault_supply(handle, 4096, 4096, NULL, 0, 1));
        say("decline", drops ? motte_cap_drop(handle) : motte_fault_decline(handle));
        handle = next_fault(&fault);
        say("decline", drops ? motte_cap_drop(handle) : motte_fault_decline(handle));
        say_end(child);
    }
}

/* A keeper that ends, or has no room, keeps nothing. */
static void without_keeper(void)
{
    int other[2];
    motte_channel_create(1, 64, other);
    int child = child_with("null", (struct motte_spawn_options){.keeper = other[0], .suspended = 1});
    motte_cap_drop(other[1]);
    motte_start(child);
    say_end(child);
    motte_channel_create(1, 64, other);
    motte_send(other[0], &(struct motte_message){0}, 0);
    child = child_with("null", (struct motte_spawn_options){.keeper = other[0]});
    say_end(child);
}

static void cycles(void)
{
    int self = motte_grant("self"), one[2], two[2];
    say("self", motte_keeper_set(self, channel[0]));
    motte_channel_create(4, 1024, one);
    motte_channel_create(4, 1024, two);
    struct motte_named hears_one = {"in", one[1]}, hears_two = {"in", two[1]};
    say("itself", child_with("null", (struct motte_spawn_options){
                                   .suspended = 1, .keeper = one[0], .grants = &hears_one, .grant_count = 1}));
    int first = child_with("null", (struct motte_spawn_options){.suspended = 1, .grants = &hears_one, .grant_count = 1});
    int second = child_with("null", (struct motte_spawn_options){.suspended = 1, .grants = &hears_two, .grant_count = 1});
    say("first by second", motte_keeper_set(first, two[0]));
    say("second by first", motte_keeper_set(second, one[0]));
    say("second by this", motte_keeper_set(second, channel[0]));
    motte_kill(first);
    motte_kill(second);
}

/* Both receiving ends move to the process that is kept, after its keeper was set: it could only wait for itself. */
static void late_cycle(void)
{
    int own[2];
    motte_channel_create(4, 4096, own);
    struct motte_named hears = {"in", channel[1]};
    int child = child_with("takes", (struct motte_spawn_options){.keeper = own[0], .grants = &hears, .grant_count = 1});
    motte_send(channel[0], &(struct motte_message){.capabilities = {own[1]}, .capability_count = 1}, -1);
    motte_cap_drop(own[1]);
    motte_send(channel[0], &(struct motte_message){0}, -1);
    say_end(child);
}

int main(int argc, char **argv)
{
    const char *mode = argv[1];
    program = motte_grant("program");
    if (!strcmp(mode, "null"))
        return *(volatile int *volatile)16 & 0;
    if (!strcmp(mode, "region"))
        return *(volatile int *volatile)(BASE + 20) & 0;
    if (!strcmp(mode, "takes")) {
        struct motte_message message = {0};
        motte_receive(motte_grant("in"), &message, NULL, -1);
        motte_receive(motte_grant("in"), &message, NULL, -1);
        return *(volatile int *volatile)16 & 0;
    }
    motte_channel_create(8, 4096, channel);
    if (!strcmp(mode, "whole"))
        whole_process();
    if (!strcmp(mode, "order"))
        in_order();
    if (!strcmp(mode, "without"))
        without_keeper();
    if (!strcmp(mode, "cycles"))
        cycles();
    if (!strcmp(mode, "late"))
        late_cycle();
    return 0;
}
