"""What users give as a stream: which descriptor it is, or that only Python can read or write it.

A descriptor is given to the process as it is, and costs the host nothing while it is used.  But what ``read()`` of a
file object answers is not always what its descriptor holds: a ``gzip.GzipFile`` has the descriptor of the compressed
file, an ``io.BytesIO`` has none.
"""

import io
import os
from typing import Protocol, runtime_checkable


class OpenFile(Protocol):
    """An open file, socket or pipe of Python's."""

    def fileno(self) -> int:
        """The descriptor's number."""


@runtime_checkable
class ReadableFile(Protocol):
    """What Python can read."""

    def read(self, size: int, /) -> bytes | str | None:
        """At most so many bytes or characters; nothing at the end."""


@runtime_checkable
class WritableFile(Protocol):
    """What Python can write to."""

    def write(self, data: bytes, /) -> object:
        """All of it; unless the answer is a number of bytes that is less."""


def given_descriptor(given: object, name: str) -> int | None:
    """The descriptor that holds the stream's own bytes, if it has one.

    What is buffered in a file to write to is written before.  Raises ``ValueError`` for a number that is no descriptor.
    """
    if isinstance(given, bool):
        return None
    if isinstance(given, int):
        if given < 0:
            raise ValueError(f"{name}: {given} is not an open descriptor")
        return given
    if not _is_plain(given):
        return None
    try:
        number: int = given.fileno()  # type: ignore[attr-defined]
    except (AttributeError, io.UnsupportedOperation):
        return None
    if isinstance(given, io.BufferedWriter | io.BufferedRandom | io.TextIOWrapper) and given.writable():
        given.flush()
    return number


def opened_path(path: "str | os.PathLike[str]", *, writes: bool) -> int:
    """A descriptor of the file, made or emptied if it is written to.  Raises ``OSError``."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC if writes else os.O_RDONLY
    return os.open(path, flags | os.O_CLOEXEC | os.O_NOCTTY, 0o666)


def _is_plain(given: object) -> bool:
    """Whether what Python reads and writes there is what its descriptor holds."""
    if isinstance(given, io.TextIOWrapper):
        return _is_plain(given.buffer)
    if isinstance(given, io.BufferedReader | io.BufferedWriter | io.BufferedRandom):
        return _is_plain(given.raw)
    if isinstance(given, io.RawIOBase):
        return isinstance(given, io.FileIO) or type(given).__module__ == "socket"
    return not isinstance(given, io.IOBase)
