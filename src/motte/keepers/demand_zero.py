"""Memory that is not there, and costs nothing, until it is touched."""

import threading

from motte.keeper import KeptFault, Resume
from motte.keepers.blocks import DEFAULT_BLOCK, block_at, block_bytes, is_missing
from motte.quantities import Size


class DemandZero:
    """Zeros, where and when they are wanted: a large sparse array pays for the blocks that it uses.

    Any number of regions and processes may share one.
    """

    def __init__(self, *, block: Size = DEFAULT_BLOCK) -> None:
        """``block`` is how much is supplied at a time; whole pages."""
        self._block = block_bytes(block)
        self._lock = threading.Lock()
        self.supplied = 0
        """Bytes that it has supplied, to all."""

    def __call__(self, fault: KeptFault) -> Resume | None:
        """Supply the block; decline what is no missing page."""
        if not is_missing(fault):
            return None
        start, size = block_at(fault, self._block)
        answer = fault.supply(at=start, size=size)
        with self._lock:
            self.supplied += size
        return answer
