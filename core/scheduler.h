/* Which thread runs which process.  Today's answer: one host thread for each running process. */
#ifndef MOTTE_SCHEDULER_H
#define MOTTE_SCHEDULER_H

struct process;

/* Starts running a process: 0, or a negative errno. On success process->thread exists, and is to be joined. */
int scheduler_start(struct process *process);

#endif
