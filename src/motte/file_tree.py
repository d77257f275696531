"""File trees in memory: directories for guests that no file system of the host knows of.

    tree = motte.FileTree({"in/a.txt": b"..."}, limit="16MiB")
    machine.run(program, directories=[tree.at("/data")])
    tree["out/b.txt"], sorted(tree)

A guest finds in it what a directory of the host's offers, and no links of any kind.  Several processes may have a tree
at the same time, one for reading only and another for writing, and so may the host.
"""

import os
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from motte.core import Tree
from motte.quantities import Size, format_size, size_bytes

if TYPE_CHECKING:
    from motte.bank import SpaceBank
    from motte.directories import Directory

Data = bytes | bytearray | memoryview

DEFAULT_LIMIT: Final = 64 << 20
"""Bytes that a tree may take, unless it is told otherwise."""

DEFAULT_FILES: Final = 65_536
"""Files and directories that it may have, likewise."""

_MOST_FILES: Final = (1 << 20) - 1


class FileTree(MutableMapping[str, bytes]):
    """Files in memory, by path: a mapping from the paths of files to what they hold.

    Paths have slashes, and none at the beginning; ``tree["a/b"] = b"..."`` makes the directory ``a``, too.  A file that
    is open in a guest when it is replaced or removed here behaves as if another guest had done so.  Names that are not
    UTF-8 are shown as ``os.fsdecode`` shows them.  Safe to use from several threads.
    """

    def __init__(
        self,
        files: Mapping[str, Data] | None = None,
        *,
        limit: Size = DEFAULT_LIMIT,
        max_files: int = DEFAULT_FILES,
        bank: "SpaceBank | None" = None,
    ) -> None:
        """With these files.

        ``limit`` is what it may take in all: content by pages of 4 KiB, names, and about 300 bytes for each file and
        directory, of which there are at most ``max_files``.  Beyond either a guest meets ``ENOSPC``.  ``bank`` pays
        for it, too, as long as the tree exists; by default nobody does but for the limit.

        Raises ``LimitReached`` if the files do not fit, ``ValueError`` for unusable paths and limits.
        """
        if not 0 < max_files <= _MOST_FILES:
            raise ValueError(f"max_files: {max_files} is not between 1 and {_MOST_FILES}")
        payer = None if bank is None else bank.core_to_draw_from()
        self._core = Tree(size_bytes(limit, "limit"), max_files + 1, payer)  # one for its root
        for path, data in (files or {}).items():
            self[path] = data

    def at(self, guest: str = "/", *, read_only: bool = False) -> "Directory":
        """A grant of the whole tree, for ``directories``, under this name."""
        from motte.directories import Directory

        return Directory(self, guest, read_only)

    # --- as a mapping ------------------------------------------------------------------------------------------------

    def __getitem__(self, path: str) -> bytes:
        """What the file holds.  Raises ``KeyError`` for what is no file."""
        try:
            return self._core.read(_encoded(path))
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise KeyError(path) from None

    def __setitem__(self, path: str, data: Data) -> None:
        """Make the file and the directories above it, or replace what it holds.

        Raises ``LimitReached`` if that does not fit: then the file holds as much as there was room for;
        ``IsADirectoryError`` and ``NotADirectoryError`` where something else is in the way.
        """
        name = _encoded(path)
        self.make_directory(path.rpartition("/")[0])
        self._core.write(name, data)

    def __delitem__(self, path: str) -> None:
        """Remove the file.  Raises ``KeyError`` for what is no file."""
        try:
            self._core.remove(_encoded(path), False)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise KeyError(path) from None

    def __iter__(self) -> Iterator[str]:
        """The paths of all files."""
        return (path for path, is_directory in self._walk("") if not is_directory)

    def __len__(self) -> int:
        """How many files there are."""
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        """For people; never raises."""
        return f"<FileTree of {len(self)} files, {format_size(self.used)}>"

    # --- what else there is ------------------------------------------------------------------------------------------

    def files(self) -> dict[str, bytes]:
        """A copy of all files."""
        found = {}
        for path in self:
            with suppress(KeyError):  # removed meanwhile
                found[path] = self[path]
        return found

    def directories(self) -> list[str]:
        """The paths of all directories below the root."""
        return [path for path, is_directory in self._walk("") if is_directory]

    def make_directory(self, path: str) -> None:
        """Make it, and those above it; harmless if it exists.

        Raises ``LimitReached``, and ``NotADirectoryError`` where a file is in the way.
        """
        if not path:
            return
        parts = _encoded(path).split(b"/")
        for end in range(1, len(parts) + 1):
            with suppress(FileExistsError):
                self._core.make_directory(b"/".join(parts[:end]))
        self._core.list(_encoded(path))

    def remove_directory(self, path: str) -> None:
        """Remove an empty directory.  Raises ``OSError`` for what is none, or is not empty."""
        self._core.remove(_encoded(path), True)

    @property
    def used(self) -> int:
        """Bytes that it takes."""
        return self._core.figures()[0]

    @property
    def core(self) -> Tree:
        """For the package: what processes are given."""
        return self._core

    def _walk(self, directory: str) -> Iterator[tuple[str, bool]]:
        waiting = [directory]
        while waiting:  # no recursion: a guest decides how deep its directories are
            parent = waiting.pop()
            try:
                entries = self._core.list(os.fsencode(parent) or b".")
            except (FileNotFoundError, NotADirectoryError):
                continue  # removed meanwhile
            for name, is_directory in entries:
                if name in {b".", b".."}:
                    continue
                path = f"{parent}/{os.fsdecode(name)}" if parent else os.fsdecode(name)
                yield path, is_directory
                if is_directory:
                    waiting.append(path)


def _encoded(path: str) -> bytes:
    if not isinstance(path, str):
        raise TypeError(f"path: expected a str such as 'out/a.txt', got {path!r}")
    parts = path.split("/")
    if "\0" in path or not all(parts) or "." in parts or ".." in parts:
        raise ValueError(f"path: {path!r} is not a path such as 'out/a.txt'")
    return os.fsencode(path)
