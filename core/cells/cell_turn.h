/* The turn of a process in a cell: its worker gives it to the cell, and waits.
 *
 * The problem.  A process is to be scheduled, metered, stopped and looked at as any other, and its kernel calls mean the same,
 * while its code runs in another OS process, which may be hostile.
 *
 * The answer.  Its worker has the turn as always, and does not run on until it is over: what the cell does meanwhile takes the
 * worker's place, and its time is the turn's.  A kernel call comes back as a message, is made here, by the same functions as in
 * a gate, and its result is the next message.  A signal that ends the turn wakes the worker, which interrupts the cell; and a
 * cell that does not let go is killed.  So there are never more cells running than workers.
 *
 * What comes from a cell is checked as a guest's registers are: numbers before they index, addresses before the host follows
 * them, which it does for verified code's native stack alone.
 */
#ifndef MOTTE_CELL_TURN_H
#define MOTTE_CELL_TURN_H

struct process;

/* As guest_run: until it leaves the guest.  Its context, and perhaps its trap, say why; or it is to stop. */
void cell_run(struct process *process);

#endif
