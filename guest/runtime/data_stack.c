/*
 * The data stack: locals whose address is taken live there, inside the window.
 * It grows upwards from the end of the program's data.  Compiled code raises the
 * pointer on entry and restores it on return; the core sets both variables before
 * it enters the program.  A frame that would pass the limit becomes an address
 * just above it, which compiled code touches: a fault.
 */

#include <stdint.h>

uint64_t __motte_data_stack_pointer;
uint64_t __motte_data_stack_limit; /* where the stack ends; an unmapped gap lies above */
