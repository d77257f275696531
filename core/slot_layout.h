/* Where things lie in a slot, in bytes from its base (which is 2 MiB-aligned):
 *
 *     | guard and unused native stack | native stack | context | window, 4 GiB | guard |
 *     0                                            CONTEXT   WINDOW
 *                                      '- one page, FRONT_PAGE -'
 *
 * The native stack grows down from the context, at most to NATIVE_STACK_GUARD; its first bytes and the context share a
 * page.  The window starts in the middle of a 2 MiB region, so that this page and a small program's image share one
 * page table.
 *
 * Slots are reserved in groups, side by side from the start of a gibibyte, and each begins a little later in its
 * gibibyte than the one before.  A group ends before a slot's first SLOT_FRONT bytes would straddle the end of one:
 * so whatever lies there needs one page table of the level above, in every slot.
 */
#ifndef MOTTE_SLOT_LAYOUT_H
#define MOTTE_SLOT_LAYOUT_H

#include "context.h"
#include "motte_abi.h"

#define SLOT_ALIGNMENT (UINT64_C(2) << 20)
#define SLOT_WINDOW (UINT64_C(65) << 20)
#define SLOT_TRAILING_GUARD (UINT64_C(1) << 20)
#define SLOT_SIZE (SLOT_WINDOW + MOTTE_WINDOW_SIZE + SLOT_TRAILING_GUARD)

#define SLOTS_IN_GROUP 15 /* 61 GiB of the 128 TiB that there are */
#define SLOT_GROUP_ALIGNMENT (UINT64_C(1) << 30)
#define SLOT_FRONT (UINT64_C(100) << 20)

#define SLOT_CONTEXT (SLOT_WINDOW - CONTEXT_SIZE)
#define SLOT_STACK_TOP SLOT_CONTEXT
#define SLOT_FRONT_PAGE (SLOT_WINDOW - MOTTE_PAGE_SIZE)
#define SLOT_STACK_LOWEST MOTTE_NATIVE_STACK_GUARD
#define NATIVE_STACK_MINIMUM (UINT64_C(64) << 10)
#define NATIVE_STACK_MAXIMUM (UINT64_C(64) << 20)

_Static_assert(SLOT_STACK_TOP % 16 == 0 && SLOT_STACK_TOP > SLOT_FRONT_PAGE, "the stack begins in the context's page");
_Static_assert(SLOT_FRONT_PAGE - SLOT_STACK_LOWEST >= NATIVE_STACK_MAXIMUM, "the largest native stack fits");
_Static_assert(MOTTE_NATIVE_STACK_GUARD > MOTTE_MAX_FRAME_HEIGHT + 8 + 64, "no frame can reach across the guard");
_Static_assert(SLOT_TRAILING_GUARD >= MOTTE_WIDEST_ACCESS, "no access can reach across the end");
_Static_assert(SLOT_SIZE % SLOT_ALIGNMENT == 0, "slots can be neighbours");
_Static_assert((SLOTS_IN_GROUP - 1) * (SLOT_SIZE % SLOT_GROUP_ALIGNMENT) + SLOT_FRONT <= SLOT_GROUP_ALIGNMENT,
               "no front straddles a gibibyte's end");

#endif
