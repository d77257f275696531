"""What a process's three standard streams are connected to.

The problem: a guest may write 64 MiB before anybody reads, or never stop; the host must neither block it for ever, nor
trust anything about the stream itself; and whoever serves thousands of guests has neither a thread nor two descriptors
for each of their streams.

What fails: a pipe that nobody drains blocks the guest.  A temporary or memory file lets the guest seek and truncate:
``write(1 byte); ftruncate(+4096)`` makes every counted byte of output cost the host a page, and one seek makes it
appear terabytes long.

The answer: what the host itself reads or writes goes through a pipe of the core (``core/streams``), which takes neither
a descriptor nor a thread.  Captured output is a pipe without a capacity: the output limit bounds what the host holds.
Others hold 64 KiB, and the guest waits for room.  Input given as bytes is a memory file, sealed against every change.
"""

import fcntl
import os
import threading
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from motte.core import NOWHERE, Pipe
from motte.no_streams import NO_STREAMS, Connected, NoStreams
from motte.pipes import CHUNK, Incoming, Outgoing
from motte.stream_files import OpenFile, ReadableFile, WritableFile, given_descriptor, opened_path
from motte.stream_pumps import Callback, Lines, Pump, draining, feeding

if TYPE_CHECKING:
    from motte.async_pipes import AsyncReader, AsyncWriter
    from motte.core import Scheduler
    from motte.pipes import Reader, Writer

_SEALS: Final = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE

_NAMES: Final = ("stdin", "stdout", "stderr")


class Connection(Enum):
    """What a stream can be connected to besides a file."""

    CAPTURE = "capture"
    DISCARD = "discard"
    PIPE = "pipe"
    STDOUT = "stdout"


CAPTURE: Final = Connection.CAPTURE
"""Output is collected in memory, and read from ``Process.stdout`` and ``Process.stderr``."""

DISCARD: Final = Connection.DISCARD
"""Input is empty; output is counted and thrown away."""

PIPE: Final = Connection.PIPE
"""``Process.stdin`` is written to, ``Process.stdout`` and ``Process.stderr`` are read, while the process runs."""

STDOUT: Final = Connection.STDOUT
"""For ``stderr``: it goes where standard output goes."""

_Contents: TypeAlias = "bytes | bytearray | memoryview | int | str | os.PathLike[str] | OpenFile | ReadableFile"
_Place: TypeAlias = "int | str | os.PathLike[str] | OpenFile | WritableFile | Callback | Lines"

Input: TypeAlias = "_Contents | Reader | AsyncReader | Connection | None"
"""What a guest reads: the bytes themselves, a path, an open file or descriptor, what another process writes to a pipe,
``PIPE``, or nothing (``None`` or ``DISCARD``)."""

Output: TypeAlias = "_Place | Writer | AsyncWriter | Connection | None"
"""Where a guest writes: ``CAPTURE``, a path, an open file or descriptor, a callback, another process's input, ``PIPE``,
or nowhere (``None`` or ``DISCARD``)."""


def streams_of(scheduler: "Scheduler", stdin: Input, stdout: Output, stderr: Output) -> NoStreams:
    """What a process is to be connected to.  Raises as :class:`Streams`."""
    for stream in (stdin, stdout, stderr):
        if stream is not None and stream is not DISCARD:
            return Streams(scheduler, stdin, stdout, stderr)
    return NO_STREAMS


class Streams(NoStreams):
    """The three streams of one process, and the host's ends of them.

    Use: give :attr:`descriptors` to the core, which makes its own copies; then :meth:`attached` and :meth:`begin`;
    after the process stopped, :meth:`captured`; at last, or when any of this failed, :meth:`close`.
    """

    def __init__(self, scheduler: "Scheduler", stdin: Input, stdout: Output, stderr: Output) -> None:
        """Raises ``TypeError`` for what is no stream, ``ValueError`` for what cannot be used, and ``OSError``."""
        self._scheduler = scheduler
        self._owned: list[int] = []
        self._moved: list[Callable[[], object]] = []
        self._captures: dict[int, Pipe] = {}
        self._captured: dict[int, bytes] = {}
        self._incoming: dict[int, Incoming] = {}
        self._outgoing: Outgoing | None = None
        self._pumps: list[Pump] = []
        self._lock = threading.Lock()  # several threads may ask for what was captured
        try:
            first = self._input(stdin)
            second = self._output(1, stdout)
            third = second if stderr is STDOUT else self._output(2, stderr)
            self.descriptors = (first, second, third)
        except BaseException:
            self.close()
            raise
        self.has_pumps = bool(self._pumps)

    def attached(self) -> None:
        """The process has its copies: close ours, and leave to it what another process had."""
        self._close_owned()
        for give_up in self._moved:
            give_up()
        self._moved.clear()

    def begin(self, fails: Callable[[], object]) -> None:
        """From now on callbacks are called, and files read."""
        for pump in self._pumps:
            pump.start(fails)

    def captured(self, stream: int) -> bytes | None:
        """Everything written to stream 1 or 2; ``None`` if it is not captured.

        Call it only when the process has stopped: it takes what the pipe holds then as the end.
        """
        with self._lock:
            pipe = self._captures.pop(stream, None)
            if pipe is not None:
                pipe.finish()
                self._captured[stream] = pipe.read(pipe.held + 1) or b""
                pipe.close()
            return self._captured.get(stream)

    def incoming(self, stream: int) -> Incoming | None:
        """What comes through stream 1 or 2, if that is read while the process runs."""
        return self._incoming.get(stream)

    def outgoing(self) -> Outgoing | None:
        """What goes to standard input, if that is written while the process runs."""
        return self._outgoing

    def settle(self) -> None:
        """The process has ended: wait until callbacks have seen all of its output, and raise what one raised."""
        outputs = [pump for pump in self._pumps if pump.drains]
        for pump in outputs:
            pump.pipe.finish()
        for pump in outputs:
            pump.join()
        for pump in self._pumps:
            if pump.exception is not None:
                raise pump.exception

    def ended(self) -> None:
        """The process has given everything back: what was captured by now is all."""
        for stream in list(self._captures):
            self.captured(stream)

    def close(self) -> None:
        """Give everything up; harmless when repeated.  What was captured stays readable."""
        self._close_owned()
        self.ended()
        for incoming in self._incoming.values():
            incoming.discard()
        if self._outgoing is not None:
            self._outgoing.discard()
        for pump in self._pumps:
            pump.pipe.finish()  # a thread that waits there does not any more
            pump.pipe.close()

    # --- what each is connected to -----------------------------------------------------------------------------------

    def _input(self, given: Input) -> Connected:
        if given is None or given is DISCARD:
            return NOWHERE
        if given is PIPE:
            self._outgoing = Outgoing(self._pipe(CHUNK, reads=False))
            return self._outgoing.pipe
        if isinstance(given, Connection):
            raise TypeError(f"stdin: {given.name} is for output")
        if isinstance(given, bytes | bytearray | memoryview):
            return self._own(_sealed_file(given))
        if isinstance(incoming := getattr(given, "incoming", None), Incoming):
            return self._output_of_another(incoming)
        descriptor = self._descriptor("stdin", given, writes=False)
        if descriptor is not None:
            return descriptor
        if isinstance(given, ReadableFile):
            return self._pump(Pump(self._pipe(CHUNK, reads=False), feeding(given), "stdin", drains=False))
        expected = "bytes, a path, an open file, a descriptor, another process's output, PIPE or None"
        raise TypeError(f"stdin: expected {expected}; got {type(given).__name__}")

    def _output(self, stream: int, given: Output) -> Connected:
        name = _NAMES[stream]
        if given is None or given is DISCARD:
            return NOWHERE
        if given is CAPTURE:
            pipe = self._captures[stream] = self._pipe(None, reads=True)
            return pipe
        if given is PIPE:
            incoming = self._incoming[stream] = Incoming(self._pipe(CHUNK, reads=True))
            return incoming.pipe
        if isinstance(given, Connection):
            raise TypeError(f"{name}: {given.name} is for stderr")
        if isinstance(outgoing := getattr(given, "outgoing", None), Outgoing):
            return self._input_of_another(name, outgoing)
        descriptor = self._descriptor(name, given, writes=True)
        if descriptor is not None:
            return descriptor
        if isinstance(given, Lines | WritableFile) or callable(given):
            return self._pump(Pump(self._pipe(CHUNK, reads=True), draining(given), name, drains=True))
        expected = "a path, an open file, a descriptor, a callback, another process's input, CAPTURE, PIPE or None"
        raise TypeError(f"{name}: expected {expected}; got {type(given).__name__}")

    def _descriptor(self, name: str, given: object, *, writes: bool) -> int | None:
        if isinstance(given, str | os.PathLike):
            return self._own(opened_path(given, writes=writes))
        return given_descriptor(given, name)

    def _output_of_another(self, incoming: Incoming) -> Pipe:
        if incoming.buffer or incoming.has_ended:
            raise ValueError("stdin: this stream was read from, or closed, before")
        self._moved.append(incoming.discard)
        return incoming.pipe

    def _input_of_another(self, name: str, outgoing: Outgoing) -> Pipe:
        if outgoing.buffer or outgoing.closes:
            raise ValueError(f"{name}: this stream was closed before, or not all has entered it yet")
        self._moved.append(outgoing.discard)
        return outgoing.pipe

    def _pipe(self, capacity: int | None, *, reads: bool) -> Pipe:
        return Pipe(self._scheduler, capacity, reads, not reads)

    def _pump(self, pump: Pump) -> Pipe:
        self._pumps.append(pump)
        return pump.pipe

    def _own(self, descriptor: int) -> int:
        self._owned.append(descriptor)
        return descriptor

    def _close_owned(self) -> None:
        while self._owned:
            os.close(self._owned.pop())


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
