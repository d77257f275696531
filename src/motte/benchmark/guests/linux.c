/* Linux's own primitives, for comparison: prints "NAME CYCLES", the shortest of many batches, and "timer_ns NANOSECONDS".

   Compiled by the host's compiler; never run in a window. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

extern char **environ;

static void system_call(void)
{
    syscall(SYS_getppid);
}

static void fork_and_wait(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
}

static void spawn_and_wait(void)
{
    pid_t child;
    char *arguments[] = {"/bin/true", NULL};
    if (posix_spawn(&child, arguments[0], NULL, NULL, arguments, environ) == 0)
        waitpid(child, NULL, 0);
}

static void measure(const char *name, void (*operation)(void), int batches, int batch)
{
    uint64_t shortest = UINT64_MAX;
    for (int i = 0; i < batches; i++) {
        uint64_t start = __rdtsc();
        for (int k = 0; k < batch; k++)
            operation();
        uint64_t elapsed = __rdtsc() - start;
        shortest = elapsed < shortest ? elapsed : shortest;
    }
    printf("%s %.1f\n", name, (double)shortest / batch);
}

static long switches(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_nvcsw + usage.ru_nivcsw;
}

/* Two processes on one CPU that only yield.  Not every yield is a switch, so switches are counted: for each of ours
 * there is one of the other's. */
static void measure_switch(void)
{
    cpu_set_t before, one;
    sched_getaffinity(0, sizeof before, &before);
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    sched_setaffinity(0, sizeof one, &one);
    pid_t other = fork();
    if (other == 0)
        for (;;)
            sched_yield();
    double shortest = 1e18;
    for (int batch = 0; batch < 200; batch++) {
        long first = switches();
        uint64_t start = __rdtsc();
        for (int i = 0; i < 500; i++)
            sched_yield();
        uint64_t elapsed = __rdtsc() - start;
        long count = switches() - first;
        if (count > 400 && (double)elapsed / (double)(2 * count) < shortest)
            shortest = (double)elapsed / (double)(2 * count);
    }
    if (shortest < 1e18)
        printf("switch %.1f\n", shortest);
    kill(other, SIGKILL);
    waitpid(other, NULL, 0);
    sched_setaffinity(0, sizeof before, &before);
}

/* --- what a timer costs whoever is interrupted by it ------------------------------------------------------------------ */

enum { ROUNDS = 30000000, INTERVAL_NS = 200000, REPETITIONS = 7 };

static timer_t timer;
static volatile long expired;

static void set_timer(long ns)
{
    struct itimerspec when = {.it_value = {.tv_nsec = ns}};
    timer_settime(timer, 0, &when, NULL);
}

static void on_timer(int number)
{
    (void)number;
    expired = expired + 1;
    set_timer(INTERVAL_NS);
}

static double work_ns(void)
{
    struct timespec start, end;
    uint64_t state = 1;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
    for (long i = 0; i < ROUNDS; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        __asm__ volatile("" : "+r"(state));
    }
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    return (double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec);
}

/* Nanoseconds of CPU time for each of a row of one-shot timers, whose handler does nothing but set the next. */
static void measure_timer(void)
{
    struct sigaction action = {.sa_handler = on_timer};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
    sigaction(SIGRTMIN, &action, NULL);
    timer_create(CLOCK_MONOTONIC, &event, &timer);
    double undisturbed = 1e18, disturbed = 1e18;
    long count = 1;
    for (int i = 0; i < REPETITIONS; i++) {
        double elapsed = work_ns();
        undisturbed = elapsed < undisturbed ? elapsed : undisturbed;
        expired = 0;
        set_timer(INTERVAL_NS);
        elapsed = work_ns();
        set_timer(0);
        if (elapsed < disturbed) {
            disturbed = elapsed;
            count = expired > 0 ? expired : 1;
        }
    }
    printf("timer_ns %.1f\n", (disturbed - undisturbed) / (double)count);
}

/* --- one byte there and back, through two pipes --------------------------------------------------------------------------- */

static int there[2], back[2];

static void call_and_answer(void)
{
    char byte = 0;
    if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
        _exit(1);
}

static void measure_pipes(void)
{
    cpu_set_t before, one;
    if (pipe(there) != 0 || pipe(back) != 0)
        return;
    sched_getaffinity(0, sizeof before, &before);
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    sched_setaffinity(0, sizeof one, &one);
    pid_t server = fork();
    char byte;
    if (server == 0)
        while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1) {
        }
    measure("ping_pong", call_and_answer, 200, 200);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    sched_setaffinity(0, sizeof before, &before);
}

int main(void)
{
    measure("call", system_call, 1000, 1000);
    measure_pipes();
    measure_switch();
    measure_timer();
    measure("fork", fork_and_wait, 100, 5);
    measure("posix_spawn", spawn_and_wait, 50, 5);
    return 0;
}
