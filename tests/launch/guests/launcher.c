/* Reads bitcode from standard input and launches it: launcher [WHAT]. */
#include <motte.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROOM = 4 << 20 };

static char *bitcode;
static unsigned long size;

static void read_all(void)
{
    bitcode = malloc(ROOM);
    long came;
    while ((came = read(0, bitcode + size, ROOM - size)) > 0)
        size += (unsigned long)came;
}

int main(int argc, char **argv)
{
    const char *arguments[] = {"one", "two", NULL};
    static char said[4096];
    struct motte_launch_options options = {
        .process = {.arguments = arguments},
        .diagnostics = {said, sizeof said},
    };
    struct motte_end end = {0};
    read_all();
    int process = motte_launch(motte_grant("launcher"), bitcode, size, &options);
    if (process < 0) {
        printf("launch %d\n%s", process, said);
        return 0;
    }
    printf("wait %d\n", motte_wait(process, &end, -1));
    printf("status %d reason %u\n", end.status, end.reason);
    return 0;
}
