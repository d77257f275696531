"""One image for many processes, of which each sees its own changes only."""

import threading
from typing import TYPE_CHECKING

from motte.keeper import KeptFault, Resume
from motte.keepers.blocks import DEFAULT_BLOCK, block_at, block_bytes, is_missing, is_write_to_read_only
from motte.quantities import Size

if TYPE_CHECKING:
    from collections.abc import Buffer  # type: ignore[attr-defined,unused-ignore]


class CopyOnWrite:
    """The bytes of an image, and zeros behind it; a process that writes changes a block of its own.

    Blocks that were only read are read-only: they are as the image is, and that is all that the keeper has to know.  So
    any number of regions and processes may share one.  The image must not change meanwhile.
    """

    def __init__(self, image: "Buffer", *, block: Size = DEFAULT_BLOCK) -> None:
        """``image`` is bytes, or anything with the buffer protocol (an ``mmap``, an array)."""
        self._image = memoryview(image).cast("B")
        self._block = block_bytes(block)
        self._lock = threading.Lock()
        self.filled = 0
        """Blocks that were supplied to be read."""
        self.written = 0
        """Blocks that were supplied to be written to, be it at once or later."""

    def __call__(self, fault: KeptFault) -> Resume | None:
        """Supply the block; decline what is neither a missing page nor a first write."""
        if not is_missing(fault) and not is_write_to_read_only(fault):
            return None
        writes = fault.access == "write"
        start, size = block_at(fault, self._block)
        answer = fault.supply(self._image[start : start + size], at=start, size=size, writable=writes)
        with self._lock:
            self.written += writes
            self.filled += not writes
        return answer
