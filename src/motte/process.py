"""One running program: waiting for it, stopping it, looking at it.

A process runs on the machine's workers, never on the caller's thread.  Whoever waits holds no
lock and no interpreter lock; Ctrl-C ends the wait at once and leaves the process to
its owner.

What the core knows of a process that has ended stays readable until it is given back: by ``close()``; by the end of its
bank; or because somebody is linked with it or monitors it, and is told of an end when everything is back.  How it ended
and what it wrote outlive all but ``close()``.
"""

import threading
import warnings
from collections.abc import Callable, Generator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from motte.abi.faults import StopReason
from motte.core import Event
from motte.core import Process as CoreProcess
from motte.errors import BadState, Closed, InternalError, InvalidCap, Timeout
from motte.exit import Exit, Usage, usage_of
from motte.exit_reason import ExitReason, reason_of
from motte.keeping import Keeping, answer_question, call_keeper, report_exception
from motte.lifetime import Lifetime
from motte.linked import Linked
from motte.links import Links
from motte.listener import Listener
from motte.meter import Meter
from motte.process_end import end_of
from motte.process_memory import Memory
from motte.program import Program
from motte.quantities import Duration, duration_ns
from motte.run_limits import RunLimits
from motte.streams import Streams

if TYPE_CHECKING:
    from types import TracebackType


HOLDER_BYTES: Final = 4352
"""What a :class:`Process` and all that belongs to it take of Python's memory: its bank pays for that, too."""


class Process(Linked):
    """A program in its own window; made by :meth:`motte.Machine.spawn`.

    Safe to use from several threads.  ``await process`` waits in an event loop.  It is a
    context manager: leaving it kills what still runs.  Links, monitors and exit signals are those of
    :class:`motte.linked.Linked`.
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
        listener: Listener,
        links: Links,
    ) -> None:
        """Takes over ``core`` (created, with ``streams`` attached) and one use of ``program``.

        ``listener`` hears of its questions and its end.
        """
        super().__init__(links)
        self._core = core
        self._listener = listener
        self._streams = streams
        self._on_close = on_close
        self._lock = threading.Lock()  # guards the next four
        self._on_end: list[Callable[[Process, Exit], None]] = []
        self._wanted = Event.BANK
        self._exit: Exit | None = None
        self._asked: ExitReason | None = None  # for the first of those who killed it
        self._rescinded = False  # it ended with its bank
        self._waits_for_bank = False  # links are told when that is gone
        self._released = False  # what it held was given back, or is being, and how it ended is kept
        self._closed = False
        self.program = program
        self.limits = limits
        self.keeping = keeping
        self.meter = meter
        self.identity = core.identity
        self.memory = Memory(lambda: self._lifetime)
        for region in keeping.regions:
            core.reserve(region.address, region.length)
        if keeping.is_wanted:
            listener.start()
            self._wanted |= Event.FAULT
        core.want_events(self._wanted)
        self._lifetime = Lifetime(core, self._give_back, self._tell_links, listener.later)

    # --- running -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Let it run, once.  Raises ``BadState`` if it was started before."""
        with self._lifetime as core:
            core.start()

    def suspend(self) -> None:
        """Let it stand still, at whatever instruction it is.  Raises ``BadState`` unless it was started and lives."""
        with self._lifetime as core:
            core.suspend()

    def resume(self) -> None:
        """Let it go on from there; harmless if it does not stand still.  Raises ``BadState`` as ``suspend()``."""
        with self._lifetime as core:
            core.resume()

    def kill(self) -> None:
        """Stop the process wherever it is; harmless when it has ended.  ``wait()`` says what became of it.

        No keeper is asked about it any more; one that is at work finds that its answer comes to nothing.
        """
        if self._kept_end() is None:
            with self._lifetime:
                self._die(ExitReason.KILLED)

    # --- looking -----------------------------------------------------------------------------------------------------

    @property
    def state(self) -> str:
        """What it does, in a word.

        ``"created"``, ``"ready"`` (for its turn), ``"running"``, ``"waiting"`` (for a moment), ``"calling"`` (in a
        system call that takes long), ``"faulted"`` (its keeper is asked), ``"suspended"``, ``"exited"`` or
        ``"closed"``.
        """
        if self._kept_end():
            return "exited"
        return self._core.state()

    def statistics(self) -> Usage:
        """What the process has used up to now: a frozen record."""
        if end := self._kept_end():
            return end.usage
        with self._lifetime as core:
            return usage_of(core.statistics())

    @property
    def returncode(self) -> int | None:
        """The exit status, or ``None`` while the process runs."""
        end = self._end_if_any()
        return None if end is None else end.returncode

    @property
    def exit_reason(self) -> ExitReason | None:
        """Why it has ended, as its links and monitors learn; ``None`` while it runs."""
        end = self._end_if_any()
        return None if end is None else reason_of(end, self._asked)

    @property
    def stdout(self) -> bytes:
        """What it wrote to standard output.  Raises ``BadState`` while it runs, or if that was not captured."""
        return self._captured(1)

    @property
    def stderr(self) -> bytes:
        """What it wrote to standard error.  Raises ``BadState`` while it runs, or if that was not captured."""
        return self._captured(2)

    # --- waiting -----------------------------------------------------------------------------------------------------

    def wait(self, timeout: Duration = None) -> Exit:
        """Wait until the process has ended, and say how.

        ``timeout`` is in seconds (0 only looks; ``None`` waits for ever): afterwards ``Timeout`` is raised
        and the process runs on.  Raises ``Closed`` after ``close()``.
        """
        timeout_ns = 0 if timeout == 0 else duration_ns(timeout, "timeout")
        if end := self._kept_end():
            return end
        with self._lifetime as core:
            if not core.wait(timeout_ns):
                raise Timeout(f"{self.program.name} still runs after {timeout} s")
            return self._end(core)

    def on_end(self, callback: Callable[["Process", Exit], None]) -> None:
        """Call ``callback`` with this process and its end when it has ended; at once if it has.

        It is called once, on the thread that listens to the machine or the one that closes the process, and must not
        wait.  The process still has its memory, to be looked at; :meth:`monitor` tells when everything is back.
        Raises ``Closed`` after ``close()``.
        """
        if end := self._kept_end():
            callback(self, end)
            return
        with self._lifetime as core:
            with self._lock:
                self._on_end.append(callback)
            if self._expect_end():
                self._tell_callbacks(self._end(core))

    def __await__(self) -> Generator[object, None, Exit]:
        """Wait in an event loop, without holding up the loop."""
        return self._wait_in_loop().__await__()

    # --- the end -----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Kill the process if it runs, and release all that it holds; harmless when repeated.

        No keeper of it is at work afterwards.  In a callback or a keeper of its own it is released soon after that
        returns.
        """
        self._closed = True
        self._die(ExitReason.KILLED)
        self._lifetime.end(self._refuse, wait=True)

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
        lifetime = getattr(self, "_lifetime", None)
        if lifetime is not None and not lifetime.has_ended:
            warnings.warn(f"unclosed process of {self.program.name}", ResourceWarning, source=self, stacklevel=2)

    def __repr__(self) -> str:
        """For people; never raises."""
        return f"<Process {self.identity} of {self.program.name}: {self.state}>"

    # --- for the package ---------------------------------------------------------------------------------------------

    def tell_end(self) -> None:
        """It has ended; call whom that concerns, once."""
        try:
            with suppress(Closed, InvalidCap), self._lifetime as core:
                self._tell_callbacks(self._end(core))
            self._settle()
        except InternalError as error:
            report_exception(error)
            self._asked = ExitReason("internal")
            self._release(wait=False)

    def ask_keepers(self, ask_bank: Callable[[int, int], bool], spent_ns: int) -> None:
        """It stands still and asks; that somebody heard of it has cost so much already."""
        with suppress(Closed, InvalidCap), self._lifetime as core:
            answer_question(self, core, ask_bank, spent_ns)

    def end_out_of_time(self) -> None:
        """Its meter is dry, and nobody will refill it."""
        with suppress(Closed, InvalidCap), self._lifetime as core:
            core.kill(StopReason.CPU_LIMIT)

    def condemn(self) -> None:
        """Its bank is being destroyed: kill it.  ``rescind`` follows, and when the bank is gone ``tell_links``."""
        self._rescinded = self._waits_for_bank = True
        self._die(ExitReason.KILLED)

    def rescind(self) -> None:
        """Its bank is being destroyed: kill it and release all that it holds.

        How it ended, its statistics and its captured output stay readable until ``close()``; everything else raises
        ``InvalidCap``.  Harmless when it is closed.
        """
        self._die(ExitReason.KILLED)
        with suppress(Closed, InvalidCap), self._lifetime as core:
            core.wait(None)
            self._end(core)
        self._rescinded = True
        self._release(wait=True)

    def tell_links(self) -> None:
        """The bank is gone: those who are linked may know."""
        self._waits_for_bank = False
        if self._lifetime.has_ended:
            self._tell_links()

    @property
    def is_killed(self) -> bool:
        """Whether it was killed, so that nobody need be asked about it."""
        return self._asked is not None

    # --- links -------------------------------------------------------------------------------------------------------

    def _die(self, reason: ExitReason) -> bool:
        with self._lock:
            self._asked = self._asked or reason
        with suppress(Closed):
            self._core.kill()
        return False

    def _expect_end(self) -> bool:
        try:
            with self._lifetime as core:
                with self._lock:
                    if not self._wanted & Event.EXIT:
                        self._listener.start()
                        self._wanted |= Event.EXIT
                        core.want_events(self._wanted)
                return core.wait(0)
        except (Closed, InvalidCap):
            return True

    def _settle(self) -> None:
        """If it has ended, and links are to be told of that, it gives everything back."""
        with suppress(Closed, InvalidCap), self._lifetime as core:
            if not core.wait(0) or not self._links.concerns(self._party):
                return
            self._end(core)
        self._release(wait=False)

    def _tell_links(self) -> None:
        if end := self._exit:
            self._tell_callbacks(end)
        if not self._waits_for_bank:
            self._links.ended(self._party, self._reason(), self._exit)

    def _reason(self) -> ExitReason:
        end = self._exit
        return self._asked or ExitReason.KILLED if end is None else reason_of(end, self._asked)

    def _tell_callbacks(self, end: Exit) -> None:
        with self._lock:
            callbacks, self._on_end = self._on_end, []
        for callback in callbacks:
            call_keeper(partial(callback, self), end)

    # --- giving back -------------------------------------------------------------------------------------------------

    def _refuse(self) -> Closed | InvalidCap:
        if self._closed:
            return Closed(f"the process of {self.program.name} is closed")
        if self._rescinded:
            return InvalidCap(f"the process of {self.program.name} ended with its bank")
        return InvalidCap(f"the process of {self.program.name} has ended, and given everything back")

    def _kept_end(self) -> Exit | None:
        """How it ended, if it has nothing else any more."""
        return self._exit if self._released and not self._closed else None

    def _release(self, *, wait: bool) -> None:
        self._released = True
        self._lifetime.end(self._refuse, wait=wait)

    def _give_back(self) -> None:
        try:
            if self._on_end or self._links.concerns(self._party):
                self._core.wait(None)
                self._end(self._core)
        except InternalError as error:
            report_exception(error)
        finally:
            self._streams.close()
            self._core.close()
            self.program.release()
            self._on_close(self)

    def _end(self, core: CoreProcess) -> Exit:
        """How it ended; only once it has."""
        with self._lock:
            if self._exit is None:
                self._exit = end_of(core, self.program, self.limits, self._asked)
            return self._exit

    def _end_if_any(self) -> Exit | None:
        if end := self._kept_end():
            return end
        with self._lifetime as core:
            return self._end(core) if core.wait(0) else None

    def _captured(self, stream: int) -> bytes:
        if self._end_if_any() is None:
            raise BadState(f"{self.program.name} still runs: wait() for its output")
        output = self._streams.captured(stream)
        if output is None:
            raise BadState(f"{('stdin', 'stdout', 'stderr')[stream]} is not captured: spawn with CAPTURE")
        return output

    async def _wait_in_loop(self) -> Exit:
        import asyncio

        loop = asyncio.get_running_loop()
        ended = asyncio.Event()

        def tell(_process: Process, _end: Exit) -> None:
            with suppress(RuntimeError):  # the loop was closed meanwhile: nobody awaits any more
                loop.call_soon_threadsafe(ended.set)

        self.on_end(tell)
        await ended.wait()
        return self.wait()
