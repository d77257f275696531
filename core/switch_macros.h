/* What the files in assembly share. */
#ifndef MOTTE_SWITCH_MACROS_H
#define MOTTE_SWITCH_MACROS_H

#include "context_offsets.h"

/* A field of the context of the process whose window GS base is. */
#define GS(offset) %gs:(offset - CONTEXT_SIZE)

/* Global, for this library alone. */
.macro LABEL name
    .globl \name
    .hidden \name
\name:
.endm

.macro FUNCTION name
    .type \name, @function
    .balign 16
    LABEL \name
.endm

#endif
