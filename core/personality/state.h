/* The state of one Linux system-call personality: what a guest process has open, where it stands, what it asked for.
 *
 * Tables begin small and grow with what the guest opens, charged to its bank (host_memory.h): 10,000 processes that
 * wait take no more than they use.  Buffers of a call are the thread's (scratch.h).  All of it belongs to the process's
 * own thread, except `output_bytes`, which anyone may read.
 */
#ifndef MOTTE_PERSONALITY_STATE_H
#define MOTTE_PERSONALITY_STATE_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "guest_memory.h"
#include "personality.h"
#include "process.h"
#include "streams/pipe.h"

/* Limits of the personality itself, each reached by a test. */
enum {
    PATH_CAPACITY = 4096,           /* bytes of one guest path, with its NUL */
    VECTOR_CAPACITY = 1024,         /* buffers in one readv or writev */
    BOUNCE_CAPACITY = 64 * 1024,    /* bytes that one host call moves */
    MAXIMUM_OPEN_FILES = 65536,     /* whatever the creator asks for */
    POLL_CAPACITY = 4096,           /* entries in the list of one poll */
    MAXIMUM_DIRECTORIES = 64,       /* granted to one process */
    CREATED_ENTRIES_LIMIT = 65536,  /* files and directories made and not removed again: ENOSPC */
    SIGNAL_COUNT = 64,
};
#define FILE_SIZE_LIMIT (INT64_C(1) << 30)      /* no file grows past this: EFBIG */
#define FILE_BYTES_LIMIT (UINT64_C(16) << 30)   /* all bytes ever written to files: ENOSPC */

/* Who a guest is told that it is, whoever runs it. */
enum { GUEST_PROCESS_ID = 1, GUEST_PARENT_ID = 0, GUEST_USER_ID = 1000, GUEST_GROUP_ID = 1000 };

struct grant {
    char *guest_path; /* absolute and normal; "" is the root */
    size_t length;
    int directory; /* host descriptor; -1: a tree */
    struct tree *tree;   /* with a reference; NULL */
    struct quota *quota; /* likewise, of what is on the host */
    bool writable;
};

enum file_kind { FILE_STREAM, FILE_REGULAR, FILE_DIRECTORY };

/* What several descriptors can share (after dup): Linux's "open file description". */
struct open_file {
    uint32_t references;
    int host; /* of a node: what stands for it in locks; -1 */
    struct tree_node *node; /* with a reference: it is in a tree; NULL */
    uint64_t offset;        /* there: in bytes, or as tree_list counts */
    struct quota *quota;    /* the grant's, which was opened through; NULL */
    enum file_kind kind;
    bool everybodys; /* the host descriptor is not this process's to close */
    bool readable;
    bool writable;
    bool appending;
    bool nonblocking;
    bool changeable; /* it was reached through a writable grant: its attributes, or the entries below it, may change */
    bool seekable;
    uint8_t pipe; /* 1 + the number of the stream that it is, if that is a pipe of the core's: then it has no host descriptor */
};

struct descriptor {
    struct open_file *file; /* NULL: free */
    bool close_on_exec;     /* remembered for fcntl; there is no exec */
};

/* All record locks of this process on one file (locks.c). */
struct lock_owner {
    struct lock_owner *next;
    int host;
    dev_t device;
    ino_t inode;
};

/* The kernel's struct sigaction on x86-64. */
struct guest_signal_action {
    uint64_t handler;
    uint64_t flags;
    uint64_t restorer;
    uint64_t mask;
};

struct personality {
    struct process *process;

    /* files */
    struct grant *grants;
    uint32_t grant_count, grant_capacity;
    int own_descriptors; /* /proc/self/fd of the host, for opening again what O_PATH holds; -1 without grants */
    struct descriptor *descriptors; /* `descriptor_count` entries; those above are free as well */
    uint32_t descriptor_count;
    uint32_t descriptor_limit;
    struct open_file *reserved_file; /* for the next open; NULL or unused */
    struct lock_owner *lock_owners;
    char *working_directory;      /* NULL is the root */
    bool working_directory_exact; /* no symbolic link was followed on the way: `..` may be taken off the text */
    mode_t creation_mask;

    struct pipe *pipes[3]; /* of the streams: each with a reference and an end; NULL once it is closed */
    struct pipe_waiter waiter; /* for one of them */
    struct pipe *awaited;      /* which one */
    uint64_t moved;            /* bytes, by a call that waited before it had moved them all */

    /* limits */
    uint64_t output_limit;
    _Atomic uint64_t output_bytes;
    uint64_t file_bytes;
    int64_t created_entries;

    /* memory */
    uint32_t initial_break;
    uint32_t current_break;

    /* signals: bit n - 1 is signal n */
    struct guest_signal_action *signal_actions; /* SIGNAL_COUNT of them; NULL: all default */
    uint64_t blocked_signals;
    uint64_t pending_signals;
};

/* A handler checks everything it was given, then acts. It returns a result, or a negative errno. */
typedef int64_t personality_handler(struct personality *personality, const uint64_t arguments[6]);

/* The kernel reads only the low 32 bits of an int. */
static inline int32_t argument_int(uint64_t argument)
{
    return (int32_t)(uint32_t)argument;
}

/* Structures that an argument points to: 0, or -EFAULT. A structure is fetched once; the copy is what counts. */
static inline int64_t argument_fetch(struct personality *personality, void *to, uint64_t argument, size_t size)
{
    return copy_in(personality->process, to, guest_addr_from_register(argument), size) ? 0 : -EFAULT;
}

static inline int64_t argument_store(struct personality *personality, uint64_t argument, const void *from, size_t size)
{
    return copy_out(personality->process, guest_addr_from_register(argument), from, size) ? 0 : -EFAULT;
}

#endif
