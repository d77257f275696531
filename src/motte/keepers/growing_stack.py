"""A stack of the program's own: for coroutines, or for an interpreter's values."""

from motte.abi.layout import PAGE_SIZE
from motte.keeper import KeptFault, Resume
from motte.keepers.blocks import is_missing
from motte.keepers.one_process import OneProcess
from motte.quantities import Size, size_bytes


class GrowingStack:
    """A region that grows from its top downwards, as far as it is touched, up to a limit; below that is a guard.

    An access grows the stack if it is at most ``reach`` below what is there already: a stack grows step by step, and
    what lands far below is an error.  An access to the guard is a fault of the program, which ends it.

    It keeps one region of one process.
    """

    def __init__(self, limit: Size = "1MiB", *, reach: Size = "64KiB") -> None:
        """``limit`` is the most that it grows to; a region larger than that has its guard below."""
        self._limit = _whole_pages(limit, "limit")
        self._reach = _whole_pages(reach, "reach")
        self._process = OneProcess()
        self.size = 0
        """Bytes that are there now."""

    def __call__(self, fault: KeptFault) -> Resume | None:
        """Grow down to the page that was touched, or decline."""
        region = self._process.region_of(fault)
        if not is_missing(fault):
            return None
        size = region - fault.page
        if size > self._limit or size > self.size + self._reach:
            return None
        answer = fault.supply(at=fault.page, size=size - self.size)
        self.size = size
        return answer


def _whole_pages(size: Size, name: str) -> int:
    """Rounded up."""
    pages = size_bytes(size, name)
    if not pages:
        raise ValueError(f"{name}: expected a size; got {size!r}")
    return -(-pages // PAGE_SIZE) * PAGE_SIZE
