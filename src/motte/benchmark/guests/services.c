/* A process that asks the host: services figures | change | timer | spawn, and how often.

   It prints what each took, in nanoseconds, a number a line.  It holds "bank", "meter", "timers" and "program", an empty one. */
#include <motte.h>
#include <motte_services.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST = 100000, FOR_EVER = -1 };

static uint64_t taken[MOST];

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Answered in a moment, and nothing changes. */
static int look_at_bank(void)
{
    struct motte_bank_figures figures;
    return motte_bank_figures(motte_grant("bank"), &figures);
}

/* Something changes. */
static int change_meter(void)
{
    return motte_meter_weight(motte_grant("meter"), 100);
}

/* Two requests: one that is far away, and taken back. */
static int set_timer(void)
{
    static int channel[2];
    if (!channel[0] && motte_channel_create(1, 64, channel) < 0)
        return -1;
    long number = motte_timer(motte_grant("timers"), channel[0], 3600000000000L, 1);
    return number < 0 ? (int)number : motte_timer_cancel(motte_grant("timers"), number);
}

static int spawn(void)
{
    struct motte_end end;
    int child = motte_spawn(motte_grant("program"), NULL), result = child;
    if (child > 0)
        result = motte_wait(child, &end, FOR_EVER);
    return result < 0 ? result : motte_cap_drop(child);
}

static const struct {
    const char *name;
    int (*act)(void);
} ways[] = {{"figures", look_at_bank}, {"change", change_meter}, {"timer", set_timer}, {"spawn", spawn}};

int main(int argc, char **argv)
{
    long count = argc == 3 ? atol(argv[2]) : 0;
    int (*act)(void) = NULL;
    for (size_t i = 0; argc == 3 && i < sizeof ways / sizeof *ways; i++)
        if (!strcmp(argv[1], ways[i].name))
            act = ways[i].act;
    if (!act || count < 1 || count > MOST)
        return 2;
    for (long i = 0; i < count; i++) {
        uint64_t start = now_ns();
        if (act() < 0)
            return 1;
        taken[i] = now_ns() - start;
    }
    for (long i = 0; i < count; i++)
        printf("%llu\n", (unsigned long long)taken[i]);
    return 0;
}
