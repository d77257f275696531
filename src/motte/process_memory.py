"""A process's window, seen from outside."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from operator import index
from typing import TYPE_CHECKING, Final, SupportsIndex

from motte.abi.layout import PAGE_SIZE
from motte.core import Process as CoreProcess
from motte.quantities import Size, size_bytes

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

WINDOW: Final = 1 << 32


class Memory:
    """A process's window, from outside; addresses are window addresses, in [0, 2**32).

    What a function has returned, or left in a structure, is the guest's claim: read with a limit of your own.

        checksum = motte.library("checksum.c")
        place = checksum.malloc(100)
        checksum.memory.write(place, b"Wikipedia\\0")
        print(checksum.memory.string(place, limit="1KiB"), checksum.adler(place, 9))

    A guest that runs meanwhile may be seen in the middle of a change.  Ranges that are not inside the window, or not
    all mapped (to ``write``: writable), are a ``ValueError``; after the process's ``close()`` everything is ``Closed``.
    """

    def __init__(self, use: Callable[[], AbstractContextManager[CoreProcess]]) -> None:
        """``use`` gives the core's object for the time of one access."""
        self._use = use

    def read(self, address: SupportsIndex, size: SupportsIndex) -> bytes:
        """A copy of ``size`` bytes at ``address``."""
        start, extent = _range(address, size)
        with self._use() as core:
            return core.read_memory(start, extent)

    def read_into(self, address: SupportsIndex, buffer: "WriteableBuffer") -> None:
        """Fill ``buffer`` (a ``bytearray``, a NumPy array, a ``ctypes`` structure …) with what is at ``address``."""
        start, _ = _range(address)
        with self._use() as core:
            core.read_memory_into(start, buffer)

    def string(self, address: SupportsIndex, limit: Size = "1MiB") -> bytes:
        """The bytes from ``address`` to the NUL that ends them, without it.

        Raises ``ValueError``, too, for more than ``limit`` bytes, and for the null pointer.
        """
        most = size_bytes(limit, "limit")
        start, _ = _range(address)
        if start == 0:
            raise ValueError("the null pointer is no string")
        found = bytearray()
        with self._use() as core:
            while most is None or len(found) <= most:
                at = start + len(found)
                piece = core.read_memory(at, PAGE_SIZE - at % PAGE_SIZE)  # it may end before a page that is not there
                text, end, _ = piece.partition(b"\0")
                found += text
                if end and (most is None or len(found) <= most):
                    return bytes(found)
        raise ValueError(f"no NUL among the first {most} bytes at {start:#x}")

    def write(self, address: SupportsIndex, data: "ReadableBuffer") -> None:
        """Copy ``data`` to ``address``."""
        start, _ = _range(address)
        with self._use() as core:
            core.set_memory(start, data)


def _integer(value: SupportsIndex, what: str) -> int:
    """As Python's own: NumPy's integers would overflow in the sum of two."""
    if not hasattr(value, "__index__"):
        raise TypeError(f"{what}: expected an integer; got {type(value).__name__}")
    return index(value)


def _range(address: SupportsIndex, size: SupportsIndex = 0) -> tuple[int, int]:
    start, extent = _integer(address, "address"), _integer(size, "size")
    if start < 0 or extent < 0 or start + extent > WINDOW:
        raise ValueError(f"[{start:#x}, {start + extent:#x}) is not inside the window")
    return start, extent
