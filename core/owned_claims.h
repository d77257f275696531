/* Claims about code, in memory of our own: what is verified cannot change behind the verifier. */
#ifndef MOTTE_OWNED_CLAIMS_H
#define MOTTE_OWNED_CLAIMS_H

#include <stdbool.h>

#include "verifier/verify.h"

struct owned_claims {
    struct motte_claims claims; /* its arrays, but for code, tables and gates, lie in `numbers` */
    uint32_t *numbers;
};

/* Copies the arrays of `claimed` that a stranger gave. False without memory. */
bool owned_claims_copy(struct owned_claims *owned, const struct motte_claims *claimed);
void owned_claims_release(struct owned_claims *owned);

/* The gates of this core for such a program. */
void owned_claims_use_gates(struct motte_claims *claims);

#endif
