"""What a process's three standard streams are connected to.

The problem: a guest may write 64 MiB before anybody reads, or never stop; the host must
neither block it for ever, nor trust anything about the stream itself.

What fails: a pipe that nobody drains blocks the guest.  A temporary or memory file lets
the guest seek and truncate: ``write(1 byte); ftruncate(+4096)`` makes every counted
byte of output cost the host a page, and one seek makes it appear terabytes long.

The answer: captured output is a pipe, drained by one thread per process into memory.
A pipe can neither seek nor grow without being written, so the output limit bounds what
the host holds.  Input given as bytes is a memory file, sealed against every change.
"""

import fcntl
import os
import select
import threading
from enum import Enum
from typing import TYPE_CHECKING, Final, Protocol

from motte.core import NOWHERE

if TYPE_CHECKING:
    from motte.core import Process as CoreProcess

_CHUNK: Final = 1 << 16

_SEALS: Final = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


class Connection(Enum):
    """What a stream can be connected to besides a file."""

    CAPTURE = "capture"
    DISCARD = "discard"


CAPTURE: Final = Connection.CAPTURE
"""Output is collected in memory, and read from ``Process.stdout`` and ``Process.stderr``."""

DISCARD: Final = Connection.DISCARD
"""Input is empty; output is counted and thrown away."""


class OpenFile(Protocol):
    """An open file, socket or pipe of Python's."""

    def fileno(self) -> int:
        """The descriptor's number."""


Input = bytes | bytearray | memoryview | int | OpenFile | Connection | None
"""What a guest reads: the bytes themselves, an open file or descriptor, or nothing (``None`` or ``DISCARD``)."""

Output = int | OpenFile | Connection | None
"""Where a guest writes: ``CAPTURE``, an open file or descriptor, or nowhere (``None`` or ``DISCARD``)."""


class NoStreams:
    """Three streams that lead nowhere: nothing to open, nothing to close.  One for all processes."""

    descriptors: tuple[int, int, int] = (NOWHERE, NOWHERE, NOWHERE)

    def attached(self) -> None:
        """The process has its copies."""

    def captured(self, stream: int) -> bytes | None:
        """Nothing is captured."""

    def close(self) -> None:
        """There is nothing to be given up."""


class OutputOf(NoStreams):
    """The output streams of another process, as long as that takes to make one with them."""

    def __init__(self, core: "CoreProcess") -> None:
        """Of a process that stands still."""
        self._duplicates = core.output_streams()
        self.descriptors = (NOWHERE, *self._duplicates)

    def attached(self) -> None:
        """The process has its own: close these."""
        self.close()

    def close(self) -> None:
        """Harmless when repeated."""
        duplicates, self._duplicates = self._duplicates, (NOWHERE, NOWHERE)
        for descriptor in duplicates:
            if descriptor != NOWHERE:
                os.close(descriptor)


_NO_STREAMS: Final = NoStreams()


def streams_of(stdin: Input, stdout: Output, stderr: Output) -> NoStreams:
    """What a process is to be connected to.  Raises as :class:`Streams`."""
    for stream in (stdin, stdout, stderr):
        if stream is not None and stream is not DISCARD:
            return Streams(stdin, stdout, stderr)
    return _NO_STREAMS


class Streams(NoStreams):
    """The three descriptors for one process, and what was captured from them.

    Use: give :attr:`descriptors` to the core, which makes its own copies; then
    :meth:`attached`; after the process stopped, :meth:`captured`; at last, or when any
    of this failed, :meth:`close`.
    """

    def __init__(self, stdin: Input, stdout: Output, stderr: Output) -> None:
        """Raises ``TypeError`` for what is no stream, and ``OSError`` when the host is out of descriptors."""
        self._owned: list[int] = []
        self._pipes: dict[int, int] = {}
        self._drain: _Drain | None = None
        try:
            self.descriptors = (self._input(stdin), self._output(1, stdout), self._output(2, stderr))
        except BaseException:
            self.close()
            raise

    def attached(self) -> None:
        """The process has its copies: close ours, and start draining the captured pipes."""
        self._close_owned()
        if self._pipes:
            self._drain = _Drain(self._pipes)
            self._pipes = {}

    def captured(self, stream: int) -> bytes | None:
        """Everything written to stream 1 or 2; ``None`` if it is not captured.

        Call it only when the process has stopped: it takes what the pipe holds then as the end.
        """
        return None if self._drain is None else self._drain.finish().get(stream)

    def close(self) -> None:
        """Give everything up; harmless when repeated.  What was captured stays readable."""
        self._close_owned()
        while self._pipes:
            os.close(self._pipes.popitem()[1])
        if self._drain is not None:
            self._drain.finish()

    def _input(self, given: Input) -> int:
        if given is None or given is DISCARD:
            return NOWHERE
        if given is CAPTURE:
            raise TypeError("stdin: CAPTURE is for output")
        if isinstance(given, bytes | bytearray | memoryview):
            return self._own(_sealed_file(given))
        return _descriptor(given, "stdin")

    def _output(self, stream: int, given: Output) -> int:
        if given is None or given is DISCARD:
            return NOWHERE
        if given is CAPTURE:
            self._pipes[stream], writing_end = os.pipe2(os.O_CLOEXEC)
            os.set_blocking(self._pipes[stream], False)
            return self._own(writing_end)
        return _descriptor(given, ("stdin", "stdout", "stderr")[stream])

    def _own(self, descriptor: int) -> int:
        self._owned.append(descriptor)
        return descriptor

    def _close_owned(self) -> None:
        while self._owned:
            os.close(self._owned.pop())


class _Drain:
    """One thread that empties a process's captured pipes, so that it never waits for a reader."""

    def __init__(self, reading_ends: dict[int, int]) -> None:
        self._reading_ends = reading_ends
        self._collected = {stream: bytearray() for stream in reading_ends}
        self._finish_requested = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._lock = threading.Lock()
        self._result: dict[int, bytes] | None = None
        self._thread = threading.Thread(target=self._run, name="motte-capture", daemon=True)
        self._thread.start()

    def finish(self) -> dict[int, bytes]:
        """Take what the pipes still hold, stop, and return everything by stream."""
        with self._lock:
            if self._result is None:
                os.eventfd_write(self._finish_requested, 1)
                self._thread.join()
                os.close(self._finish_requested)
                self._result = {stream: bytes(data) for stream, data in self._collected.items()}
                self._collected.clear()
            return self._result

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._finish_requested, select.POLLIN)
        streams = {descriptor: stream for stream, descriptor in self._reading_ends.items()}
        for descriptor in streams:
            poll.register(descriptor, select.POLLIN)
        last_round = False
        while streams and not last_round:
            ready = {descriptor for descriptor, _events in poll.poll()}
            last_round = self._finish_requested in ready
            for descriptor, stream in list(streams.items()):
                if (last_round or descriptor in ready) and self._empty(descriptor, stream):
                    poll.unregister(descriptor)
                    del streams[descriptor]
        for descriptor in self._reading_ends.values():
            os.close(descriptor)

    def _empty(self, descriptor: int, stream: int) -> bool:
        """Read all that is there; true at the pipe's end."""
        while True:
            try:
                chunk = os.read(descriptor, _CHUNK)
            except BlockingIOError:
                return False
            if not chunk:
                return True
            self._collected[stream] += chunk


def _sealed_file(content: bytes | bytearray | memoryview) -> int:
    """A memory file with this content, at its start, that nobody can change any more."""
    descriptor = os.memfd_create("motte-stdin", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        rest = memoryview(content).cast("B")
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
        os.lseek(descriptor, 0, os.SEEK_SET)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _descriptor(given: object, name: str) -> int:
    if isinstance(given, int) and not isinstance(given, bool):
        if given < 0:
            raise ValueError(f"{name}: {given} is not an open descriptor")
        return given
    fileno = getattr(given, "fileno", None)
    if fileno is None:
        raise TypeError(f"{name}: expected bytes, an open file, a descriptor or None; got {type(given).__name__}")
    number: int = fileno()
    return number
