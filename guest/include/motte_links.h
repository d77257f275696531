/*
 * Links and exit signals: processes that end together, or hear of one another's end.  The words and the rules are Erlang's.
 *
 *     signal            reason      the receiver does not trap exits    it does
 *     through a link    normal      nothing                             is told
 *     through a link    any other   ends with that reason               is told
 *     on purpose        normal      nothing; if it is its own, ends     is told
 *     on purpose        kill        ends, killed                        ends, killed
 *     on purpose        any other   ends with that reason               is told
 */

#ifndef MOTTE_LINKS_H
#define MOTTE_LINKS_H

#ifdef __cplusplus
extern "C" {
#endif

enum motte_reason {
    MOTTE_REASON_OTHER,        /* another word; from guests: with a number of their own */
    MOTTE_REASON_NORMAL,       /* it has exited with status 0 */
    MOTTE_REASON_STATUS,       /* with another one, which is the detail */
    MOTTE_REASON_FAULT,        /* its kind */
    MOTTE_REASON_SIGNAL,       /* its number */
    MOTTE_REASON_CPU_LIMIT,
    MOTTE_REASON_WALL_LIMIT,
    MOTTE_REASON_OUTPUT_LIMIT,
    MOTTE_REASON_KILLED,
    MOTTE_REASON_KILL,         /* nobody traps it; who has ended so is killed */
    MOTTE_REASON_SHUTDOWN,
    MOTTE_REASON_NOPROC        /* it had ended before it was linked */
};

/*
 * From now on, when this process or the other one ends, the other receives an exit signal with the reason: at once if it has
 * ended.  `number` tells this link from others where this process is told of it.  Needs MOTTE_PROCESS_LOOK and
 * MOTTE_PROCESS_END.  Each of both pays for being told, now: -MOTTE_LIMIT_REACHED if it cannot.  Harmless when repeated.
 */
int motte_link(int process, unsigned long number);

/* No signal comes through the link any more. */
int motte_unlink(int process);

/* An exit signal on purpose.  Needs MOTTE_PROCESS_END.  This process pays if it is to be told. */
int motte_exit_process(int process, enum motte_reason reason, int detail);

/* What is told, with the tag MOTTE_EXIT_SIGNAL. */
struct motte_exit_signal {
    unsigned long number;  /* of the link, if this process has given it one; 0 */
    unsigned long process; /* of the sender: a number that tells it from all others; 0: it was no process */
    unsigned reason;       /* enum motte_reason */
    int detail;
    unsigned linked;       /* it came through a link */
    unsigned unused;
};

/*
 * From now on exit signals to this process are told at the channel, full or not; 0: they do what they do.  `links` is a
 * capability to the service of that name.  -MOTTE_BAD_STATE if whoever started this process traps its signals.
 */
int motte_trap_exit(int links, int channel);

/* This process's own capability, with all rights: for others, who link with it or monitor it. */
int motte_self(int links);

#ifdef __cplusplus
}
#endif

#endif
