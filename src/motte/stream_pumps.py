"""Threads between a process's pipe and what only Python can read or write: callbacks, and files without a descriptor.

Such code may take as long as it likes: the process waits meanwhile, and nobody else.  So each of these streams has a
thread of its own, from the start of the process to the end of the stream.  An exception there kills the process, and
``wait()`` raises it.
"""

import codecs
import io
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from motte.errors import Closed
from motte.pipes import CHUNK

if TYPE_CHECKING:
    from motte.core import Pipe
    from motte.stream_files import ReadableFile, WritableFile

Callback = Callable[[bytes], object]

LONGEST_LINE: Final = 1 << 20


class Lines:
    """A callback for lines, as an output of :meth:`motte.Machine.spawn`: ``stdout=motte.lines(print)``."""

    def __init__(self, callback: Callback, limit: int) -> None:
        """See :func:`lines`."""
        self._callback = callback
        self._limit = limit
        self._rest = bytearray()

    def take(self, chunk: bytes) -> None:
        """Call back for each line that is complete now."""
        searched = len(self._rest)
        self._rest += chunk
        while self._rest:
            end = self._rest.find(b"\n", searched, self._limit) + 1
            size = end or self._limit
            if not end and len(self._rest) < self._limit:
                return
            line = bytes(self._rest[:size])
            del self._rest[:size]
            searched = 0
            self._callback(line)

    def end(self) -> None:
        """Call back for the last line, if it has no newline."""
        if self._rest:
            line, self._rest = bytes(self._rest), bytearray()
            self._callback(line)


def lines(callback: Callback, *, limit: int = LONGEST_LINE) -> Lines:
    """An output whose lines, each with its newline, are what ``callback`` is called with, as they come.

        process = machine.spawn(program, ["3"], stdout=motte.lines(print))

    A line of more than ``limit`` bytes comes in pieces of so many; the last one may lack its newline.  The callback
    runs on a thread of the stream's own; the process waits for it.

    >>> import motte
    >>> motte.run("examples/01_hello/hello.c", stdout=motte.lines(print)).returncode  # doctest: +SKIP
    b'Hello from inside the motte.\\n'
    0
    """
    if limit < 1:
        raise ValueError(f"lines: no line is {limit} bytes at most")
    return Lines(callback, limit)


class _Decoder:
    """A text file as one for bytes."""

    def __init__(self, file: io.TextIOBase) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._file = file

    def take(self, chunk: bytes) -> None:
        self._file.write(self._decoder.decode(chunk))

    def end(self) -> None:
        self._file.write(self._decoder.decode(b"", final=True))


def _writing_all(file: "WritableFile") -> Callback:
    def write(chunk: bytes) -> None:
        rest = memoryview(chunk)
        while rest:
            written = file.write(bytes(rest))
            rest = rest[written if isinstance(written, int) else len(rest) :]

    return write


class Pump:
    """One thread, and what became of it."""

    def __init__(self, pipe: "Pipe", work: "Callable[[Pipe], None]", name: str, *, drains: bool) -> None:
        """It begins with :meth:`start`.  ``drains``: the pipe; else it fills it."""
        self.pipe = pipe
        self.drains = drains
        self.exception: Exception | None = None
        self._work = work
        self._fails: Callable[[], object] = lambda: None
        self._thread = threading.Thread(target=self._run, name=f"motte-{name}", daemon=True)

    def start(self, fails: Callable[[], object]) -> None:
        """``fails`` is called if there is an exception."""
        self._fails = fails
        self._thread.start()

    def join(self) -> None:
        """Wait until everything was delivered that came before the end of the stream."""
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        try:
            self._work(self.pipe)
        except (BrokenPipeError, Closed):
            pass  # nobody wants more
        except Exception as error:  # of whatever code that the user gave
            self.exception = error
            with suppress(Closed):  # whom it would have ended is gone already
                self._fails()
        finally:
            self.pipe.close()


def feeding(file: "ReadableFile") -> "Callable[[Pipe], None]":
    """Read from a file, and write to a pipe."""

    def feed(pipe: "Pipe") -> None:
        while chunk := file.read(CHUNK):
            rest = memoryview(chunk.encode() if isinstance(chunk, str) else chunk)
            while rest:
                written = pipe.write(rest)
                rest = rest[written:]
                if not written:
                    pipe.wait(None)

    return feed


def draining(target: "Callback | Lines | WritableFile") -> "Callable[[Pipe], None]":
    """Read from a pipe, and give what comes to a callback or a file."""
    take: Callback
    end: Callable[[], object] = bool  # nothing
    if isinstance(target, Lines):
        take, end = target.take, target.end
    elif isinstance(target, io.TextIOBase):
        decoder = _Decoder(target)
        take, end = decoder.take, decoder.end
    elif callable(target):
        take = target
    else:
        take, end = _writing_all(target), getattr(target, "flush", end)

    def drain(pipe: "Pipe") -> None:
        while chunk := _next(pipe):
            take(chunk)
        end()

    return drain


def _next(pipe: "Pipe") -> bytes:
    while (chunk := pipe.read(CHUNK)) is None:
        pipe.wait(None)
    return chunk
