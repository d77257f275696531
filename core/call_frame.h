/* What a call of a guest's function has in its process's context and on its native stack.
 *
 * Arguments are written below whatever is there: nothing, for a call by itself; the frames of the call outside, and the gate
 * that these wait in, for one inside of a function of the host's.  That gate is kept in the call meanwhile.
 */
#ifndef MOTTE_CALL_FRAME_H
#define MOTTE_CALL_FRAME_H

#include <stdbool.h>
#include <stdint.h>

struct guest_call;

/* The process will enter the function, with its arguments below `top`; false if the native stack cannot hold them. */
bool call_frame_make(const struct guest_call *call, uintptr_t top);

/* It has returned. */
void call_frame_take_results(struct guest_call *call);

/* For a nested call: before it, and after. */
void call_frame_keep_gate(struct guest_call *call);
void call_frame_restore_gate(const struct guest_call *call);

/* Frames that are given up do not lower the guest's data stack themselves: noted before, put back after. Without the lock. */
void call_frame_note_data_stack(struct guest_call *call);
void call_frame_restore_data_stack(struct guest_call *call);

#endif
