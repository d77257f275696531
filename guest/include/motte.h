/*
 * Kernel calls of Motte: everything that a guest can ask of its host.
 *
 * They are ordinary functions, so that any language which can call a C function
 * can use them.  A C program rarely needs them: the guest libc turns files,
 * stdio, time and memory into these calls.
 */

#ifndef MOTTE_H
#define MOTTE_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A function that the host may call, in a program that has a `main`; of one without, it may call every external function.
 */
#define MOTTE_EXPORT __attribute__((used, visibility("default")))

/*
 * Makes a declaration that of a function of the host, which the process was granted by this name:
 *
 *     int log_line(int level, const char *text) MOTTE_HOST("log");
 *
 * It takes at most 16 integers, numbers and pointers, and returns one or nothing.  To call one that was not granted,
 * or that takes another number of arguments, is a fault.
 */
#define MOTTE_HOST(name) __asm__("motte_host." name)

/* The number of a function that was granted, greater than 0, or -ENOENT: for those that may be missing. */
int motte_host_find(const char *name);

/*
 * What calls of such functions come to.  `function` is the number, and how many words follow, in the upper 32 bits;
 * more than five are passed by their address.
 */
long motte_host_call(unsigned long function, long a, long b, long c, long d, long e);

/*
 * Ends the process at once, without running `atexit` functions or flushing
 * stdio.  The low eight bits of `status` are the exit status.
 */
__attribute__((noreturn)) void motte_exit(int status);

/*
 * A Linux x86-64 system call of at most five arguments, by its Linux number.
 * Returns what Linux returns: a result, or a negated `errno` value in
 * [-4095, -1].  A call that this host does not offer returns -ENOSYS; one that
 * a guest may never make (`fork`, `execve`, `socket` ...) returns -EPERM.
 * A pointer is checked when it is used: a bad one gives -EFAULT.
 */
long motte_syscall(long number, long a, long b, long c, long d, long e);

/* The same for a call of six arguments, such as `mmap`. */
long motte_syscall6(long number, const long arguments[6]);

/*
 * Capabilities and messages.
 *
 * A handle is a small number, greater than 0, that means something to this process only: a place in its own table
 * of capabilities.  A process begins with the capabilities that it was granted, and gets others in messages.
 *
 * Every call returns a result that is not negative, or a negated value of `enum motte_error`.
 * A timeout is in nanoseconds: 0 does not wait, a negative one waits for ever.
 */
enum motte_error {
    MOTTE_INVALID_CAP = 1001,   /* no such handle; or it was revoked, used up, or what it led to is gone */
    MOTTE_NO_ACCESS,            /* the capability does not have this right */
    MOTTE_UNKNOWN_REQUEST,
    MOTTE_REQUEST_ERROR,        /* malformed, too large, or the buffer is too small */
    MOTTE_LIMIT_REACHED,        /* memory, or the size of a table */
    MOTTE_FULL,                 /* the queue has no room now */
    MOTTE_TIMEOUT,
    MOTTE_PEER_CLOSED,          /* nobody is left who could send, or answer */
    MOTTE_CONTRACT_VIOLATION,
    MOTTE_NOT_OWNER,
    MOTTE_SEALED,
    MOTTE_BAD_STATE,
    MOTTE_KEEPER_CYCLE,
    MOTTE_TOO_DEEP,
    MOTTE_EXITED,
    MOTTE_COMPILE_ERROR,
    MOTTE_REFUSED,              /* by the verifier */
    MOTTE_BAD_ADDRESS = 14      /* EFAULT */
};

enum motte_kind {
    MOTTE_SENDER = 1,
    MOTTE_RECEIVER,
    MOTTE_REPLY,
    MOTTE_BANK,
    MOTTE_METER,
    MOTTE_PROCESS,
    MOTTE_PROGRAM,
    MOTTE_LAUNCHER,
    MOTTE_CONSTRUCTOR,
    MOTTE_BLOCK,
    MOTTE_SERVICE,
    MOTTE_CONVERSATION,
    MOTTE_CLOCK,
    MOTTE_RANDOM
};

enum motte_right {
    MOTTE_MAY_SEND = 1,
    MOTTE_MAY_RECEIVE = 2,
    MOTTE_MAY_COPY = 4,   /* and send on */
    MOTTE_MAY_BADGE = 8,
    MOTTE_MAY_REVOKE = 16
};

/* The capability that was granted by this name; -ENOENT if there is none. */
int motte_grant(const char *name);

/* Another handle for the same; needs MOTTE_MAY_COPY. */
int motte_cap_copy(int capability);

/*
 * A copy with these rights at most.  `badge`, if it is not 0, is what receivers will see with each message that is
 * sent with the copy, and with copies of it; needs MOTTE_MAY_BADGE.  What is fetched through a `weak` one is weak.
 */
int motte_cap_restrict(int capability, unsigned rights, unsigned badge, int weak);

int motte_cap_drop(int capability);

/* Makes all other capabilities to the same endpoint invalid, or those with this badge; needs MOTTE_MAY_REVOKE. */
int motte_cap_revoke(int capability, unsigned badge);

/*
 * A forwarder: handles[0] does what `capability` does, and is to be given away; handles[1] controls it, by
 * motte_cap_revoke (what was given away leads nowhere from then on) and motte_cap_retarget.
 *
 * With `membrane` it wraps all capabilities that cross it in messages and answers: they are cut together.  Capabilities to
 * receive do not cross it (-MOTTE_NO_ACCESS).
 */
int motte_cap_forward(int capability, int membrane, int handles[2]);
int motte_cap_retarget(int control, int capability);

/* An `enum motte_kind`. */
int motte_cap_kind(int capability);

#define MOTTE_MESSAGE_BYTES 65536
#define MOTTE_MESSAGE_CAPABILITIES 4
#define MOTTE_MESSAGE_BLOCKS 4

enum motte_flag {
    MOTTE_PRIORITY = 1,     /* it overtakes messages without it */
    MOTTE_CALLED = 2,       /* received: somebody waits for an answer */
    MOTTE_NOTIFICATION = 4, /* received: no message, but bits that were posted, in `tag` */
    MOTTE_WEAK = 8          /* received: it came through a weak capability */
};

/* Zero what is not used. */
struct motte_message {
    void *bytes;             /* to send, or the buffer to receive into */
    unsigned size;           /* to send; after receiving: how much came */
    unsigned room;           /* of the buffer to receive into */
    unsigned tag;            /* for sender and receiver to agree on */
    unsigned badge;          /* received: of the capability that it was sent with */
    unsigned flags;          /* enum motte_flag */
    int reply;               /* received: the capability to answer a call, once; or 0 */
    int capabilities[MOTTE_MESSAGE_CAPABILITIES]; /* copies go along; a capability to answer moves */
    int blocks[MOTTE_MESSAGE_BLOCKS];             /* move; frozen ones go along like copies */
    unsigned capability_count;
    unsigned block_count;
};

/*
 * A bounded queue: at most `capacity` messages (1 to 65,536) with `buffer` bytes in all, which this process's bank pays
 * for now.  handles[0] sends, handles[1] receives.
 */
int motte_channel_create(unsigned capacity, unsigned long buffer, int handles[2]);

/*
 * Sends.  -MOTTE_FULL if there is no room and the timeout is 0.  To one whose receivers are gone everything can be
 * sent, and is gone, too: only who receives or calls learns of the end of a peer.
 */
int motte_send(int sender, const struct motte_message *message, long timeout);

/*
 * The end of a conversation (MOTTE_CONVERSATION) sends to the other end, and receives from it, what their contract allows
 * now: `tag` says which message it is.  -MOTTE_CONTRACT_VIOLATION for anything else, and then nothing was sent.  There is
 * always room.  It cannot be copied: it moves, and only while its side is about to send.  Calls, notifications, priority
 * and a choice among messages have no place in it (-MOTTE_REQUEST_ERROR).
 */

struct motte_match {
    unsigned tag, badge, by; /* 1: by tag; 2: by badge; 3: both */
};

/*
 * Receives the first message, or the first that matches (in channels with a capacity of at most 1,024); the others keep
 * their places.  -MOTTE_PEER_CLOSED after the last message, once nobody can send any more.  If the message does not
 * fit into the buffer, or its capabilities into the table, it stays where it is (-MOTTE_REQUEST_ERROR, with `size` set;
 * -MOTTE_LIMIT_REACHED).
 */
int motte_receive(int receiver, struct motte_message *message, const struct motte_match *match, long timeout);

/*
 * Sends, and waits for the answer.  Whoever waits for this call goes on at once, in this process's turn.
 */
int motte_call(int sender, const struct motte_message *request, struct motte_message *answer, long timeout);

/* Answers a call, once; never waits.  An answer to one who waits no longer is gone. */
int motte_reply(int reply, const struct motte_message *answer);

/* Both in one: what a server does between two calls.  If it fails before the answer is sent, nothing has happened. */
int motte_reply_receive(int reply, const struct motte_message *answer, int receiver, struct motte_message *message,
                        long timeout);

/* The index of one of at most 64 receivers that has something, the first of several. */
int motte_select(const int receivers[], unsigned count, long timeout);

/* Posts bits, which collect until they are received: never waits, and needs no room. */
int motte_notify(int sender, unsigned bits);

/*
 * Blocks: whole pages with exactly one owner, whoever holds the capability.  They move from owner to owner in a message's
 * `blocks`, without being copied: a sender has nothing in its memory any more where the block was, and handle and
 * address mean nothing to it.  If nothing is sent, nothing has changed.
 *
 * The owner's bank pays; the charge moves when the block is received (-MOTTE_LIMIT_REACHED if there is no room for it: the
 * message stays where it is).  A block ends with its owner.
 */

/* A block of zeros, of so many bytes rounded up to pages; it is not mapped. */
int motte_block_alloc(unsigned long size);

/* Where it is mapped, from now on until it is sent, unmapped or freed; 0 if it cannot be. */
void *motte_block_map(int block);
int motte_block_unmap(int block);

/* In bytes. */
long motte_block_size(int block);

/* Ends the block at `offset`, a multiple of the page size; returns a block of the rest, which is not mapped. */
int motte_block_split(int block, unsigned long offset);

/* Nobody can write to it any more (-MOTTE_SEALED to split it).  Copies of the capability may be made, and are what is sent. */
int motte_block_freeze(int block);

int motte_block_free(int block);

/*
 * Checked blocks: they never move, and to give one away costs what a message costs.  Their bytes are no memory of the process's
 * window: they have pointers of their own, of address space 1, that are no pointers to anything else.  A process has one
 * open at a time; its pointers are good as long as it is, and a use of any other faults.  It is closed when it is sent,
 * split, frozen or freed.
 *
 *     MOTTE_BLOCK int *numbers = (MOTTE_BLOCK int *)motte_block_open(block);
 *     for (int i = 0; i < 1000; i++)
 *         sum += numbers[i];
 */
#define MOTTE_BLOCK __attribute__((address_space(1)))
typedef MOTTE_BLOCK unsigned char motte_block_byte;

/* Of zeros, of at most 4 MiB.  There are 1,000 of them at a time in one process of the host's: -MOTTE_LIMIT_REACHED. */
int motte_block_alloc_checked(unsigned long size);

/* Its first byte; 0 if it cannot be opened.  What was open is closed; so does motte_block_unmap. */
motte_block_byte *motte_block_open(int block);

/* Copies between two checked blocks, neither of which has to be open, or between one and the window: handle 0, and an
 * address. */
int motte_block_copy(int to, unsigned long to_offset, int from, unsigned long from_offset, unsigned long size);

/* In the block that is open: as memcpy, memmove and memset. */
void motte_block_read(void *to, const motte_block_byte *from, unsigned long size);
void motte_block_write(motte_block_byte *to, const void *from, unsigned long size);
void motte_block_move(motte_block_byte *to, const motte_block_byte *from, unsigned long size);
void motte_block_fill(motte_block_byte *to, int byte, unsigned long size);

/*
 * Time and chance.  They are what was granted by the names "clock" and "random", as long as this process keeps it, and so
 * are those of the C library: -MOTTE_NO_ACCESS without.  motte_grant() gives handles for both, to be granted on,
 * restricted (MOTTE_CLOCK_READS without MOTTE_CLOCK_EXACT is a clock in whole milliseconds) and dropped.
 */
enum motte_which_clock {
    MOTTE_WALL_TIME,    /* since 1970 */
    MOTTE_STEADY_TIME,  /* since some moment; nobody sets it */
    MOTTE_OWN_TIME      /* processor time of this process */
};

/* Nanoseconds. */
long motte_clock(int which);

/* Fills it.  From a seed follow the same bytes each time, whoever else draws; another badge is another stream of the seed. */
int motte_random(void *bytes, unsigned long size);

#ifdef __cplusplus
}
#endif

#include <motte_services.h>
#include <motte_links.h>
#include <motte_launch.h>
#include <motte_constructor.h>

#endif
