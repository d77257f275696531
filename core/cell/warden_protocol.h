/* What the host and its warden say to each other, on a socket that keeps messages whole: the one list of it.
 *
 *     warden (twice, once it is there)    struct warden_hello
 *     host                                struct warden_request
 *     warden                              struct warden_answer, to each request
 *
 * The first hello comes with a descriptor: the warden's own process.  The answer to WARDEN_FORK comes with two: the cell's
 * process, and its socket, on which the cell has sent one byte already, for its credentials. */
#ifndef MOTTE_CELL_WARDEN_PROTOCOL_H
#define MOTTE_CELL_WARDEN_PROTOCOL_H

#include <stdint.h>

/* By which the host asks a cell for its turn: SIGUSR1. */
enum { CELL_INTERRUPT = 10 };

/* What the host's operating system gave. */
enum cell_feature {
    CELL_FEATURE_USER_NAMESPACE = 1 << 0,
    CELL_FEATURE_MOUNT_NAMESPACE = 1 << 1,
    CELL_FEATURE_PID_NAMESPACE = 1 << 2,
    CELL_FEATURE_NETWORK_NAMESPACE = 1 << 3,
    CELL_FEATURE_IPC_NAMESPACE = 1 << 4,
    CELL_FEATURE_UTS_NAMESPACE = 1 << 5,
    CELL_FEATURE_CGROUP_NAMESPACE = 1 << 6,
    CELL_FEATURE_EMPTY_ROOT = 1 << 7,  /* its root is an empty folder, and nothing else can be reached from there */
    CELL_FEATURE_LANDLOCK = 1 << 8,    /* the kernel's own refusal of files, and where it knows how, of everything else */
    CELL_FEATURE_SECCOMP = 1 << 9,     /* without it, there are no cells */
};

/* Where a warden could not go on: it ends then. */
enum warden_step { WARDEN_STEP_NONE, WARDEN_STEP_MEMORY, WARDEN_STEP_FORK, WARDEN_STEP_PRIVILEGES };

struct warden_hello {
    uint32_t step, error; /* enum warden_step, errno; or 0 */
    uint32_t features;    /* enum cell_feature */
};

enum warden_request_kind {
    WARDEN_FORK,
    WARDEN_LOOK, /* how the cell has ended */
    WARDEN_REAP, /* the same, and its process may be forgotten */
};

struct warden_request {
    uint32_t kind;
    int32_t pid; /* as the warden numbers them */
};

struct warden_answer {
    uint32_t error;       /* errno, or 0; EAGAIN: the cell has not ended */
    int32_t pid;          /* of WARDEN_FORK */
    int32_t code, status; /* how it ended: as waitid() says it */
};

#endif
