/* Offsets that the assembly uses: the one list. context.h asserts each against the C structure. */
#ifndef MOTTE_CONTEXT_OFFSETS_H
#define MOTTE_CONTEXT_OFFSETS_H

#define CONTEXT_SIZE 2944

#define CONTEXT_PROCESS 0
#define CONTEXT_HOST_STACK 8
#define CONTEXT_HOST_MXCSR 16
#define CONTEXT_GUEST_MXCSR 20
#define CONTEXT_RESUME 24
#define CONTEXT_REACHES 28
#define CONTEXT_GUEST_STACK 32
#define CONTEXT_RBX 40
#define CONTEXT_RBP 48
#define CONTEXT_R12 56
#define CONTEXT_R13 64
#define CONTEXT_R14 72
#define CONTEXT_R15 80
#define CONTEXT_RESULT 88
#define CONTEXT_REGISTERS 96 /* sixteen, in the order of their numbers in instructions */
#define CONTEXT_INSTRUCTION 224
#define CONTEXT_FLAGS 232
#define CONTEXT_REACH 240
#define CONTEXT_HOST_FS 248
#define CONTEXT_VECTORS 256 /* as XSAVE lays them out */

/* x87, SSE, AVX, and the three parts of AVX-512; what this CPU lacks is ignored. */
#define VECTOR_COMPONENTS 0xe7
#define VECTORS_SIZE 2688 /* up to the end of the last of them, in the standard layout */

#define RESUME_IN_GATE 0
#define RESUME_AT_INSTRUCTION 1
#define RESUME_CALL 2
#define RESUME_RETURNED 3

/* The low halves of xmm0 and those behind it, in the vectors: a call's arguments, and its result. */
#define CONTEXT_XMM (CONTEXT_VECTORS + 160)

#define PROCESS_ATTENTION 0

#endif
