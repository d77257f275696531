"""One running program: waiting for it, stopping it, looking at it.

A process runs on a thread of the core's, never on the caller's.  Whoever waits holds no
lock and no interpreter lock; Ctrl-C ends the wait at once and leaves the process to
its owner.  What the core knows stays readable until ``close()``, which kills first.
"""

import threading
import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

from motte.abi.faults import FaultKind, StopReason
from motte.backtrace import backtrace
from motte.core import Event
from motte.core import Process as CoreProcess
from motte.errors import BadState, Closed, InvalidCap, Timeout
from motte.exit import Exit, Frame, Usage, usage_of
from motte.exit_words import describe_exit
from motte.image import Location
from motte.keeping import Keeping, answer_question, call_keeper
from motte.meter import Meter
from motte.program import Program
from motte.quantities import Duration, duration_ns
from motte.run_limits import RunLimits
from motte.streams import Streams

if TYPE_CHECKING:
    from types import TracebackType

    from motte.core import StopRecord


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


class Process:
    """A program in its own window; made by :meth:`motte.Machine.spawn`.

    Safe to use from several threads.  ``await process`` waits in an event loop.  It is a
    context manager: leaving it kills what still runs.
    """

    def __init__(
        self,
        core: CoreProcess,
        program: Program,
        streams: Streams,
        limits: RunLimits,
        on_close: Callable[["Process"], None],
        *,
        keeping: Keeping,
        meter: Meter,
        listen: Callable[[], None],
    ) -> None:
        """Takes over ``core`` (created, with ``streams`` attached) and one use of ``program``.

        ``listen`` makes sure that somebody hears of its questions and its end.
        """
        self._core = core
        self._listen = listen
        self._on_end: list[Callable[[Process, Exit], None]] = []
        self._told: Exit | None = None
        self._wanted = Event.BANK
        self._streams = streams
        self._on_close = on_close
        self._exit: Exit | None = None
        self._users = 0
        self._closing = False
        self._closed = False
        self._rescinded = False
        self._changed = threading.Condition()  # guards the five fields above
        self.program = program
        self.limits = limits
        self.keeping = keeping
        self.meter = meter
        self.identity = core.identity
        self.memory = Memory(self._use)
        for region in keeping.regions:
            core.reserve(region.address, region.length)
        if keeping.is_wanted:
            listen()
            self._wanted |= Event.FAULT
        core.want_events(self._wanted)

    def start(self) -> None:
        """Let it run, once.  Raises ``BadState`` if it was started before."""
        with self._use() as core:
            core.start()

    def suspend(self) -> None:
        """Let it stand still, at whatever instruction it is.  Raises ``BadState`` unless it was started and lives."""
        with self._use() as core:
            core.suspend()

    def resume(self) -> None:
        """Let it go on from there; harmless if it does not stand still.  Raises ``BadState`` as ``suspend()``."""
        with self._use() as core:
            core.resume()

    @property
    def state(self) -> str:
        """What it does, in a word.

        ``"created"``, ``"ready"`` (for its turn), ``"running"``, ``"waiting"`` (for a moment), ``"calling"`` (in a
        system call that takes long), ``"faulted"`` (its keeper is asked), ``"suspended"``, ``"exited"`` or
        ``"closed"``.
        """
        return self._core.state()

    def wait(self, timeout: Duration = None) -> Exit:
        """Wait until the process has ended, and say how.

        ``timeout`` is in seconds (0 only looks; ``None`` waits for ever): afterwards ``Timeout`` is raised
        and the process runs on.  Raises ``Closed`` after ``close()``.
        """
        timeout_ns = 0 if timeout == 0 else duration_ns(timeout, "timeout")
        if end := self._kept_end():
            return end
        with self._use() as core:
            if not core.wait(timeout_ns):
                raise Timeout(f"{self.program.name} still runs after {timeout} s")
            return self._end(core)

    def kill(self) -> None:
        """Stop the process wherever it is; harmless when it has ended.  ``wait()`` says what became of it."""
        if self._kept_end():
            return
        with self._use() as core:
            core.kill()

    def on_end(self, callback: Callable[["Process", Exit], None]) -> None:
        """Call ``callback`` with this process and its end when it has ended; at once if it has.

        It is called once, on the thread that listens to the machine or the one that closes the process, and must not
        wait.  Raises ``Closed`` after ``close()``.
        """
        with self._use() as core:
            with self._changed:
                waits = self._told is None
                if waits:
                    self._on_end.append(callback)
                    self._listen()
                    self._wanted |= Event.EXIT
                    core.want_events(self._wanted)
            if not waits:
                callback(self, self._end(core))
            elif core.wait(0):
                self.tell_end()  # the event may have been missed

    def tell_end(self) -> None:
        """For the package: it has ended; call whom that concerns, once."""
        with suppress(Closed, InvalidCap), self._use() as core:
            self._tell(self._end(core))

    def _tell(self, end: Exit) -> None:
        with self._changed:
            callbacks, self._on_end, self._told = self._on_end, [], end
        for callback in callbacks:
            call_keeper(partial(callback, self), end)

    def ask_keepers(self, ask_bank: Callable[[int, int], bool]) -> None:
        """For the package: it stands still and asks."""
        with suppress(Closed), self._use() as core:
            answer_question(self, core, ask_bank)

    def end_out_of_time(self) -> None:
        """For the package: its meter is dry, and nobody will refill it."""
        with suppress(Closed), self._use() as core:
            core.kill(StopReason.CPU_LIMIT)

    def statistics(self) -> Usage:
        """What the process has used up to now: a frozen record."""
        if end := self._kept_end():
            return end.usage
        with self._use() as core:
            return usage_of(core.statistics())

    @property
    def returncode(self) -> int | None:
        """The exit status, or ``None`` while the process runs."""
        if end := self._kept_end():
            return end.returncode
        with self._use() as core:
            return self._end(core).returncode if core.wait(0) else None

    @property
    def stdout(self) -> bytes:
        """What it wrote to standard output.  Raises ``BadState`` while it runs, or if that was not captured."""
        return self._captured(1)

    @property
    def stderr(self) -> bytes:
        """What it wrote to standard error.  Raises ``BadState`` while it runs, or if that was not captured."""
        return self._captured(2)

    def close(self) -> None:
        """Kill the process if it runs, and release all that it holds; harmless when repeated."""
        self._end_life(rescinded=False)

    def rescind(self) -> None:
        """Its bank is destroyed: kill it and release all that it holds.

        How it ended, its statistics and its captured output stay readable until ``close()``; everything else raises
        ``InvalidCap``.  Harmless when it is closed.
        """
        with suppress(Closed, InvalidCap), self._use() as core:
            core.kill()
            core.wait(None)
            self._end(core)
        self._end_life(rescinded=True)

    def __await__(self) -> Generator[object, None, Exit]:
        """Wait in an event loop, without holding up the loop."""
        return self._wait_in_loop().__await__()

    def __enter__(self) -> "Process":
        """The process itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: "TracebackType | None"
    ) -> None:
        """Kill and close."""
        self.close()

    def __del__(self) -> None:
        """Only warns: threads and windows are released by ``close()``."""
        if not getattr(self, "_closed", True):
            warnings.warn(f"unclosed process of {self.program.name}", ResourceWarning, source=self, stacklevel=2)

    @contextmanager
    def _use(self) -> Iterator[CoreProcess]:
        """The core's object, for a thread that ``close()`` has to wait for."""
        with self._changed:
            if self._rescinded:
                raise InvalidCap(f"the process of {self.program.name} ended with its bank")
            if self._closing:
                raise Closed(f"the process of {self.program.name} is closed")
            self._users += 1
        try:
            yield self._core
        finally:
            with self._changed:
                self._users -= 1
                self._changed.notify_all()

    def _kept_end(self) -> Exit | None:
        """How it ended, if it has nothing else any more."""
        with self._changed:
            return self._exit if self._rescinded else None

    def _end_life(self, *, rescinded: bool) -> None:
        with self._changed:
            self._rescinded = rescinded and (self._rescinded or not self._closing)
            self._closing = True
            if self._closed:
                return
            self._core.kill()
            while self._users:
                self._changed.wait()
            if self._closed:  # by another thread, while this one waited
                return
            if self._on_end:
                self._core.wait(None)
                self._told = self._end(self._core)
            self._streams.close()
            self._core.close()
            self._closed = True
        self.program.release()
        self._on_close(self)
        if self._told is not None:
            self._tell(self._told)

    def _end(self, core: CoreProcess) -> Exit:
        """How it ended; only once it has."""
        with self._changed:
            if self._exit is None:
                record = core.stop()
                frames: tuple[Frame, ...] = ()
                if record.reason is not StopReason.EXITED:
                    frames = backtrace(core, self.program, record.code_offset, self.limits.backtrace)
                place = _place(self.program, record, frames)
                self._exit = describe_exit(record, usage_of(core.statistics()), self.limits, place, frames)
            return self._exit

    def _captured(self, stream: int) -> bytes:
        if not self._kept_end():
            with self._use() as core:
                if not core.wait(0):
                    raise BadState(f"{self.program.name} still runs: wait() for its output")
        output = self._streams.captured(stream)
        if output is None:
            raise BadState(f"{('stdin', 'stdout', 'stderr')[stream]} is not captured: spawn with CAPTURE")
        return output

    async def _wait_in_loop(self) -> Exit:
        import asyncio

        if end := self._kept_end():
            return end
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()

        def tell(_process: Process, _end: Exit) -> None:
            with suppress(RuntimeError):  # the loop was closed meanwhile: nobody awaits any more
                loop.call_soon_threadsafe(ended.set)

        self.on_end(tell)
        await ended.wait()
        return self.wait()


def _place(program: Program, record: "StopRecord", frames: tuple[Frame, ...]) -> "Location | None":
    """Where a process stopped; in a kernel call, the innermost place with a line: libraries have none."""
    if record.code_offset is not None:
        return program.locations(record.code_offset)[0]
    by_itself = record.fault is FaultKind.BAD_CAST  # a call that no library makes
    known = (frame for frame in frames if by_itself or frame.file is not None)
    return next((Location(frame.function, frame.file, frame.line) for frame in known), None)
