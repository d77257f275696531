/* Offsets that the assembly uses: the one list. context.h asserts each against the C structure. */
#ifndef MOTTE_CONTEXT_OFFSETS_H
#define MOTTE_CONTEXT_OFFSETS_H

#define CONTEXT_SIZE 4096

#define CONTEXT_PROCESS 0
#define CONTEXT_HOST_STACK 8
#define CONTEXT_HOST_GS_BASE 16
#define CONTEXT_HOST_MXCSR 24
#define CONTEXT_GUEST_MXCSR 28
#define CONTEXT_GUEST_STACK 32
#define CONTEXT_RBX 40
#define CONTEXT_RBP 48
#define CONTEXT_R12 56
#define CONTEXT_R13 64
#define CONTEXT_R14 72
#define CONTEXT_R15 80
#define CONTEXT_ENTRY 88
#define CONTEXT_ENTRY_ARGUMENT 96

#define PROCESS_STOP_FLAG 0

#endif
