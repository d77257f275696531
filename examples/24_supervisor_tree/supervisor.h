/*
 * A supervisor: a process that starts other processes, and starts them again when they crash.
 *
 * Who crashes too often is not helped by being started once more.  Then the supervisor ends all its children, and itself; that
 * is a crash like any other, and its own supervisor deals with it.  So supervisors make trees, in which a fault is handed upwards
 * until somebody starts enough afresh.
 *
 * Each child has a bank of its own.  To end a child is to destroy that bank: with it ends whatever the child has made, a whole
 * branch of the tree if it is a supervisor, and nothing is left behind.
 */
#ifndef SUPERVISOR_H
#define SUPERVISOR_H

enum strategy {
    ONE_FOR_ONE, /* who crashed is started again */
    ONE_FOR_ALL, /* all are ended and started again: they cannot do without one another */
    REST_FOR_ONE /* who crashed, and those after it, which need it */
};

struct child {
    const char *name;          /* the first argument of its program */
    unsigned long memory;      /* bytes of its bank */
    const char *const *grants; /* which of the supervisor's own it gets, up to a NULL; "bank" is the child's own bank */

    int bank;                  /* for supervise() itself; 0 while the child is not there */
    unsigned generation;
};

struct supervisor {
    const char *name;
    enum strategy strategy;
    unsigned intensity;        /* so many restarts, at most 16, ... */
    long period;               /* ... in any so many seconds (without the grant "clock": ever); with one more it gives up */
    unsigned count;
    struct child *children;    /* started in this order, ended in the reverse one */
};

/*
 * Runs the children from the grant "program", on memory from the grant "bank", and tells the channel "log" what it does.  A
 * child that ends with status 0 has done its work.  Returns 0 when all have, or 1 when it has given up; then there are none left.
 */
int supervise(struct supervisor *supervisor);

#endif
