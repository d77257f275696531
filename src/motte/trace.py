"""Tracing: a complete record of who runs when on a machine, in order.

Traces are made by the scheduler itself, at the moment that something happens, and say what it charges.  While nobody
traces, that costs a branch that is never taken.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from motte.core import Trace as CoreTrace

if TYPE_CHECKING:
    from types import TracebackType


class TraceKind(IntEnum):
    """What has happened to a process."""

    SPAWNED = 0
    """It is there; it does not run yet."""

    READY = 1
    """It wants to run: it was started, what it waited for is there, its keeper has answered, it was resumed."""

    TURN_BEGINS = 2
    """A worker runs it; or whoever it lends its turn to, by a call."""

    TURN_ENDS = 3
    """No longer: its slice or its budget is used up, it yields, waits, faults, or ends."""

    FAULTED = 4
    """It stands still, and a keeper is asked."""

    EXITED = 5
    """It has ended."""


@dataclass(frozen=True, slots=True)
class TraceRecord:
    """One event."""

    number: int
    """From 0 on, without gaps but where records were lost."""

    kind: TraceKind

    process: int
    """:attr:`motte.Process.identity`."""

    monotonic_ns: int
    """On the clock of ``time.monotonic_ns()``; between different workers, exact to some microseconds."""

    used_ticks: int
    """Of ``TURN_ENDS``: what the process is charged for the turn, as in :attr:`motte.Meter.used_ticks`.  Else 0."""

    thread: int | None
    """Of turns: the host's id of the thread that ran it.  Else ``None``."""


class Trace:
    """What happens on a machine from now on; made by :meth:`motte.Machine.trace`, and safe to use from several threads.

    It holds a fixed number of records.  Whoever wants a long trace takes them out in time: what finds no room is lost,
    and counted.  As a context manager it is closed on leaving.
    """

    def __init__(self, core: CoreTrace, closed: Callable[["Trace"], None]) -> None:
        """For the package."""
        self._core = core
        self._closed = closed

    def take(self) -> list[TraceRecord]:
        """The records since the last call, the oldest first.  Raises ``Closed``."""
        return [
            TraceRecord(number, TraceKind(kind), process, monotonic_ns, used_ticks, thread or None)
            for number, kind, process, monotonic_ns, used_ticks, thread in self._core.take()
        ]

    @property
    def lost(self) -> int:
        """How many records have found no room, in all.  Raises ``Closed``."""
        return self._core.lost

    def close(self) -> None:
        """End it, and free its memory; harmless when repeated.  Records that were not taken are gone."""
        self._core.close()
        self._closed(self)

    def __enter__(self) -> "Trace":
        """The trace itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: "TracebackType | None"
    ) -> None:
        """Close."""
        self.close()
