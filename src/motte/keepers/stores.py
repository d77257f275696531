"""Where a pager puts what does not fit."""

import os
import tempfile
from typing import Protocol


class Store(Protocol):
    """Blocks by their offset in the region.  One pager calls it, from one thread at a time."""

    def load(self, offset: int, size: int) -> bytes | None:
        """What was saved there last; ``None`` if nothing was."""

    def save(self, offset: int, data: bytes) -> None:
        """Keep a block."""

    def close(self) -> None:
        """Forget everything."""


class MemoryStore:
    """Blocks in the host's memory, which no bank pays for: at most as much as the region is large."""

    def __init__(self) -> None:
        """An empty one."""
        self._blocks: dict[int, bytes] = {}

    def load(self, offset: int, size: int) -> bytes | None:
        """As :class:`Store` says."""
        return self._blocks.get(offset)

    def save(self, offset: int, data: bytes) -> None:
        """As :class:`Store` says."""
        self._blocks[offset] = data

    def close(self) -> None:
        """Forget everything."""
        self._blocks.clear()


class FileStore:
    """Blocks in a file without a name, which is gone when it is closed."""

    def __init__(self, directory: "str | os.PathLike[str] | None" = None) -> None:
        """``directory`` is where the file lies (default: where temporary files do).  Raises ``OSError``."""
        self._file = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115 (close() closes it)
        self._saved: set[int] = set()

    def load(self, offset: int, size: int) -> bytes | None:
        """As :class:`Store` says.  Raises ``OSError``."""
        return os.pread(self._file.fileno(), size, offset) if offset in self._saved else None

    def save(self, offset: int, data: bytes) -> None:
        """As :class:`Store` says.  Raises ``OSError``, if the disk is full for instance."""
        view = memoryview(data)
        done = 0
        while done < len(view):
            done += os.pwrite(self._file.fileno(), view[done:], offset + done)
        self._saved.add(offset)

    def close(self) -> None:
        """Give the disk's space back; harmless when repeated."""
        self._file.close()
