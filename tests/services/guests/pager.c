/*
 * A process that keeps another one's memory.  "pager": the region's pages hold their own numbers, written ones are kept in
 * the pager, and at most RESIDENT pages are there at once.  "kept": writes a few, and adds all of them up.
 */
#include <motte.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 4096
#define PAGES 64
#define RESIDENT 8
#define BASE 0x90000000UL

static unsigned store[PAGES][PAGE / sizeof(unsigned)];
static unsigned resident[RESIDENT], next_victim, loads;

static void make_room(int fault)
{
    unsigned victim = resident[next_victim];
    if (victim && motte_fault_withdraw(fault, (victim - 1) * PAGE, store[victim - 1], PAGE) < 0)
        exit(3);
}

static void keep(int channel)
{
    struct motte_fault fault;
    int handle;
    for (unsigned i = 0; i < PAGES; i++)
        for (unsigned j = 0; j < PAGE / sizeof(unsigned); j++)
            store[i][j] = i;
    while ((handle = motte_fault_receive(channel, &fault, -1)) > 0) {
        unsigned page = fault.address / PAGE;
        make_room(handle);
        resident[next_victim] = page + 1;
        next_victim = (next_victim + 1) % RESIDENT;
        loads++;
        if (motte_fault_supply(handle, page * PAGE, PAGE, store[page], PAGE, 1) < 0)
            exit(4);
        if (motte_fault_resume(handle) < 0 || motte_fault_resume(handle) != -MOTTE_INVALID_CAP)
            exit(5);
    }
    printf("ended with %d after %u loads\n", handle, loads);
}

static int work(void)
{
    volatile unsigned *memory = (volatile unsigned *)BASE;
    unsigned long sum = 0;
    for (unsigned i = 0; i < PAGES; i += 2)
        memory[i * 1024 + 7] = 1000;
    for (unsigned i = 0; i < PAGES * 1024; i++)
        sum += memory[i];
    unsigned long expected = 0;
    for (unsigned i = 0; i < PAGES; i++)
        expected += i % 2 ? 1024UL * i : 1023UL * i + 1000;
    printf("%s\n", sum == expected ? "right" : "wrong");
    return sum != expected;
}

int main(int argc, char **argv)
{
    int channel[2];
    const char *arguments[] = {"kept", NULL};
    if (argc > 1)
        return work();
    motte_channel_create(4, 1024, channel);
    struct motte_region region = {BASE, PAGES * PAGE, channel[0]};
    int child = motte_spawn(motte_grant("program"), &(struct motte_spawn_options){
                                                        .arguments = arguments,
                                                        .regions = &region,
                                                        .region_count = 1,
                                                    });
    printf("monitor %d\n", motte_monitor(child, channel[0], 5));
    motte_cap_drop(channel[0]);
    keep(channel[1]);
    struct motte_end end;
    printf("wait %d\n", motte_wait(child, &end, -1));
    printf("status %d reason %u\n", end.status, end.reason);
    return 0;
}
