/* Sleeps until a moment of CLOCK_MONOTONIC, in nanoseconds, and ends; for ever without an argument. */
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv)
{
    long long moment = argc > 1 ? atoll(argv[1]) : 1LL << 60;
    struct timespec until = {.tv_sec = (time_t)(moment / 1000000000), .tv_nsec = (long)(moment % 1000000000)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    return 0;
}
