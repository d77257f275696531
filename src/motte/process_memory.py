"""A process's window, seen from outside."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from motte.core import Process as CoreProcess


class Memory:
    """A process's window, from outside; addresses are window addresses, in [0, 2**32)."""

    def __init__(self, use: Callable[[], AbstractContextManager[CoreProcess]]) -> None:
        """``use`` gives the core's object for the time of one access."""
        self._use = use

    def read(self, address: int, size: int) -> bytes:
        """A copy of ``size`` bytes at ``address``.

        Raises ``ValueError`` for a range that is not inside the window, or where nothing is mapped, and
        ``Closed`` after the process's ``close()``.
        """
        if address < 0 or size < 0 or address + size > 1 << 32:
            raise ValueError(f"[{address:#x}, {address + size:#x}) is not inside the window")
        with self._use() as core:
            return core.read_memory(address, size)
