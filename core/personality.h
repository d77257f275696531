/* What the core asks of a personality: the meaning of system calls, behind one door.
 *
 * The personality knows files, clocks and errno values; the core knows none of them.  The personality is called
 * on the process's own thread, on the host's stack, never with a lock of the core held.  It must not keep
 * guest addresses across calls, and must come back soon once process_stop_requested() is true.
 */
#ifndef MOTTE_PERSONALITY_H
#define MOTTE_PERSONALITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest_memory.h"

struct process;
struct personality;
struct pipe;
struct quota;
struct tree;

struct personality_directory {
    const char *guest_path; /* NUL-terminated, as the creator of the process gave it */
    int descriptor;         /* host directory, to be duplicated */
    struct tree *tree;      /* instead; NULL */
    struct quota *quota;    /* for what is added to the host's; NULL */
    bool writable;
};

/* Instead of a descriptor: reads find the end, what is written is counted and gone. */
enum { PERSONALITY_NOWHERE = -2 };

struct personality_options {
    int streams[3]; /* host descriptors to be duplicated; -1 is a closed stream; or PERSONALITY_NOWHERE */
    struct pipe *pipes[3]; /* instead, where it is not NULL */
    const struct personality_directory *directories;
    size_t directory_count;
    uint64_t output_limit; /* bytes written to streams 1 and 2 together; UINT64_MAX is none */
    uint32_t open_files;
    guest_addr initial_break; /* page-aligned; the break grows from here to HEAP_END */
};

/* Sets process->personality; 0, or a negative errno and nothing left behind. Duplicates every descriptor it keeps. */
int personality_create(struct process *process, const struct personality_options *options);

/* The process has ended, and is not closed yet: who waits for what it might read or write learns that it will not.  Under the
 * scheduler's lock; those who get ready are looked after by ipc_settle. */
void personality_hang_up(struct process *process);

/* Closes everything; process->personality may be NULL. Called once, after the process's thread has left it for good. */
void personality_destroy(struct process *process);

/* A duplicate of the host descriptor of an output stream, which belongs to the caller; or its pipe, with a reference, in *pipe;
 * PERSONALITY_NOWHERE if it leads nowhere, or is no such stream any more; -errno.  While the process neither runs nor calls. */
int personality_output_stream(const struct process *process, int32_t descriptor, struct pipe **pipe);

/* Bytes counted against the output limit so far; from any thread. */
uint64_t personality_output_bytes(const struct process *process);

/* One system call: a result, or a negative errno. */
int64_t motte_personality_call(struct process *process, int64_t number, const uint64_t arguments[6]);

#endif
