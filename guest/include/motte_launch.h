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

/* Zero what is not used. */
struct motte_launch_options {
    struct motte_spawn_options process; /* its bank pays for the program, too */
    struct motte_diagnostics diagnostics;
};

/* A process of the program that this bitcode makes: its handle.  If it fails, there is no process, and no program. */
int motte_launch(int launcher, const void *bitcode, unsigned long size, struct motte_launch_options *options);

/*
 * The same in steps: a draft for so many bytes, which this process's bank pays for; its bytes, in pieces; and the program.
 */
int motte_draft_create(int launcher, unsigned long size);
int motte_draft_append(int draft, const void *bytes, unsigned long size);
int motte_draft_compile(int draft, int bank);
int motte_draft_diagnostics(int draft, struct motte_diagnostics *diagnostics);

#ifdef __cplusplus
}
#endif

#endif
