/*
 * A supervisor of C workers, itself a process: it starts them from its own program, hears of each end in one channel, and starts
 * again what has crashed, at most three times in all.  Each worker has a bank of its own, so that none can take the others'
 * memory.
 */
#include <motte.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORKERS 3
#define RESTARTS 3

static int program, bank, channel[2];
static const char *const tasks[WORKERS] = {"counts", "crashes", "hoards"};

static void start(int worker)
{
    const char *arguments[] = {tasks[worker], NULL};
    int own = motte_bank_create(bank, 1 << 20);
    int child = motte_spawn(program, &(struct motte_spawn_options){
                                         .arguments = arguments,
                                         .bank = own,
                                         .output = 1,
                                     });
    if (own < 0 || child < 0 || motte_monitor(child, channel[0], worker) < 0)
        exit(1);
    motte_cap_drop(child); /* the message tells what there is to know */
    motte_cap_drop(own);
}

static void supervise(void)
{
    int running = 1, restarts = 0;
    for (int worker = 0; worker < WORKERS; worker++, running = 1) {
        start(worker);
        while (running) {
            struct motte_down down;
            struct motte_message message = {.bytes = &down, .room = sizeof down};
            if (motte_receive(channel[1], &message, NULL, -1) < 0 || message.tag != MOTTE_DOWN)
                exit(1);
            const char *why = down.end.reason == MOTTE_ENDED_BY_FAULT ? "fault" : "status";
            printf("%s: %s %d\n", tasks[down.number], why, down.end.status);
            running = down.end.status != 0 && restarts < RESTARTS;
            if (running) {
                restarts++;
                start(down.number);
            }
        }
    }
    printf("%d restarts\n", restarts);
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "counts"))
        puts("1 2 3");
    if (argc > 1 && !strcmp(argv[1], "crashes"))
        *(volatile int *volatile)0 = 1;
    if (argc > 1 && !strcmp(argv[1], "hoards")) {
        void *volatile hoard = malloc(16 << 20);
        puts(hoard ? "16 MiB" : "no 16 MiB in a bank of one");
    }
    if (argc == 1) {
        program = motte_grant("program");
        bank = motte_grant("bank");
        setvbuf(stdout, NULL, _IOLBF, 0);
        if (program < 0 || bank < 0 || motte_channel_create(WORKERS, 1024, channel) < 0)
            return 1;
        supervise();
    }
    return 0;
}
