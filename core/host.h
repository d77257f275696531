/* What this host offers, and whether Motte can run here. */
#ifndef MOTTE_HOST_H
#define MOTTE_HOST_H

#include <stdbool.h>

struct host_features {
    bool fsgsbase;          /* the kernel lets user code set the GS base */
    bool user_shadow_stack; /* on for this process: returns from gates would not match it */
    bool avx, avx512;
    bool guard_markers; /* MADV_GUARD_INSTALL */
    bool code_region;   /* the addresses for code were free, and are ours now */
};

/* Looks, reserves the code region and installs the signal handlers; once, at import. */
void host_prepare(void);

const struct host_features *host_features(void);

/* NULL if guests can run here, else what is missing and what to do about it. */
const char *host_problem(void);

#endif
