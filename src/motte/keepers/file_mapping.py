"""A file as memory: read when it is touched, and only where it is."""

import os
import threading
from typing import IO, TYPE_CHECKING

from motte.abi.layout import PAGE_SIZE
from motte.keeper import KeptFault, Resume
from motte.keepers.blocks import DEFAULT_BLOCK, block_at, block_bytes, is_missing
from motte.quantities import Size

if TYPE_CHECKING:
    from types import TracebackType


class FileMapping:
    """The bytes of a file from ``offset`` on, read block by block; zeros to the end of its last page, nothing behind.

    With ``writable`` each process may change the copy that it has read; the file itself never changes.  Any number
    of regions and processes may share one.  What is read is the file as it is at that moment.

    It is a context manager that closes what it has opened.
    """

    def __init__(
        self,
        file: "str | os.PathLike[str] | IO[bytes]",
        *,
        offset: int = 0,
        writable: bool = False,
        block: Size = DEFAULT_BLOCK,
    ) -> None:
        """``file`` is a path, or an open file that must stay open.  Raises ``OSError`` if it cannot be opened."""
        if offset < 0:
            raise ValueError(f"offset: {offset} is negative")
        self._block = block_bytes(block)
        self._offset = offset
        self._writable = writable
        self._opened = os.open(file, os.O_RDONLY | os.O_CLOEXEC) if isinstance(file, str | os.PathLike) else None
        self._descriptor = file.fileno() if self._opened is None else self._opened  # type: ignore[union-attr]
        self._lock = threading.Lock()
        self.read = 0
        """Bytes of the file that were read."""

    def __call__(self, fault: KeptFault) -> Resume | None:
        """Read a block and supply it; decline writes to a read-only mapping, and pages behind the file's end."""
        if not is_missing(fault) or (fault.access == "write" and not self._writable):
            return None
        start, size = block_at(fault, self._block)
        data = os.pread(self._descriptor, size, self._offset + start)
        if start + len(data) <= fault.page:
            return None
        with self._lock:
            self.read += len(data)
        pages = -(-len(data) // PAGE_SIZE) * PAGE_SIZE
        return fault.supply(data, at=start, size=pages, writable=self._writable)

    def close(self) -> None:
        """Close the file if it was given by its path: what was not read yet cannot be read any more."""
        if self._opened is not None:
            os.close(self._opened)
            self._opened = None
            self._descriptor = -1

    def __enter__(self) -> "FileMapping":
        """The mapping itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: "TracebackType | None"
    ) -> None:
        """Close."""
        self.close()
