"""Address-space layout of one process, and of the host's code region.

All sizes and addresses are in bytes.  A *window address* is an offset from the
window's base W, in ``[0, 2**32)``; a *host address* is an ordinary pointer.

One slot of reserved address space::

    | guard | native stack | context | W = window, 4 GiB | next slot's guard
"""

from typing import Final

PAGE_SIZE: Final = 4096

# --- the slot, from its low end ---------------------------------------------
WINDOW_SIZE: Final = 1 << 32
WIDEST_ACCESS: Final = 64
"""Bytes that one access may reach past the end of the window (a zmm register)."""

MAX_FRAME_HEIGHT: Final = 0x1_0000
"""F: the greatest height of one native stack frame, and of its arguments."""

NATIVE_STACK_GUARD: Final = 0x2_0000
"""Below the native stack; exceeds F + 8 + 64, so no stack probe is needed."""

# --- the window ---------------------------------------------------------------
NULL_GUARD_END: Final = 0x1_0000
"""Window addresses below this one are never mapped."""

INFORMATION_PAGE: Final = 0x1_0000
"""One read-only page of process information."""

IMAGE_BASE: Final = 0x1_1000
"""First byte of the program image: read-only segment, then writable, then bss."""

DATA_STACK_ALIGNMENT: Final = 16
"""The data stack grows upwards from the image's end, rounded up to this."""

DATA_STACK_GAP: Final = 1 << 20
"""Unmapped bytes above the data stack."""

HEAP_END: Final = 0x8000_0000
"""The break grows from the gap above the data stack up to here; the image and the
data stack therefore always lie below 2 GiB (32-bit sign-extended relocations)."""

MAP_BASE: Final = 0x8000_0000
MAP_END: Final = 0xE000_0000
"""mmap area: [MAP_BASE, MAP_END)."""

EXCHANGE_BASE: Final = 0xE000_0000
EXCHANGE_END: Final = 0xFFFF_0000

# --- the host's code region -----------------------------------------------------
CODE_REGION_BASE: Final = 0x1000_0000
CODE_REGION_END: Final = 0x7FFF_0000
"""Code, tables and gates of every program live here, below 2 GiB, so that
absolute 32-bit displacements reach them."""

GATE_BASE: Final = CODE_REGION_BASE
GATE_STRIDE: Final = 32
"""The gate of kernel call ``n`` starts at GATE_BASE + n * GATE_STRIDE."""

GATE_REGION_SIZE: Final = 0x1_0000

REACHING_GATE_BASE: Final = GATE_BASE + GATE_REGION_SIZE // 2
"""The same for programs that reach checked blocks."""

# --- native programs: each in an OS process of its own, where the window begins at host address 0 ------------------
NATIVE_CODE_BASE: Final = 0x7000_0000
"""Code of a native program begins here: below 2 GiB, so that absolute 32-bit displacements reach it, and in the window,
so that the break of such a program ends here, and not at HEAP_END."""

NATIVE_GATE_BASE: Final = 0x7F00_0000
"""The end of the room for its code.  The gate of kernel call ``n`` starts at NATIVE_GATE_BASE + n * GATE_STRIDE."""

# --- checked blocks: each in a reach of its own -----------------------------------
CHECKED_CELL: Final = 4 << 20
"""Bytes of a checked block, at most.  Block ``n`` begins at n * CHECKED_CELL of its reach, so that no two begin at the
same address; the first cell and the last ones of a reach are never used."""

CHECKED_BLOCKS: Final = 1000
"""Checked blocks that there are at a time, at most, in one process of the host's."""

REACH_SIZE: Final = (1 << 32) + CHECKED_CELL
"""From one reach to the next: what a 32-bit address reaches from its base, and a cell that nothing is ever in."""

# --- function table ---------------------------------------------------------------
FUNCTION_TABLE_ENTRY_SIZE: Final = 16
"""{u64 code address, u32 class, u32 zero}; a function pointer is the entry's offset."""

JUMP_TABLE_ENTRY_SIZE: Final = 8

UNUSED_CLASS: Final = 0
"""Reserved class of entries that no function uses; no call site may name it."""


def compatible_class(stack_arguments: int) -> int:
    """Class of a function in the default mode: its incoming stack bytes, and nothing else.

    >>> compatible_class(0), compatible_class(16)
    (1, 3)
    """
    return 1 + stack_arguments // 8
