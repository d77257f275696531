/*
 * Launches programs of its users, whose bitcode lies in /programs: gives them memory as it sees fit, and time in an order of
 * its own.
 */
#include <motte.h>
#include <stdio.h>
#include <stdlib.h>

enum { MIB = 1 << 20, MILLISECOND = 1000000, LARGEST = 1 << 20 };

static int launch(const char *name, struct motte_launch_options *options)
{
    static char bitcode[LARGEST], said[1024];
    options->process.bank = motte_grant("bank");
    options->process.meter = motte_grant("meter");
    options->diagnostics = (struct motte_diagnostics){said, sizeof said};
    char path[64];
    snprintf(path, sizeof path, "/programs/%s.bc", name);
    FILE *file = fopen(path, "r");
    if (!file)
        return -1;
    unsigned long size = fread(bitcode, 1, sizeof bitcode, file);
    fclose(file);
    int process = motte_launch(motte_grant("launcher"), bitcode, size, options);
    if (process < 0)
        printf("%s does not start: %s\n", name, said);
    return process;
}

/* --- an allocator: so much for each, and no more -------------------------------------------------------------------------- */

static void supply(const char *name, unsigned long most)
{
    int channel[2];
    struct motte_launch_options options = {.memory = 2 * MIB};
    struct motte_shortage shortage;
    struct motte_end end;
    motte_channel_create(4, 4096, channel);
    options.allocator = channel[0];
    int process = launch(name, &options);
    while (motte_wait(process, &end, 0) == -MOTTE_TIMEOUT)
        if (motte_shortage_receive(channel[1], &shortage, 5 * MILLISECOND) == 0) {
            if (shortage.limit + 2 * MIB <= most)
                motte_shortage_grant(&shortage, 2 * MIB);
            else
                motte_shortage_refuse(&shortage);
        }
    printf("%s, with %lu MiB at most: it ends with %d\n", name, most / MIB, end.status);
}

/* --- a scheduler: one runs at a time, in this order ------------------------------------------------------------------------ */

enum { CHILDREN = 2 };

struct child {
    int process, meter, channel[2];
    struct motte_launch_options options;
};

/* Until its quantum is used up. */
static void wait_until_dry(struct child *child)
{
    struct motte_message message = {.room = 0};
    if (motte_receive(child->channel[1], &message, NULL, -1) || message.tag != MOTTE_DRY)
        exit(1);
    motte_cap_drop(message.capabilities[0]);
}

static void take_turns(const char *name, const char *order)
{
    static struct child children[CHILDREN];
    long used[CHILDREN];
    for (struct child *child = children; child < children + CHILDREN; child++) {
        motte_channel_create(4, 4096, child->channel);
        child->options.scheduler = child->channel[0];
        child->options.quantum = MILLISECOND;
        child->process = launch(name, &child->options);
        wait_until_dry(child);
    }
    for (const char *next = order; *next; next++) {
        struct child *child = &children[*next - 'A'];
        motte_meter_refill(child->options.own_meter, 10 * MILLISECOND);
        wait_until_dry(child);
    }
    for (int i = 0; i < CHILDREN; i++) {
        used[i] = motte_meter_used(children[i].options.own_meter);
        motte_kill(children[i].process);
        motte_wait(children[i].process, NULL, -1);
    }
    printf("%s: the first had %ld times what the second had\n", order, (used[0] + used[1] / 2) / used[1]);
}

int main(void)
{
    struct motte_launch_options options = {0};
    supply("hungry", 16 * MIB);
    supply("hungry", 8 * MIB);
    take_turns("busy", "AABAABAAB");
    take_turns("busy", "AAAABAAAAB");
    return launch("broken", &options) > 0;
}
