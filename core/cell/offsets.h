/* Offsets in the control pages that the assembly uses; turns.c asserts them. */
#ifndef MOTTE_CELL_OFFSETS_H
#define MOTTE_CELL_OFFSETS_H

#define CONTROL_ADDRESS 0x210000000000 /* CELL_CONTROL_BASE */
#define CONTROL_CALL 24
#define CONTROL_ARGUMENTS 32
#define CONTROL_CONTEXT 128

#define CELL_STACK_SIZE 32768

#endif
