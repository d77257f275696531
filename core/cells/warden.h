/* The host's side of the warden: the process from which all cells are forked (cell/main.c).  For the cells' thread (pool.c)
 * alone: the warden dies with the thread that started it. */
#ifndef MOTTE_CELLS_WARDEN_H
#define MOTTE_CELLS_WARDEN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct warden {
    int socket, process; /* descriptors; -1: there is no warden */
    uint32_t features;   /* enum cell_feature */
};

#define NO_WARDEN {.socket = -1, .process = -1}

/* Starts one; false, and in words why. */
bool warden_start(struct warden *warden, const char **problem);

/* Kills it, with all cells, and forgets it. */
void warden_end(struct warden *warden);

struct warden_cell {
    pid_t pid;           /* as the host numbers processes */
    int32_t inner_pid;   /* as the warden does */
    int process, socket; /* descriptors */
};

/* False: the warden is of no use any more, or (with an error) could not. */
bool warden_fork(const struct warden *warden, struct warden_cell *cell, int *error);

/* How a cell ended whose process is dead: as waitid() says it.  Afterwards its number may be another's, if `reaps`. */
bool warden_look(const struct warden *warden, int32_t inner_pid, bool reaps, int *code, int *status);

#endif
