/*
 * One program, and every process of the tree: its first argument says which.
 *
 *     root, one for one
 *      ├── counter
 *      └── pipeline, one for all
 *           ├── reader
 *           └── writer
 *
 * A worker can do nothing but receive jobs.  A supervisor can also start this program and use its own bank.
 */
#include <motte.h>
#include <string.h>

#include "supervisor.h"

enum { WORK = 1, CRASH = 2 };
enum { MIB = 1 << 20, HOUR = 3600 };

static struct supervisor pipeline = {
    .name = "pipeline",
    .strategy = ONE_FOR_ALL,
    .intensity = 1,
    .period = HOUR,
    .count = 2,
    .children = (struct child[]){
        {.name = "reader", .memory = MIB, .grants = (const char *const[]){"reader", NULL}},
        {.name = "writer", .memory = MIB, .grants = (const char *const[]){"writer", NULL}},
    },
};

static struct supervisor root = {
    .name = "root",
    .strategy = ONE_FOR_ONE,
    .intensity = 2,
    .period = HOUR,
    .count = 2,
    .children = (struct child[]){
        {.name = "counter", .memory = MIB, .grants = (const char *const[]){"counter", NULL}},
        {
            .name = "pipeline",
            .memory = 4 * MIB,
            .grants = (const char *const[]){"program", "bank", "clock", "log", "reader", "writer", NULL},
        },
    },
};

/* Answers each job with how many it has done: that is all that a worker has to lose. */
static int work(int jobs)
{
    struct motte_message job = {.room = 0}, answer = {.tag = 0};
    while (motte_receive(jobs, &job, NULL, -1) == 0) {
        if (job.tag == CRASH)
            *(volatile int *)8 = 1;
        answer.tag++;
        motte_reply(job.reply, &answer);
    }
    return 0;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : root.name;
    if (strcmp(name, root.name) == 0)
        return supervise(&root);
    if (strcmp(name, pipeline.name) == 0)
        return supervise(&pipeline);
    return work(motte_grant(name));
}
