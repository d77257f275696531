"""The host's ends of a process's pipes, as file objects that wait.

What a pipe holds is bounded (64 KiB): who writes to a full one waits, guest and host alike.  A guest waits without a
thread; the host's thread waits here without the interpreter lock, and Ctrl-C ends that wait.

:class:`Incoming` and :class:`Outgoing` are what file objects and event loops (:mod:`motte.async_pipes`) share: the
bytes that were read from a pipe and not asked for yet, and those that were written and had no room yet.  Both may use
one stream, one after the other; nothing is lost between them.
"""

import errno
import io
import threading
from collections.abc import Callable, Iterator
from typing import Final, Self

from motte.core import Pipe

CHUNK: Final = 1 << 16

Wanted = Callable[["Incoming"], int | None]
"""How many bytes of the buffer are wanted; ``None`` if it is not known before more has come."""


class _End:
    """An end of a pipe, with the objects that users hold of it: one for files, one for event loops."""

    def __init__(self, pipe: Pipe) -> None:
        """Of a pipe that the host has this end of."""
        self.pipe = pipe
        self.buffer = bytearray()
        self._faces: dict[object, object] = {}

    def face(self, kind: "Callable[[Self], object]") -> object:
        """The one of this kind."""
        if kind not in self._faces:
            self._faces[kind] = kind(self)
        return self._faces[kind]


class Incoming(_End):
    """What has come through a pipe."""

    def __init__(self, pipe: Pipe) -> None:
        """Of a pipe that the host has an end of, to read."""
        super().__init__(pipe)
        self.has_ended = False
        self.lock = threading.Lock()

    def fill(self) -> bool:
        """Take what there is; false if that is nothing yet."""
        chunk = self.pipe.read(CHUNK)
        if chunk is None:
            return False
        self.buffer += chunk
        self.has_ended = not chunk
        return True

    def until(self, wanted: Wanted) -> Iterator[None]:
        """Take more until ``wanted`` knows how much it wants, or all is there; at each step the caller waits."""
        while wanted(self) is None and not self.has_ended:
            if not self.fill():
                yield

    def take(self, size: int | None) -> bytes:
        """The next so many bytes of the buffer, or all."""
        taken = bytes(self.buffer[:size])
        del self.buffer[:size]
        return taken

    def discard(self) -> None:
        """Nobody reads any more: whoever writes fails."""
        self.pipe.close()
        self.buffer.clear()
        self.has_ended = True


class Outgoing(_End):
    """What is on its way into a pipe."""

    def __init__(self, pipe: Pipe) -> None:
        """Of a pipe that the host has an end of, to write."""
        super().__init__(pipe)
        self.closes = False
        self._is_broken = False

    def push(self) -> bool:
        """Write what there is room for; true if nothing is left.

        Raises ``BrokenPipeError`` if nobody reads any more.
        """
        while self.buffer and not self._is_broken:
            try:
                written = self.pipe.write(self.buffer[:CHUNK])
            except BrokenPipeError:
                self._is_broken = True
                break
            if not written:
                return False
            del self.buffer[:written]
        if self.closes or self._is_broken:
            self.buffer.clear()
            self.pipe.close()
        if self._is_broken:
            raise BrokenPipeError(errno.EPIPE, "nobody reads what is written")
        return True

    def discard(self) -> None:
        """Nothing more is written."""
        self.buffer.clear()
        self.pipe.close()


def at_least(size: int) -> Wanted:
    """So many bytes."""
    return lambda incoming: size if len(incoming.buffer) >= size else None


def anything(size: int) -> Wanted:
    """At least one byte, and at most so many."""
    return lambda incoming: size if incoming.buffer or size == 0 else None


def everything(_incoming: Incoming) -> None:
    """All that comes until the end."""


def through(separator: bytes, limit: int | None = None) -> Wanted:
    """Up to and with the first ``separator``, or so many bytes without one."""
    searched = 0

    def wanted(incoming: Incoming) -> int | None:
        nonlocal searched
        place = incoming.buffer.find(separator, searched, limit)
        if place >= 0:
            return place + len(separator)
        length = len(incoming.buffer)
        searched = max(length - len(separator) + 1, 0)
        return None if limit is None or length < limit else limit

    return wanted


class Reader(io.BufferedIOBase):
    """What a process writes, as a binary file to read from as it comes; made by ``spawn(stdout=motte.PIPE)``.

        with machine.spawn(program, ["3"], stdout=motte.PIPE) as process:
            for line in process.stdout:
                print(line)

    All of Python's binary files can do, it can but to seek: lines by iteration, ``readline()``, ``read()``,
    ``io.TextIOWrapper``.  Each waits for what it wants or the end; Ctrl-C ends the wait, and nothing is lost.  The end
    comes when the process has ended and all of its children that write here.  ``close()`` makes whoever still writes
    fail.  One thread at a time reads.
    """

    def __init__(self, incoming: Incoming) -> None:
        """For the package."""
        self._incoming = incoming

    @property
    def incoming(self) -> Incoming:
        """For the package: what it shares with the reader of an event loop."""
        return self._incoming

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """So many bytes, fewer only at the end; everything if ``size`` is less than 0."""
        return self._take(everything if size is None or size < 0 else at_least(size))

    def read1(self, size: int = -1, /) -> bytes:
        """What there is of it, at least one byte but at the end."""
        return self._take(anything(CHUNK if size < 0 else size))

    def readline(self, size: int | None = -1, /) -> bytes:
        """A line with its newline, which only the last one may lack; or its first ``size`` bytes."""
        return self._take(through(b"\n", None if size is None or size < 0 else size))

    def close(self) -> None:
        """Read no more; harmless when repeated."""
        self._incoming.discard()
        super().close()

    def _take(self, wanted: Wanted) -> bytes:
        if self.closed:
            raise ValueError("read from a closed stream")
        with self._incoming.lock:
            for _ in self._incoming.until(wanted):
                self._incoming.pipe.wait(None)
            return self._incoming.take(wanted(self._incoming))


class Writer(io.BufferedIOBase):
    """What a process reads, as a binary file to write to; made by ``spawn(stdin=motte.PIPE)``.

        with machine.spawn(program, ["0"], stdin=motte.PIPE) as process:
            process.stdin.write(b"a line of input")
            process.stdin.close()

    ``write()`` waits until there is room; nothing is held back, so that ``flush()`` has nothing to do.  ``close()`` is
    the end of the process's input.  Raises ``BrokenPipeError`` once nobody reads any more.
    """

    def __init__(self, outgoing: Outgoing) -> None:
        """For the package."""
        self._outgoing = outgoing

    @property
    def outgoing(self) -> Outgoing:
        """For the package: what it shares with the writer of an event loop."""
        return self._outgoing

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: "bytes | bytearray | memoryview", /) -> int:  # type: ignore[override]
        """All of it.  Raises ``BrokenPipeError`` if nobody reads."""
        if self.closed:
            raise ValueError("write to a closed stream")
        rest = memoryview(data).cast("B")
        size = len(rest)
        while not self._outgoing.push():
            self._outgoing.pipe.wait(None)
        while rest:
            written = self._outgoing.pipe.write(rest[:CHUNK])
            rest = rest[written:]
            if not written:
                self._outgoing.pipe.wait(None)
        return size

    def close(self) -> None:
        """No more comes; harmless when repeated."""
        self._outgoing.discard()
        super().close()
