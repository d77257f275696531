/* Cells: separate OS processes for guest code, ready made.
 *
 * One thread, the cells' thread, has the warden, forks cells ahead of demand, sees them die, and tells those who wait for a
 * turn; all else is done by who holds a cell.  The thread and the warden begin with the first cell that is asked for, and last
 * as long as the host.  A warden that dies takes its cells with it; the next cell is another warden's.  A child of the host's fork
 * has no cells: those that it holds the structures of are dead, and it gets others, of its own.
 *
 * The host's side of a turn:
 *     turn = CELL_TURN_CELL, with cell_give(); then it waits while the turn is the cell's, and looks at cell_is_dead().
 * A death ends the wait: the thread first notes the death, and then takes the turn in the dead cell's name.  So whoever has
 * given a turn must look whether the cell is dead before it waits, and cell_give() does. */
#ifndef MOTTE_CELLS_POOL_H
#define MOTTE_CELLS_POOL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cell/protocol.h"
#include "cell/warden_protocol.h"

struct cell {
    /* Constant while it is held. */
    pid_t pid;
    int pidfd, socket, control_file; /* descriptors; control_file is -1 once the cell has its job */
    struct cell_control *control;    /* the cell writes to it at any moment */

    _Atomic bool dead;
    int death_code, death_status; /* once it is dead: as waitid() says it; 0: nobody knows */

    /* The cells' thread's. */
    int32_t inner_pid; /* as the warden numbers it */
    uint32_t warden;   /* which one */

    /* Under the pool's lock. */
    enum { CELL_IS_READY, CELL_IS_HELD, CELL_IS_GIVEN_BACK, CELL_IS_DYING } state;
    struct cell *next, *previous;       /* all cells */
    struct cell *next_in, *previous_in; /* those that are ready; those that were given back */
};

/* From the pool, else made now; NULL and, in words, why. */
struct cell *cell_take(const char **problem);

/* Sends the job, with the files that its mappings name; the answer is its first turn.  False: the cell is dead, or the host
 * has no memory. */
bool cell_begin(struct cell *cell, const struct cell_job *job, int store, const int *files, size_t count);

/* Gives the turn. False: the cell is dead. */
bool cell_give(struct cell *cell);

/* The turn is the host's, or the cell is dead. */
bool cell_has_given(const struct cell *cell);

/* Waits for that, at most until this moment of CLOCK_MONOTONIC (NULL: for ever).  False: it did not come. */
bool cell_wait(struct cell *cell, const struct timespec *until);

/* Asks a running guest for the turn. It may be lost if the guest is about to begin: to be repeated. */
void cell_interrupt(struct cell *cell);

/* By any thread that knows that the cell is held. */
void cell_kill(struct cell *cell);

/* True once the cell's death was noticed; `*status` is that of waitid(), if `status` is not NULL. */
bool cell_is_dead(const struct cell *cell, int *code, int *status);

/* Kills it, and gives it back: it is nobody's any more. */
void cell_end(struct cell *cell);

/* Once: before a fork. */
bool cells_prepare(void);

struct cell_features {
    const char *problem; /* why there are no cells; NULL: there are */
    uint32_t features;   /* enum cell_feature */
};

/* What the host gave, to the warden that there is; starts one if there is none. */
struct cell_features cells_features(void);

#endif
