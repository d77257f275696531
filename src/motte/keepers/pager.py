"""A region that is larger than the memory that pays for it.

At most ``resident`` bytes of it are there at a time.  When a block is wanted and there is no room, the one that has
been there longest goes; if it was written to, its bytes go to a store, and come back when it is touched again.  Whether
it was written to is known because a block that is only read is read-only: the first write asks the keeper.  That is
also the only sign of use that can be seen from here, and is taken as one: such a block starts anew at the end of the
queue.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from motte.errors import LimitReached
from motte.keeper import KeptFault, Resume
from motte.keepers.blocks import DEFAULT_BLOCK, block_at, block_bytes, is_missing, is_write_to_read_only
from motte.keepers.one_process import OneProcess
from motte.keepers.stores import MemoryStore, Store
from motte.quantities import Size, size_bytes

if TYPE_CHECKING:
    from types import TracebackType

SMALLEST_RESIDENT: Final = 256 * 1024
"""A system call moves up to 64 KiB at a time, and all of them must be there at once."""

FEWEST_BLOCKS: Final = 8
"""One instruction can touch four: a pair of operands, each across two blocks."""

MOST_BLOCKS: Final = 480
"""A process's memory may lie in about a thousand pieces, and each resident block may need a hole beside it."""


@dataclass(frozen=True, slots=True)
class PagerStatistics:
    """What a pager has done up to now."""

    faults: int
    loads: int
    """Blocks that were supplied, from the store or as zeros."""

    evictions: int
    """Blocks that had to go."""

    write_backs: int
    """Of these, those whose bytes went to the store."""

    resident: int
    """Bytes that are there now."""


class Pager:
    """Keeps at most ``resident`` bytes of its region in the process's memory; first in, first out.

    What a process has beside its region (image, stacks, page tables) comes on top: choose ``resident`` some MiB below
    the limit of its bank.  If the bank refuses before ``resident`` is reached, blocks go earlier.

    It keeps one region of one process.  It is a context manager that closes its store.
    """

    def __init__(self, resident: Size, *, store: Store | None = None, block: Size = DEFAULT_BLOCK) -> None:
        """``store`` is a :class:`MemoryStore` by default; ``block`` what is moved at a time.

        Raises ``ValueError`` for less than 256 KiB or 8 blocks, or more than 480 blocks.
        """
        self._block = block_bytes(block)
        size = size_bytes(resident, "resident") or 0
        self._most = size // self._block
        if size < SMALLEST_RESIDENT or not FEWEST_BLOCKS <= self._most <= MOST_BLOCKS:
            raise ValueError(
                f"resident: {resident!r} is not {FEWEST_BLOCKS} to {MOST_BLOCKS} blocks of {self._block} bytes, and at "
                f"least {SMALLEST_RESIDENT} bytes"
            )
        self._store: Store = MemoryStore() if store is None else store
        self._process = OneProcess()
        self._resident: OrderedDict[int, tuple[int, bool]] = OrderedDict()  # offset: size, whether it was written to
        self._faults = self._loads = self._evictions = self._write_backs = 0

    def __call__(self, fault: KeptFault) -> Resume | None:
        """Bring the block in, or let it be written to; decline what is neither."""
        self._process.region_of(fault)
        self._faults += 1
        start, size = block_at(fault, self._block)
        if start in self._resident:
            return self._write_to(start, fault) if is_write_to_read_only(fault) else None
        return self._bring_in(start, size, fault) if is_missing(fault) else None

    def statistics(self) -> PagerStatistics:
        """A frozen record."""
        return PagerStatistics(
            faults=self._faults,
            loads=self._loads,
            evictions=self._evictions,
            write_backs=self._write_backs,
            resident=sum(size for size, _ in list(self._resident.values())),
        )

    def _write_to(self, start: int, fault: KeptFault) -> Resume:
        size, _ = self._resident[start]
        answer = fault.protect(start, size, writable=True)
        self._resident[start] = size, True
        self._resident.move_to_end(start)
        return answer

    def _bring_in(self, start: int, size: int, fault: KeptFault) -> Resume:
        writes = fault.access == "write"
        while len(self._resident) >= self._most:
            self._evict(fault)
        data = self._store.load(start, size) or b""
        while True:
            try:
                answer = fault.supply(data, at=start, size=size, writable=writes)
                break
            except LimitReached:
                if not self._resident:
                    raise
                self._evict(fault)
        self._resident[start] = size, writes
        self._loads += 1
        return answer

    def _evict(self, fault: KeptFault) -> None:
        start = next(iter(self._resident))
        size, written = self._resident[start]
        data = fault.withdraw(start, size)
        if written:
            self._store.save(start, data)
            self._write_backs += 1
        del self._resident[start]
        self._evictions += 1

    def close(self) -> None:
        """Close the store; harmless when repeated.  The process should have ended."""
        self._store.close()

    def __enter__(self) -> "Pager":
        """The pager itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: "TracebackType | None"
    ) -> None:
        """Close."""
        self.close()
