/*
 * Programs that are made from bitcode while others run, and processes of them.
 *
 * A launcher is a capability; the compiler runs outside, and is charged to this process: its time to this process's meter, its
 * memory to its bank while it runs, and to whoever is named as payer afterwards.
 */

#ifndef MOTTE_LAUNCH_H
#define MOTTE_LAUNCH_H

#include <motte_services.h>

#ifdef __cplusplus
extern "C" {
#endif

enum motte_launcher_right {
    MOTTE_LAUNCHES = 1 << 16 /* of a launcher, and of a draft */
};

/* What the compiler or the verifier has said, with its NUL, as much as fits. */
struct motte_diagnostics {
    char *text;
    unsigned room;
};

/*
 * The program that this bitcode makes: its handle.  `bank` pays for it, or if that is 0 this process's own; it ends with that
 * bank.  `diagnostics` may be NULL.
 *
 * -MOTTE_COMPILE_ERROR, -MOTTE_REFUSED by the verifier; -MOTTE_LIMIT_REACHED if it is larger than the launcher takes, or this
 * process's bank does not cover the compiler.
 */
int motte_compile(int launcher, const void *bitcode, unsigned long size, int bank, struct motte_diagnostics *diagnostics);

/*
 * The same for bitcode that lies in a block, in its first `size` bytes: nobody copies it into messages.  The block moves to the
 * launcher, and ends there, whether a program comes of it or not; of a frozen one, only a copy of the capability goes.
 */
int motte_compile_block(int launcher, int block, unsigned long size, int bank, struct motte_diagnostics *diagnostics);

/*
 * Zero what is not used.
 *
 * With an `allocator` the process draws from a bank of its own below `process.bank`, which begins with `memory` bytes: whoever
 * receives at that channel is asked for more (motte_shortage_receive), and decides.  With a `scheduler` it uses a meter of its
 * own below `process.meter`, which begins with `quantum` nanoseconds: whoever receives at that channel is told when they are used
 * up (MOTTE_DRY), and gives it more, or not.  Both `process.bank` and `process.meter` have to be given then.
 */
struct motte_launch_options {
    struct motte_spawn_options process; /* its bank pays for the program, too */
    struct motte_diagnostics diagnostics;
    int allocator;
    unsigned long memory;
    int scheduler;
    unsigned long quantum;
    int own_bank, own_meter; /* afterwards: with an allocator, or a scheduler, their handles; else 0 */
};

/* A process of the program that this bitcode makes: its handle.  If it fails, there is no process, and no program. */
int motte_launch(int launcher, const void *bitcode, unsigned long size, struct motte_launch_options *options);
int motte_launch_block(int launcher, int block, unsigned long size, struct motte_launch_options *options);

/*
 * The same in steps: a draft for so many bytes, which this process's bank pays for; its bytes, in pieces; and the program.
 * The draft of a block has all of its bytes.
 */
int motte_draft_create(int launcher, unsigned long size);
int motte_draft_block(int launcher, int block, unsigned long size);
int motte_draft_append(int draft, const void *bytes, unsigned long size);
int motte_draft_compile(int draft, int bank);
int motte_draft_diagnostics(int draft, struct motte_diagnostics *diagnostics);

/* --- allocators --------------------------------------------------------------------------------------------------------- */

struct motte_shortage {
    unsigned long wanted;      /* bytes at least */
    unsigned long limit, used; /* of the bank; MOTTE_NO_LIMIT */
    unsigned long process;     /* a number that no other process ever has */
    int answer;                /* the capability to answer */
    unsigned badge;            /* of the capability that the bank was kept with */
};

/*
 * Processes that want more than this bank allows stand still from now on until the channel has answered.  Needs
 * MOTTE_BANK_LIMITS.  -MOTTE_KEEPER_CYCLE if whoever receives there draws from it.  0 for nobody: they are refused.
 */
int motte_bank_keeper(int bank, int channel);

/* The next one; -MOTTE_UNKNOWN_REQUEST for a message that is something else, and is gone. */
int motte_shortage_receive(int receiver, struct motte_shortage *shortage, long timeout);

/* So many bytes more for the bank: the process goes on.  Or: it does not get what it wants. */
int motte_shortage_grant(const struct motte_shortage *shortage, unsigned long more);
int motte_shortage_refuse(const struct motte_shortage *shortage);

#ifdef __cplusplus
}
#endif

#endif
