/* What the host tells, and when: told urgent | dead | alarms. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "saying.h"

enum { DATA = 10000, ALARMS = 32 };

#define MILLISECOND 1000000L

static int channel[2];

/* --- ends ----------------------------------------------------------------------------------------------------------------- */

static struct motte_down down;

static int next_tag(void)
{
    struct motte_message message = {.bytes = &down, .room = sizeof down};
    int result = motte_receive(channel[1], &message, NULL, 0);
    return result < 0 ? result : (int)message.tag;
}

/* Ten thousand messages are waiting when a process ends. */
static void urgent(void)
{
    int last[2], in_order = 0;
    struct motte_message message = {.room = 0};
    motte_channel_create(2 * DATA, 1 << 20, channel);
    motte_channel_create(1, 64, last);
    int child = child_with("ends", (struct motte_spawn_options){.suspended = 1});
    motte_monitor(child, channel[0], 6);
    motte_monitor_urgent(child, channel[0], 5);
    motte_monitor(child, last[0], 0); /* monitors are told in their order */
    for (unsigned i = 0; i < DATA; i++) {
        message.tag = i;
        motte_send(channel[0], &message, 0);
    }
    motte_start(child);
    message.bytes = &down;
    message.room = sizeof down;
    motte_receive(last[1], &message, NULL, -1);
    say("first", next_tag() == MOTTE_DOWN ? (long)down.number : -1);
    while (next_tag() == in_order)
        in_order++;
    say("then", in_order);
    say("last", (long)down.number);
    say("nothing more", next_tag());
}

static void dead(void)
{
    int child = child_with("ends", (struct motte_spawn_options){0});
    motte_channel_create(1, 64, channel);
    motte_wait(child, NULL, -1);
    say("monitor", motte_monitor(child, channel[0], 7));
    say("told at once", next_tag() == MOTTE_DOWN ? down.end.status : -1);
}

/* --- timers --------------------------------------------------------------------------------------------------------------- */

static struct {
    long number, not_before, not_after; /* nanoseconds of the clock */
    int cancelled, fired;
} all[ALARMS];

static long lateness[ALARMS];

static long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000 + time.tv_nsec;
}

static int order(const void *left, const void *right)
{
    long a = *(const long *)left, b = *(const long *)right;
    return a < b ? -1 : a > b;
}

/* Every second one is cancelled: those that are never fire, and the others once. */
static void set_all(void)
{
    int service = motte_grant("timers");
    for (int i = 0; i < ALARMS; i++) {
        long delay = (1 + i * 7 % ALARMS) * 4 * MILLISECOND;
        all[i].not_before = now() + delay;
        all[i].number = motte_timer(service, channel[0], delay, 1u << i);
        all[i].not_after = now() + delay;
    }
    for (int i = 0; i < ALARMS; i += 2)
        all[i].cancelled = motte_timer_cancel(service, all[i].number) == 0;
}

static void alarms(void)
{
    struct motte_message bits = {.room = 0};
    int early = 0, fired = 0, wrong = 0, cancelled = 0;
    motte_channel_create(1, 64, channel);
    set_all();
    while (motte_receive(channel[1], &bits, NULL, 200 * MILLISECOND) == 0)
        for (int i = 0; i < ALARMS; i++)
            if (bits.tag & 1u << i) {
                long at = now();
                early += at < all[i].not_before;
                lateness[fired++] = at - all[i].not_after;
                all[i].fired++;
            }
    for (int i = 0; i < ALARMS; i++) {
        wrong += all[i].fired != !all[i].cancelled;
        cancelled += all[i].cancelled;
    }
    qsort(lateness, (size_t)fired, sizeof *lateness, order);
    say("cancelled", cancelled);
    say("early", early);
    say("wrong", wrong);
    say("late", lateness[fired / 2]);
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";
    program = motte_grant("program");
    if (!strcmp(mode, "ends"))
        return 9;
    if (!strcmp(mode, "urgent"))
        urgent();
    if (!strcmp(mode, "dead"))
        dead();
    if (!strcmp(mode, "alarms"))
        alarms();
    return 0;
}
