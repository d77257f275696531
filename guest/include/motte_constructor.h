/*
 * Constructors: sealed recipes for processes.
 *
 * Whoever makes one puts capabilities in and seals it; then nobody can change it any more.  Whoever is given one can ask what its
 * products could talk to, and have one made that runs on a bank and a meter of the client's own.
 */

#ifndef MOTTE_CONSTRUCTOR_H
#define MOTTE_CONSTRUCTOR_H

#include <motte_services.h>

#ifdef __cplusplus
extern "C" {
#endif

enum motte_constructor_right {
    MOTTE_CONSTRUCTOR_BUILDS = 1 << 16,  /* insert, keeper, seal */
    MOTTE_CONSTRUCTOR_LOOKS = 1 << 17,   /* holes, is_confined, verify */
    MOTTE_CONSTRUCTOR_CREATES = 1 << 18
};

/* An empty recipe of a program: its handle.  It ends with this process's bank, which pays for it. */
int motte_constructor_create(int program);

/*
 * Products will find a copy of the capability by this name, or be kept by whoever receives at the channel.
 * -MOTTE_SEALED; -MOTTE_REQUEST_ERROR for a name that is there; -MOTTE_LIMIT_REACHED beyond 64.
 */
int motte_constructor_insert(int constructor, const char *name, int capability);
int motte_constructor_keeper(int constructor, int channel);
int motte_constructor_seal(int constructor);

/*
 * How many of its capabilities lead to others than the client: their names, each with its NUL, come to `names`, as far as
 * they fit.
 */
int motte_constructor_holes(int constructor, char *names, unsigned room);

/* 1 if it is sealed, and has no holes. */
int motte_constructor_is_confined(int constructor);

/*
 * A product: its handle.  Bank and meter in the options are not 0: it draws from a bank of its own below that one.
 * If it fails, that bank has what it had.  -MOTTE_REQUEST_ERROR for a grant with a name of the recipe.
 * -MOTTE_SEALED if the recipe is not sealed.
 */
int motte_constructor_make(int constructor, const struct motte_spawn_options *options);

/* 0 if the process is a product of this constructor; -MOTTE_INVALID_CAP for anything else. */
int motte_constructor_verify(int constructor, int process);

#ifdef __cplusplus
}
#endif

#endif
