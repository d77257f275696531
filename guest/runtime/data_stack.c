/*
 * The data stack: locals whose address is taken live there, inside the window.
 * Compiled code lowers the pointer on entry and restores it on return; the core
 * sets both variables before it enters the program.
 */

#include <stdint.h>

uint64_t __motte_data_stack_pointer;
uint64_t __motte_data_stack_limit; /* lowest address of the stack; an unmapped gap lies below */

/*
 * Compiled code calls this when its next frame would not fit and might reach
 * beyond the gap.  The store faults in the gap, which the core reports as an
 * overflow of the data stack.  Nothing here needs a frame of its own.
 */
void __motte_data_stack_overflow(void)
{
    for (;;)
        *(volatile char *)(__motte_data_stack_limit - 64) = 0;
}
