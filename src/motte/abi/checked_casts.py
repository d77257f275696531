"""Checked casts: what the compiler's checks, the guest's variable and the core agree on."""

from enum import IntEnum
from typing import Final


class PointerUse(IntEnum):
    """What an integer that became a pointer is checked for."""

    CAST = 0
    """The cast itself: mapped memory, or a function."""
    ACCESS = 1
    """A read or a write: mapped memory."""
    CALL = 2
    """A call: a function."""


class MappedRun(IntEnum):
    """The stretches of mapped memory that a guest remembers, as far as checks have met them."""

    IMAGE = 0
    """With the program's image, and with the data stack that begins where it ends."""
    HEAP = 1
    """Of the break, or of a data stack that stands alone."""
    MAPPING = 2
    """One of ``mmap``, or of large blocks."""


MAPPED_RUNS: Final = "__motte_mapped_runs"
"""Variable of the guest runtime: {u64 start, u64 size} for each :class:`MappedRun`; size 0 is none."""
