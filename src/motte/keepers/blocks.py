"""Blocks: regions are supplied many pages at a time, because asking a keeper costs more than sixteen pages do.

A block is either there as a whole or not at all, as long as the program leaves the protection of its region alone.
"""

from typing import Final

from motte.abi.faults import FaultKind
from motte.abi.layout import PAGE_SIZE
from motte.keeper import KeptFault
from motte.quantities import Size, size_bytes

DEFAULT_BLOCK: Final = "64KiB"


def block_bytes(block: Size) -> int:
    """The size of a block.  Raises ``ValueError`` unless it is whole pages."""
    size = size_bytes(block, "block")
    if not size or size % PAGE_SIZE:
        raise ValueError(f"block: {block!r} is not whole pages of {PAGE_SIZE} bytes")
    return size


def block_at(fault: KeptFault, size: int) -> tuple[int, int]:
    """Offset and size of the block where the fault is; the region's last block may be shorter.

    Raises ``ValueError`` if the fault is not in a region of the keeper's own.
    """
    if fault.region_size is None:
        raise ValueError("this keeper is one of regions: motte.Region(address, size, keeper)")
    start = fault.page // size * size
    return start, min(size, fault.region_size - start)


def is_missing(fault: KeptFault) -> bool:
    """Whether there was nothing where the process wanted to read or write."""
    return fault.kind is FaultKind.UNMAPPED and fault.access in {"read", "write"}


def is_write_to_read_only(fault: KeptFault) -> bool:
    """Whether there was something that may only be read."""
    return fault.kind is FaultKind.READ_ONLY and fault.access == "write"
