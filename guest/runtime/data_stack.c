/*
 * The data stack: locals whose address is taken live there, inside the window.
 * Compiled code lowers the pointer on entry and restores it on return; the core
 * sets both variables before it enters the program.  A frame that would pass the
 * limit becomes an address just below it, which compiled code touches: a fault.
 */

#include <stdint.h>

uint64_t __motte_data_stack_pointer;
uint64_t __motte_data_stack_limit; /* lowest address of the stack; an unmapped gap lies below */
