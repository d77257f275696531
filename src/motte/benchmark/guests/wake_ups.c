/* How late a sleeper is: wake_ups COUNT PERIOD_NS prints, for each of COUNT wake-ups, nanoseconds after its moment.
   That is PERIOD_NS after it went to sleep; with a third argument, after the moment before: a ticker. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int64_t in_ns(struct timespec time)
{
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int main(int argc, char **argv)
{
    long count = argc > 2 ? atol(argv[1]) : 0, period = argc > 2 ? atol(argv[2]) : 0;
    int64_t *late = malloc((size_t)count * sizeof *late);
    if (!late)
        return 1;
    struct timespec moment, now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t at = in_ns(now);
    for (long i = 0; i < count; i++) {
        at = (argc > 3 ? at : in_ns(now)) + period;
        moment = (struct timespec){.tv_sec = at / 1000000000, .tv_nsec = at % 1000000000};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &moment, NULL);
        clock_gettime(CLOCK_MONOTONIC, &now);
        late[i] = in_ns(now) - at;
    }
    for (long i = 0; i < count; i++)
        printf("%lld\n", (long long)late[i]);
    return 0;
}
