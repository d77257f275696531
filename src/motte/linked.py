"""What can be linked and monitored: the methods that processes, observers and supervisors share."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty
from typing import TYPE_CHECKING

from motte.errors import Timeout
from motte.exit import Exit
from motte.exit_reason import ExitReason, exit_reason
from motte.keeping import call_keeper
from motte.links import ExitSignal, Links, Party
from motte.quantities import Duration, duration_ns
from motte.unique import Unique

if TYPE_CHECKING:
    from types import TracebackType


@dataclass(frozen=True, slots=True)
class Down:
    """What a monitor is told, once.

    For example:

        down = process.monitor().wait(timeout=5)
        print(down.target, down.reason)
    """

    target: "Linked"
    reason: ExitReason
    """Why it ended; ``noproc`` if it had ended before it was monitored."""

    exit: Exit | None
    """How it ended, if it is a process."""


class Linked(Unique, ABC):
    """A party to links and monitors; the words and their meaning are Erlang's.

    All methods may be called from any thread, and whatever has become of the party: one that has ended is told of as
    ``noproc``.  Callbacks are called on a thread of the machine's, or on the one that closed the party; they must not
    wait.  When they are called, the party's memory is back in its bank, and no keeper of it is at work.
    """

    party: Party | None = None
    """For the package: under the lock of ``links``; most are never linked with anybody."""

    told_end: tuple[ExitReason, Exit | None] | None = None
    """For the package, likewise: what :meth:`Links.ended` was told."""

    def __init__(self, links: Links) -> None:
        """``links`` are the machine's."""
        self._links = links

    @property
    def _party(self) -> Party:
        return self.party or self._links.join(self, self._die)

    # --- links -------------------------------------------------------------------------------------------------------

    def link(self, other: "Linked") -> None:
        """From now on, when one of the two ends, the other receives an exit signal with the same reason.

        It ends, too, unless the reason is ``normal`` or it traps exits (:attr:`trap_exit`).  If one of them has ended
        before, the other receives ``noproc`` at once.  Harmless when repeated, and with itself.  Raises ``ValueError``
        for a party of another machine.
        """
        if not isinstance(other, Linked):
            raise TypeError(f"expected a process, an observer or a supervisor; got {type(other).__name__}")
        if other._links is not self._links:
            raise ValueError("what is to be linked belongs to another machine")
        dead = [each._party for each in (self, other) if each._expect_end()]
        self._links.link(self._party, other._party, dead)
        for each in (self, other):
            each._settle()

    def unlink(self, other: "Linked") -> None:
        """No exit signal comes through the link from now on; harmless without one."""
        self._links.unlink(self._party, other._party)

    @property
    def links(self) -> "list[Linked]":
        """Those it is linked with now."""
        return self._links.linked_with(self._party)

    # --- signals -----------------------------------------------------------------------------------------------------

    @property
    def trap_exit(self) -> "bool | Callable[[ExitSignal], object]":
        """Whether exit signals are told instead of ending it: all but ``kill``.

        It can be set.  ``True``: they wait in a queue, for :meth:`next_exit_signal`.  A callable is called with each
        :class:`ExitSignal`.
        """
        if not self._party.traps:
            return False
        return True if self._party.tell == self._party.signals.put else self._party.tell

    @trap_exit.setter
    def trap_exit(self, trap: "bool | Callable[[ExitSignal], object]") -> None:
        if not isinstance(trap, bool) and not callable(trap):
            raise TypeError(f"trap_exit: expected a bool or a callable; got {type(trap).__name__}")
        self._party.tell = self._party.signals.put if isinstance(trap, bool) else trap
        self._party.traps = trap is not False

    def next_exit_signal(self, timeout: Duration = None) -> ExitSignal:
        """Wait for the next exit signal that was trapped.

        ``timeout`` is in seconds (0 only looks; ``None`` waits for ever); afterwards ``Timeout`` is raised.
        """
        limit = 0 if timeout == 0 else duration_ns(timeout, "timeout")
        try:
            return self._party.signals.get(timeout=None if limit is None else limit / 10**9)
        except Empty:
            raise Timeout(f"no exit signal came within {timeout} s") from None

    def exit(self, reason: ExitReason | str, *, sender: "Linked | None" = None) -> None:
        """Send it an exit signal; ``reason`` is an ``ExitReason`` or a word.

        ``"kill"`` ends it whatever it traps, and its reason is then ``killed``.  Of the others, ``normal`` ends nobody
        but the sender itself.  Harmless when it has ended.
        """
        self._links.send(self._party, ExitSignal(sender, exit_reason(reason), linked=False))

    # --- monitors ----------------------------------------------------------------------------------------------------

    def monitor(self, callback: Callable[[Down], object] | None = None) -> "Monitor":
        """Be told of its end, once: by ``callback``, by ``Monitor.wait()``, or by ``await``.

        If it had ended before, that is told at once with the reason ``noproc``.  Each monitor is told for itself.
        """
        monitor = Monitor(self, callback)
        instead = ExitReason.NOPROC if self._expect_end() else None
        self._links.monitor(self._party, monitor, instead)
        self._settle()
        return monitor

    def demonitor(self, monitor: "Monitor") -> bool:
        """The same as ``monitor.cancel()``."""
        return monitor.cancel()

    # --- for those that inherit --------------------------------------------------------------------------------------

    @abstractmethod
    def _die(self, reason: ExitReason) -> bool:
        """End, for an exit signal.  True if that is done; else ``Links.ended`` is called later."""

    def _expect_end(self) -> bool:
        """See to it that the end will be noticed; whether it has come already."""
        return False

    def _settle(self) -> None:
        """If the end came unnoticed: have it told."""


class Monitor:
    """Told of the end of one party, exactly once; made by :meth:`Linked.monitor`.

        with process.monitor() as monitor:
            print(monitor.wait(timeout=5).reason)

    ``await monitor`` waits in an event loop.  As a context manager it is cancelled on leaving.
    """

    def __init__(self, target: Linked, callback: Callable[[Down], object] | None) -> None:
        """For the package."""
        if callback is not None and not callable(callback):
            raise TypeError(f"callback: expected a callable or None; got {type(callback).__name__}")
        self.target = target
        self._callback = callback
        self._condition = threading.Condition()  # guards the next two
        self._down: Down | None = None
        self._wakers: list[Callable[[], object]] = []

    @property
    def down(self) -> Down | None:
        """What it was told; ``None`` before."""
        return self._down

    def cancel(self) -> bool:
        """Not to be told any more.  False if it is too late: it was told, or is being told at this moment."""
        return self.target._links.demonitor(self.target._party, self)

    def wait(self, timeout: Duration = None) -> Down:
        """Wait until it is told; ``timeout`` as in :meth:`Process.wait`.  One that was cancelled waits for ever."""
        limit = 0 if timeout == 0 else duration_ns(timeout, "timeout")
        with self._condition:
            self._condition.wait_for(lambda: self._down is not None, None if limit is None else limit / 10**9)
            if self._down is None:
                raise Timeout(f"no end within {timeout} s")
            return self._down

    def tell(self, reason: ExitReason, end: Exit | None) -> None:
        """For the package: it has ended."""
        down = Down(self.target, reason, end)
        with self._condition:
            self._down = down
            wakers, self._wakers = self._wakers, []
            self._condition.notify_all()
        for wake in wakers:
            wake()
        if self._callback is not None:
            call_keeper(self._callback, down)

    def __await__(self) -> Generator[object, None, Down]:
        """Wait in an event loop, without holding up the loop."""
        return self._wait_in_loop().__await__()

    def __enter__(self) -> "Monitor":
        """The monitor itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: "TracebackType | None"
    ) -> None:
        """Cancel."""
        self.cancel()

    def __repr__(self) -> str:
        """For people."""
        return f"<Monitor of {self.target!r}: {'waits' if self._down is None else self._down.reason}>"

    async def _wait_in_loop(self) -> Down:
        import asyncio

        loop = asyncio.get_running_loop()
        told = asyncio.Event()

        def wake() -> None:
            with suppress(RuntimeError):  # the loop was closed meanwhile: nobody awaits any more
                loop.call_soon_threadsafe(told.set)

        with self._condition:
            if self._down is not None:
                return self._down
            self._wakers.append(wake)
        await told.wait()
        return self.wait(0)
