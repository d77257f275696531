"""One running program: waiting for it, stopping it, looking at it.

A process runs on the machine's workers, never on the caller's thread.  Whoever waits holds no
lock and no interpreter lock; Ctrl-C ends the wait at once and leaves the process to
its owner.
"""

import threading
import warnings
from collections.abc import Callable, Coroutine, Generator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Never

from motte.calling import bound, open_for_calls, raise_end
from motte.card import Card, Shown
from motte.core import Function
from motte.errors import BadState, Closed, Timeout
from motte.exit import Exit, Usage, usage_of
from motte.exit_reason import ExitReason, reason_of
from motte.image.names import printable
from motte.process_memory import Memory
from motte.quantities import Duration, duration_ns
from motte.streaming import Streaming

if TYPE_CHECKING:
    from types import TracebackType

    from motte.core import Process as CoreProcess
    from motte.report import Report

HOLDER_BYTES: Final = 640
"""What a :class:`Process` and how it ended take of Python's memory: its bank pays for that, too."""


class Process(Streaming, Shown):
    """A program in its own window; made by :meth:`motte.Machine.spawn`.

    Safe to use from several threads.  ``await process`` waits in an event loop.  It is a
    context manager: leaving it kills what still runs.  Links, monitors and exit signals are those of
    :class:`motte.linked.Linked`.
    """

    # --- running -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Let it run, once.  Raises ``BadState`` if it was started before, or its program has no ``main``."""
        if not self.program.has_main:
            raise BadState(f"{self.program.name} has no main function: its functions can be called, see function()")
        with self._lifetime as core:
            if core.has_host_functions:
                self.expect_calls()
            core.start()
        if self._streams.has_pumps:
            self._streams.begin(self.kill)

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

    def function(self, name: str, prototype: str | None = None) -> Function:
        """Bind a function of the program, to be called like one of Python's; for a process that was not started.

        With the first one the process's C library is prepared and its constructors run; ``main`` never does.
        ``prototype`` is a declaration in C, where the program's own knows too little: without debug information LLVM's
        types have to do.  See docs/calls.md for what can be passed.

        Raises ``LookupError`` for a function that the program does not export, ``TypeError`` for one that cannot be
        called from outside, ``ValueError`` for a prototype that does not fit, ``BadState`` if the process was started.
        """
        with self._lifetime as core:
            with self._population.opening(self):
                if not self._opened:
                    start, block = self._open(core)
                    start(block, 1)
                    self._opened = True
            return bound(self, core, name, prototype)

    async def call_async(self, name: str, /, *arguments: object, **named: Any) -> Any:
        """Call a function of the program from an event loop: ``await process.call_async("long_job", 1)``.

        The same as ``function(name).call_async(…)``, with a ``timeout=`` in seconds, too: what it returns and raises is
        that of the call, but it runs with the machine's workers, and no thread waits for it.  Calls of one process are
        served one after another.  Cancelling one that has begun ends the process, like whatever else stops a function
        in the middle.  Functions of the host that it calls run on threads of the loop's executor.
        """
        opening = None if self._opened else self._begin_opening()
        if opening is None:
            return await self.function(name).call_async(*arguments, **named)
        try:
            call = self._begin_call(name, arguments, named)
        except BaseException:
            await opening
            raise
        try:
            await opening
        except BaseException:
            call.close()
            raise
        return await call

    # --- looking -----------------------------------------------------------------------------------------------------

    @property
    def memory(self) -> Memory:
        """Its window, seen from outside."""
        return Memory(lambda: self._lifetime)

    @property
    def state(self) -> str:
        """What it does, in a word.

        ``"created"``, ``"ready"`` (for its turn), ``"running"``, ``"waiting"`` (for a moment), ``"receiving"`` (it
        waits for a message, an answer, or room for one), ``"calling"`` (in a system call that takes long),
        ``"faulted"`` (its keeper is asked), ``"suspended"``, ``"exited"`` or ``"closed"``.
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

    def report(self) -> "Report":
        """Everything about it now: cause, place, backtrace, registers, bank, meter, last output; ``print()`` shows it.

        Raises ``Closed`` after ``close()``.
        """
        from motte.report import report_of

        return report_of(self)

    def card(self) -> Card:
        """What rich consoles and notebooks show: what ``report()`` says, or that it is closed."""
        try:
            return self.report().card()
        except Closed:
            return Card(f"process {self.identity} of {self.program.name}: closed")

    @property
    def returncode(self) -> int | None:
        """The exit status, or ``None`` while the process runs."""
        end = self.exit_if_ended()
        return None if end is None else end.returncode

    @property
    def exit_reason(self) -> ExitReason | None:
        """Why it has ended, as its links and monitors learn; ``None`` while it runs."""
        end = self.exit_if_ended()
        return None if end is None else reason_of(end, self._asked)

    # --- waiting -----------------------------------------------------------------------------------------------------

    def wait(self, timeout: Duration = None) -> Exit:
        """Wait until the process has ended, and say how.

        ``timeout`` is in seconds (0 only looks; ``None`` waits for ever): afterwards ``Timeout`` is raised
        and the process runs on.  Raises ``Closed`` after ``close()``, and whatever a callback or a file object for one
        of its streams, or a function of the host that it called (:func:`motte.host_function`), has raised, which has
        killed it; all output has reached those by then.
        """
        timeout_ns = 0 if timeout == 0 else duration_ns(timeout, "timeout")
        end = self._kept_end()
        if end is None:
            with self._lifetime as core:
                if not core.wait(timeout_ns):
                    raise Timeout(f"{self.program.name} still runs after {timeout} s")
                end = self._end(core)
        if self._streams.has_pumps:
            self._streams.settle()
        if self._raised is not None:
            raise self._raised
        return end

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
            with self._population.ends.lock:
                self._callbacks += (callback,)
            if self._expect_end():
                self._tell_callbacks(self._end(core))

    def __await__(self) -> Generator[object, None, Exit]:
        """Wait in an event loop, without holding up the loop.  Cancelling the wait leaves the process running."""
        return self._wait_in_loop().__await__()

    # --- the end -----------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> "Process":
        """The process itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: "TracebackType | None"
    ) -> None:
        """Kill and close, without holding up the loop; not even for a keeper that is at work."""
        import asyncio

        try:
            if not self._closed:
                self.kill()
                await self._ended_in_loop()
            if self.keeping.is_wanted:
                await asyncio.to_thread(self.close)
        finally:
            self.close()

    def close(self) -> None:
        """Kill the process if it runs, and release all that it holds; harmless when repeated.

        No keeper of it is at work afterwards.  In a callback, a keeper or a function of the host of its own all that is
        done soon after it returns.  Harmless in a child of a fork, too, where the process does not exist.
        """
        if not self._population.is_here:
            return
        if self._core.serves_here():  # what it called has to return first
            self._die(ExitReason.KILLED)
            threading.Thread(target=self.close, name="motte-close", daemon=True).start()
            return
        self._closed = True
        if self._exit is None:
            self._die(ExitReason.KILLED)
        self._lifetime.end(self._refusal(), wait=True)
        self._streams.close()

    def __enter__(self) -> "Process":
        """The process itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: "TracebackType | None"
    ) -> None:
        """Kill and close."""
        self.close()

    def __del__(self) -> None:
        """Warn, and end it: its machine is gone, or the interpreter ends."""
        lifetime = getattr(self, "_lifetime", None)
        if lifetime is not None and not lifetime.has_ended and self._population.is_here:
            warnings.warn(f"unclosed process of {self.program.name}", ResourceWarning, source=self, stacklevel=2)
            self._core.close()

    def __repr__(self) -> str:
        """For people; never raises."""
        state = self.state if self._population.is_here else "of the parent of a fork"
        return f"<Process {self.identity} of {printable(self.program.name)}: {state}>"

    def raise_end(self, name: str, in_call: bool) -> Never:
        """For the core: the process has ended, during a call of its function ``name`` or before."""
        if end := self._kept_end():
            raise_end(name, in_call, end, self.program.name)
        with self._lifetime as core:
            raise_end(name, in_call, self._end(core), self.program.name)

    # --- parts -------------------------------------------------------------------------------------------------------

    def _open(self, core: "CoreProcess") -> tuple[Function, int]:
        opened = open_for_calls(self, core)
        if self._streams.has_pumps:
            self._streams.begin(self.kill)
        return opened

    def _begin_opening(self) -> "Coroutine[Any, Any, object] | None":
        """Its constructors begin to run; who calls it from now on is behind them in line.  ``None`` if they have."""
        from motte.awaiting import begin_call

        with self._lifetime as core, self._population.opening(self):
            if self._opened:
                return None
            start, block = self._open(core)
            opening = begin_call(start, (block, 1), {})
            self._opened = True
        return opening

    def _begin_call(
        self, name: str, arguments: tuple[object, ...], named: dict[str, object]
    ) -> "Coroutine[Any, Any, object]":
        from motte.awaiting import begin_call

        return begin_call(self.function(name), arguments, named)

    def _remove_callback(self, callback: Callable[["Process", Exit], None]) -> None:
        with self._population.ends.lock:
            self._callbacks = tuple(other for other in self._callbacks if other is not callback)

    async def _wait_in_loop(self) -> Exit:
        await self._ended_in_loop()
        if self._streams.has_pumps:  # which may take their time
            import asyncio

            await asyncio.to_thread(self.wait)
        return self.wait()

    async def _ended_in_loop(self) -> None:
        import asyncio

        loop = asyncio.get_running_loop()
        ended = asyncio.Event()

        def tell(_process: Process, _end: Exit) -> None:
            with suppress(RuntimeError):  # the loop was closed meanwhile: nobody awaits any more
                loop.call_soon_threadsafe(ended.set)

        self.on_end(tell)
        try:
            await ended.wait()
        finally:
            self._remove_callback(tell)
