/* What the host and a cell say to each other: the one list of it, included by both.
 *
 * A cell is a separate OS process in which one VM process's guest code runs, while everything that it asks for is done
 * by the host as for any other process: kernel calls, faults, messages, limits.  The two share a control page and the
 * guest's memory, which is a file (the store); there is nothing else in a cell, and nothing that it could ask the
 * operating system for.
 *
 *     host                                                cell
 *     ----                                                ----
 *     writes context and commands, turn = CELL  ------->  does the commands, runs the guest as the context says
 *     reads event and context                   <-------  turn = HOST: a kernel call, a fault, or it was interrupted
 *
 * `turn` says whose the pages are, and is the futex on which both wait.  The host believes nothing of what it finds there:
 * guest code may write to all of it, at any moment.  It reads each field once, and takes it for an allegation, as it takes
 * a guest's registers.
 *
 * A cell begins empty (fork of the warden, warden.c), waits on its socket for a job, maps what the job says, gives up the
 * right to everything else, and answers with its first turn: CELL_READY or CELL_FAILED.
 */
#ifndef MOTTE_CELL_PROTOCOL_H
#define MOTTE_CELL_PROTOCOL_H

#include <stdint.h>

#include "../context.h"

/* Where the cell's own program lies, and the control pages: far from all windows and stacks. */
#define CELL_PROGRAM_BASE UINT64_C(0x200000000000)
#define CELL_CONTROL_BASE UINT64_C(0x210000000000)
#define CELL_CONTROL_SIZE 8192

/* Open descriptors of a cell, from its job on: its socket, and the store.  Nothing else is. */
enum { CELL_SOCKET = 3, CELL_STORE = 4 };

/* --- the job ----------------------------------------------------------------------------------------------------------- */

/* One message on the socket, with the files: control pages, store, then those that mappings name, counted from 0. */
enum { CELL_MAPPINGS = 32, CELL_FILES = 8 };

enum cell_kind {
    CELL_CONFINED, /* verified code, at the addresses that it has in the host; GS base is the window */
    CELL_NATIVE,   /* code as LLVM made it; the window begins at address 0 */
};

enum cell_protection { CELL_READ, CELL_READ_WRITE, CELL_EXECUTE };

struct cell_mapping {
    uint64_t address, size, offset;
    uint32_t file;
    uint32_t protection; /* enum cell_protection; of a file of the job, a private mapping; of the store, a shared one */
};

enum { CELL_FILE_IS_STORE = 0xffff };

struct cell_job {
    uint32_t kind;
    uint32_t mapping_count;
    uint64_t window;       /* of CELL_CONFINED */
    uint64_t gates;        /* where the kernel calls' gates are to be: MOTTE_CALL_COUNT of them, MOTTE_GATE_STRIDE apart */
    uint32_t denies_clock; /* the time-stamp counter cannot be read */
    uint32_t unused;
    struct cell_mapping mappings[CELL_MAPPINGS];
};

/* --- turns --------------------------------------------------------------------------------------------------------------- */

enum cell_turn { CELL_TURN_CELL, CELL_TURN_HOST };

enum cell_event {
    CELL_READY,       /* the job is done, and the cell has nothing any more but what the job gave it */
    CELL_FAILED,      /* it could not be: `step` and `error` say why; the cell has ended */
    CELL_DONE,        /* the commands are; no guest was to run */
    CELL_CALL,        /* a kernel call: `call`, `arguments`; the context is that of RESUME_IN_GATE */
    CELL_TRAP,        /* a fault: `trap`; the context is that of RESUME_AT_INSTRUCTION */
    CELL_INTERRUPTED, /* by the host's signal; likewise */
    CELL_RETURNED,    /* from a function that the host called: RESUME_RETURNED */
};

/* What a cell's memory becomes before the guest runs on. */
enum cell_command_kind { CELL_MAP, CELL_PROTECT, CELL_UNMAP };

struct cell_command {
    uint32_t kind;
    uint32_t protection;
    uint64_t address, size, offset; /* the last one in the store */
};

enum { CELL_COMMANDS = 64 };

/* As the CPU and the kernel report it.  A system call that is not allowed is SIGSYS, with its number in `system_call`. */
struct cell_trap {
    int32_t signal, code;
    uint64_t number, error, address;
    int64_t system_call;
};

struct cell_control {
    _Atomic uint32_t turn; /* enum cell_turn; a futex between processes */

    /* The host's, before it gives the turn. */
    uint32_t runs; /* 0: only the commands are to be done */
    uint32_t command_count;

    /* The cell's. */
    uint32_t event;
    uint32_t step, error; /* of CELL_FAILED: enum cell_step, errno; of a command that failed: 1 + its index, errno; else 0 */
    uint32_t call;
    uint64_t arguments[6];
    struct cell_trap trap;

    /* As in context.h.  Whose it is changes with the turn.  `process`, `host_stack` and what else is the host's alone are 0. */
    struct context context;
    struct cell_command commands[CELL_COMMANDS];
};

_Static_assert(sizeof(struct cell_control) <= CELL_CONTROL_SIZE, "it fits its pages");

/* Where a job failed. */
enum cell_step {
    CELL_STEP_NONE,
    CELL_STEP_JOB,      /* the message was not as it should be */
    CELL_STEP_MAPPING,
    CELL_STEP_GATES,
    CELL_STEP_SIGNALS,
    CELL_STEP_LIMITS,
    CELL_STEP_FILTER,   /* the system-call filter was refused */
};

#endif
