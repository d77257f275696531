/* What it finds of time and chance.  "say": tells. "pass HOW": starts itself, to tell, with what HOW says. "drop": gives
 * both up. "later": uses what came in a message, and has no effect on its C library. */
#include <motte.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/timeb.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

static void say(const char *what, long value)
{
    printf("%s %ld\n", what, value);
}

static long outcome(int result)
{
    return result < 0 ? -errno : result;
}

static void say_time(void)
{
    struct timespec now = {0}, resolution = {0}, pause = {0, 1};
    struct timeval day;
    struct timeb old;
    struct tms ticks;
    struct rusage usage;
    say("clock_gettime", outcome(clock_gettime(CLOCK_MONOTONIC, &now)));
    say("nanoseconds", now.tv_nsec % 1000000);
    say("own time", outcome(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)));
    say("clock_getres", outcome(clock_getres(CLOCK_MONOTONIC, &resolution)));
    say("resolution", resolution.tv_nsec);
    say("time", time(NULL) > 0 ? 1 : time(NULL));
    say("gettimeofday", outcome(gettimeofday(&day, NULL)));
    say("ftime", outcome(ftime(&old)));
    say("clock", clock() == (clock_t)-1 ? -1 : 0);
    say("times", times(&ticks) == (clock_t)-1 ? -errno : 0);
    say("getrusage", outcome(getrusage(RUSAGE_SELF, &usage)));
    say("timespec_get", timespec_get(&now, TIME_UTC));
    say("sleep", outcome(nanosleep(&pause, NULL)));
    say("sleep until", -clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &pause, NULL));
    say("motte_clock", motte_clock(MOTTE_WALL_TIME) > 0 ? 1 : motte_clock(MOTTE_WALL_TIME));
    say("motte_clock steady", motte_clock(MOTTE_STEADY_TIME) > 0 ? 1 : motte_clock(MOTTE_STEADY_TIME));
    say("motte_clock own", motte_clock(MOTTE_OWN_TIME) >= 0 ? 1 : motte_clock(MOTTE_OWN_TIME));
    say("motte_clock other", motte_clock(3));
}

static void say_chance(void)
{
    unsigned char bytes[40] = {0};
    const unsigned char *initial = (const unsigned char *)getauxval(AT_RANDOM);
    say("getrandom", outcome(getrandom(bytes, 5, 0)));
    say("getentropy", outcome(getentropy(bytes + 5, 11)));
    say("motte_random", motte_random(bytes + 16, 24));
    say("motte_random nowhere", motte_random(0, 8));
    printf("bytes ");
    for (unsigned i = 0; i < sizeof bytes; i++)
        printf("%02x", bytes[i]);
    printf("\ninitial ");
    for (unsigned i = 0; initial && i < 16; i++)
        printf("%02x", initial[i]);
    printf("\n");
}

static int say_all(void)
{
    say("clock kind", motte_grant("clock") > 0 ? motte_cap_kind(motte_grant("clock")) : motte_grant("clock"));
    say("random kind", motte_grant("random") > 0 ? motte_cap_kind(motte_grant("random")) : motte_grant("random"));
    say_time();
    say_chance();
    return 0;
}

static int pass(const char *how)
{
    struct motte_named grants[3] = {{"program", motte_grant("program")}};
    unsigned count = 1;
    int clock = motte_grant("clock"), random = motte_grant("random"), handles[2];
    if (!strcmp(how, "both") || !strcmp(how, "clock"))
        grants[count++] = (struct motte_named){"clock", clock};
    if (!strcmp(how, "both"))
        grants[count++] = (struct motte_named){"random", random};
    if (!strcmp(how, "coarse"))
        grants[count++] =
            (struct motte_named){"clock", motte_cap_restrict(clock, ~(unsigned)MOTTE_CLOCK_EXACT, 0, 0)};
    if (!strcmp(how, "blind"))
        grants[count++] = (struct motte_named){"clock", motte_cap_restrict(clock, MOTTE_MAY_COPY, 0, 1)};
    if (!strcmp(how, "weak"))
        grants[count++] = (struct motte_named){"clock", motte_cap_restrict(clock, ~0U, 0, 1)};
    if (!strcmp(how, "badge"))
        grants[count++] = (struct motte_named){"random", motte_cap_restrict(random, ~0U, 7, 0)};
    if (!strcmp(how, "crossed")) {
        grants[count++] = (struct motte_named){"clock", random};
        grants[count++] = (struct motte_named){"random", clock};
    }
    if (!strcmp(how, "forwarded")) {
        motte_cap_forward(clock, 0, handles);
        grants[count++] = (struct motte_named){"clock", handles[0]};
    }
    if (!strcmp(how, "cut")) {
        motte_cap_forward(clock, 0, handles);
        motte_cap_revoke(handles[1], 0);
        grants[count++] = (struct motte_named){"clock", handles[0]};
    }
    const char *arguments[] = {"say", NULL};
    struct motte_end end;
    int child = motte_spawn(motte_grant("program"), &(struct motte_spawn_options){
        .arguments = arguments, .grants = grants, .grant_count = count, .output = 1});
    say("child", child < 0 ? child : 0);
    fflush(stdout);
    return child < 0 ? 0 : motte_wait(child, &end, -1) < 0 || end.status;
}

static int misuse(void)
{
    struct motte_message message = {0};
    int clock = motte_grant("clock"), random = motte_grant("random"), handles[2];
    say("send", motte_send(clock, &message, 0));
    say("call", motte_call(random, &message, &message, 0));
    say("receive", motte_receive(clock, &message, NULL, 0));
    say("notify", motte_notify(clock, 1));
    say("revoke", motte_cap_revoke(clock, 0));
    say("badge", motte_cap_restrict(clock, ~0U, 1, 0));
    say("badge of the host's", motte_cap_restrict(random, ~0U, 1, 0));
    say("widened", motte_cap_restrict(motte_cap_restrict(clock, MOTTE_MAY_COPY, 0, 0), ~0U, 0, 0) > 0);
    say("forward", motte_cap_forward(clock, 1, handles));
    say("send through it", motte_send(handles[0], &message, 0));
    say("spawn from it", motte_spawn(clock, NULL));
    return 0;
}

static int drop(void)
{
    int clock = motte_grant("clock"), random = motte_grant("random");
    char byte;
    say("before", motte_clock(0) > 0 && motte_random(&byte, 1) == 0);
    motte_cap_drop(clock);
    motte_cap_drop(random);
    say("clock", motte_clock(0));
    say("random", motte_random(&byte, 1));
    say("by name", motte_cap_kind(motte_grant("clock")));
    return 0;
}

static int temporary(void)
{
    char first[] = "/data/a.XXXXXX", second[] = "/data/a.XXXXXX";
    say("first", mkstemp(first) >= 0);
    say("second", mkstemp(second) >= 0);
    say("differ", strcmp(first, second) != 0);
    return 0;
}

int main(int argc, char **argv)
{
    if (!strcmp(argv[1], "say"))
        return say_all();
    if (!strcmp(argv[1], "pass"))
        return pass(argv[2]);
    if (!strcmp(argv[1], "misuse"))
        return misuse();
    if (!strcmp(argv[1], "temporary"))
        return temporary();
    return drop();
}
