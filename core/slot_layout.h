/* Where things lie in a slot, in bytes from its base (which is 2 MiB-aligned):
 *
 *     | guard and unused native stack | native stack | guard page | context | window, 4 GiB | guard |
 *     0                                         STACK_TOP                 WINDOW
 *
 * The native stack grows down from STACK_TOP, at most to NATIVE_STACK_GUARD.  The window starts in the middle of a
 * 2 MiB region, so that the stack's top, the context and a small program's image share one page table.
 */
#ifndef MOTTE_SLOT_LAYOUT_H
#define MOTTE_SLOT_LAYOUT_H

#include "context.h"
#include "motte_abi.h"

#define SLOT_ALIGNMENT (UINT64_C(2) << 20)
#define SLOT_WINDOW (UINT64_C(65) << 20)
#define SLOT_TRAILING_GUARD (UINT64_C(1) << 20)
#define SLOT_SIZE (SLOT_WINDOW + MOTTE_WINDOW_SIZE + SLOT_TRAILING_GUARD)

#define SLOT_CONTEXT (SLOT_WINDOW - CONTEXT_SIZE)
#define SLOT_STACK_TOP (SLOT_CONTEXT - MOTTE_PAGE_SIZE)
#define SLOT_STACK_LOWEST MOTTE_NATIVE_STACK_GUARD
#define NATIVE_STACK_MAXIMUM (UINT64_C(64) << 20)

_Static_assert(SLOT_STACK_TOP - SLOT_STACK_LOWEST >= NATIVE_STACK_MAXIMUM, "the largest native stack fits");
_Static_assert(MOTTE_NATIVE_STACK_GUARD > MOTTE_MAX_FRAME_HEIGHT + 8 + 64, "no frame can reach across the guard");
_Static_assert(SLOT_TRAILING_GUARD >= MOTTE_WIDEST_ACCESS, "no access can reach across the end");
_Static_assert(SLOT_SIZE % SLOT_ALIGNMENT == 0, "slots can be neighbours");

#endif
