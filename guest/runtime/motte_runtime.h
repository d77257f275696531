/* What the files of the guest runtime tell each other; not installed. */

#ifndef MOTTE_RUNTIME_H
#define MOTTE_RUNTIME_H

#include <features.h>
#include <signal.h>

/* thread.c: fills in the descriptor of the only thread. */
hidden void __motte_init_main_thread(void);

/* signals.c: acts on a signal that the process sends to itself.  Blocked signals stay pending. */
hidden void __motte_send_signal(int signal, const siginfo_t *information);

/* signals.c: the blocked set as a mask; changing it delivers what becomes deliverable. */
hidden unsigned long __motte_signal_mask(void);
hidden void __motte_set_signal_mask(unsigned long mask);

/* signals.c: signals sent while blocked; taking one removes it and reports its information. */
hidden unsigned long __motte_pending_signals(void);
hidden int __motte_take_pending_signal(unsigned long set, siginfo_t *information);

/* data_stack.c: compiled code and the core change it, too. */
extern unsigned long __motte_data_stack_pointer;

/* The last word of a jmp_buf's registers; the others are the host's to fill. */
#define JUMP_DATA_STACK 7

#define SIGNAL_BIT(signal) (1UL << ((signal) - 1))

#endif
