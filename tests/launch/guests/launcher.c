/* Reads bitcode from standard input and launches it: launcher runs | refused | program | limits | allocator ANSWER | scheduler QUANTA */
#include <motte.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROOM = 4 << 20, MIB = 1 << 20, MILLISECOND = 1000000 };

static char *bitcode, said[4096];
static unsigned long size;
static struct motte_launch_options options = {.diagnostics = {said, sizeof said}};

static void read_all(void)
{
    long came;
    bitcode = malloc(ROOM);
    while ((came = read(0, bitcode + size, ROOM - size)) > 0)
        size += (unsigned long)came;
}

static void wait_for(int process)
{
    struct motte_end end = {0};
    printf("wait %d\n", motte_wait(process, &end, -1));
    printf("status %d reason %u\n", end.status, end.reason);
}

static void launch(void)
{
    int process = motte_launch(motte_grant("launcher"), bitcode, size, &options);
    if (process > 0)
        wait_for(process);
    else
        printf("launch %d\n%s", process, said);
}

/* One program, several processes; it is gone with the bank that paid for it. */
static void program(void)
{
    int bank = motte_bank_create(motte_grant("bank"), MOTTE_NO_LIMIT);
    int made = motte_compile(motte_grant("launcher"), bitcode, size, bank, NULL);
    const char *arguments[] = {"one", NULL};
    struct motte_spawn_options spawn = {.arguments = arguments};
    wait_for(motte_spawn(made, NULL));
    wait_for(motte_spawn(made, &spawn));
    spawn.suspended = 1;
    int stays = motte_spawn(made, &spawn);
    printf("destroy %d\n", motte_bank_destroy(bank));
    wait_for(stays);
    printf("spawn %d\n", motte_spawn(made, NULL));
}

/* Nobody gives what it does not have. */
static void limits(void)
{
    int launcher = motte_grant("launcher"), bank = motte_grant("bank");
    printf("empty %d\n", motte_launch(launcher, bitcode, 0, NULL));
    printf("large %d\n", motte_draft_create(launcher, 17 * MIB));
    printf("no right %d\n", motte_draft_create(motte_cap_restrict(launcher, MOTTE_MAY_SEND | MOTTE_MAY_COPY, 0, 0), 10));
    printf("weak %d\n", motte_draft_create(motte_cap_restrict(launcher, -1u, 0, 1), 10));
    printf("no launcher %d\n", motte_draft_create(bank, 10));
    int draft = motte_draft_create(launcher, 10);
    printf("more than announced %d\n", motte_draft_append(draft, bitcode, 11));
    int looks = motte_cap_restrict(bank, MOTTE_MAY_SEND | MOTTE_MAY_COPY | MOTTE_BANK_QUERIES, 0, 0);
    printf("bank to look at %d\n", motte_draft_compile(draft, looks));
    printf("no bank %d\n", motte_draft_compile(draft, launcher));
    options.process.bank = motte_bank_create(bank, 8192);
    launch();
}

/* Its memory is what this process gives it. */
static void allocate(int grants)
{
    int channel[2], asked = 0;
    motte_channel_create(4, 4096, channel);
    options.allocator = channel[0];
    options.memory = 4 * MIB;
    options.process.bank = motte_grant("bank");
    int process = motte_launch(motte_grant("launcher"), bitcode, size, &options);
    if (process < 0) {
        printf("launch %d\n", process);
        return;
    }
    printf("fake %d\n", motte_bank_verify(motte_grant("bank"), channel[0]));
    printf("official %d\n", motte_bank_verify(motte_grant("bank"), options.own_bank));
    struct motte_end end;
    struct motte_shortage shortage;
    while (motte_wait(process, &end, 0) == -MOTTE_TIMEOUT) {
        if (motte_shortage_receive(channel[1], &shortage, 10 * MILLISECOND))
            continue;
        asked++;
        if (grants)
            motte_shortage_grant(&shortage, shortage.wanted > MIB ? shortage.wanted : MIB);
        else
            motte_shortage_refuse(&shortage);
    }
    printf("asked %s\n", asked ? "yes" : "no");
    printf("limit %s\n", motte_bank_available(options.own_bank) < 0 ? "gone" : "kept");
    wait_for(process);
}

/* Its time is what this process gives it. */
static void schedule(int quanta)
{
    int channel[2], told = 0;
    motte_channel_create(4, 4096, channel);
    options.scheduler = channel[0];
    options.quantum = 5 * MILLISECOND;
    options.process.meter = motte_grant("meter");
    int process = motte_launch(motte_grant("launcher"), bitcode, size, &options);
    while (told < quanta) {
        char none[1];
        struct motte_message message = {.bytes = none, .room = 0};
        if (motte_receive(channel[1], &message, NULL, -1) || message.tag != MOTTE_DRY)
            break;
        motte_meter_refill(message.capabilities[0], 5 * MILLISECOND);
        motte_cap_drop(message.capabilities[0]);
        told++;
    }
    printf("told %d\n", told);
    long used = motte_meter_used(options.own_meter);
    printf("used enough %d\n", used >= 5L * MILLISECOND * quanta);
    printf("kill %d\n", motte_kill(process));
    wait_for(process);
}

int main(int argc, char **argv)
{
    static const char *arguments[] = {"one", "two", NULL};
    read_all();
    if (argc > 1 && !strcmp(argv[1], "program"))
        program();
    else if (argc > 1 && !strcmp(argv[1], "limits"))
        limits();
    else if (argc > 2 && !strcmp(argv[1], "allocator"))
        allocate(!strcmp(argv[2], "grants"));
    else if (argc > 2 && !strcmp(argv[1], "scheduler"))
        schedule(atoi(argv[2]));
    else {
        options.process.arguments = arguments;
        launch();
    }
    return 0;
}
