"""Tracing: a complete record of what happens on a machine, in order.

Traces are made by the scheduler itself, at the moment that something happens, and say what it charges.  While nobody
traces, that costs a branch that is never taken.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from motte.abi.faults import FaultKind, StopReason
from motte.abi.layout import PAGE_SIZE
from motte.core import Trace as CoreTrace
from motte.image.names import printable
from motte.unique import Unique

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from motte.trace_file import BankSample

NAMES_KEPT: Final = 1 << 16
"""Of so many processes a trace knows the program's name: those that came last."""


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

    ANSWERED = 6
    """Its keeper has said what becomes of it; or the bank's keeper that was asked for it."""

    SENT = 7
    """A message, a call or an answer has left its hands; or the host's, where ``process`` is 0."""

    RECEIVED = 8
    """It has got a message, a call or an answer; or the host has, where ``process`` is 0."""

    BLOCKS_MOVED = 9
    """It has got blocks with a message."""

    LIMIT_MET = 10
    """A limit: of its own, or of a bank that it draws from; or of a meter, where ``process`` is 0."""

    LENT = 11
    """It runs in another's turn, who has called it or whom it has answered."""


class LimitKind(IntEnum):
    """Which limit was met."""

    BANK = 0
    """A bank refused memory; told at the end of the turn, the last refusal for all in it."""

    METER = 1
    """A meter is dry."""

    CPU_TIME = 2
    WALL_TIME = 3
    OUTPUT = 4


_ANSWERS: Final = ("retry", "skip", "decline")


@dataclass(frozen=True, slots=True)
class TraceRecord:
    """One event; ``str()`` is a line for people.

    For example:

        with machine.trace() as trace:
            machine.run(program)
            print([record.kind.name for record in trace.take()])
    """

    number: int
    """From 0 on, without gaps but where records were lost."""

    kind: TraceKind

    process: int
    """:attr:`motte.Process.identity`; 0 is the host, or nobody in particular."""

    monotonic_ns: int
    """On the clock of ``time.monotonic_ns()``; between different workers, exact to some microseconds."""

    used_ticks: int
    """Of ``TURN_ENDS``: what the process is charged for the turn, as in :attr:`motte.Meter.used_ticks`.  Else 0."""

    thread: int | None
    """Of turns: the host's id of the thread that ran it.  Else ``None``."""

    program: str | None = None
    """The name of the process's program, if it is known."""

    value: int = 0
    """As the core gives it; :attr:`detail` says what it means."""

    subject: int = 0
    """Likewise."""

    @property
    def detail(self) -> Mapping[str, int | str]:
        """What else is known of it, by name.

        ``memory`` (bytes) of TURN_ENDS; ``fault``, ``address``; ``answer``; ``reason``, ``status`` of EXITED;
        ``message`` (the number that is the same for SENT, RECEIVED and BLOCKS_MOVED) and ``bytes``; ``limit``, and
        ``bank`` and ``bytes``, or ``meter``; ``lender``.
        """
        describe = _DETAILS.get(self.kind)
        return {} if describe is None else describe(self.value, self.subject)

    def __str__(self) -> str:
        """``12 SENT process 3 of worker.c: message 7, bytes 64``."""
        who = "the host" if self.process == 0 else f"process {self.process}"
        name = "" if self.program is None else f" of {printable(self.program)}"
        detail = ", ".join(f"{key} {value}" for key, value in self.detail.items())
        return f"{self.number} {self.kind.name} {who}{name}{': ' if detail else ''}{detail}"


Detail = dict[str, int | str]


def _of_message(value: int, subject: int) -> Detail:
    return {"message": subject, "bytes": value}


def _of_limit(value: int, subject: int) -> Detail:
    kind = LimitKind(value & 0xFF)
    match kind:
        case LimitKind.BANK:
            return {"limit": kind.name, "bank": subject, "bytes": (value >> 8) * PAGE_SIZE}
        case LimitKind.METER:
            return {"limit": kind.name, "meter": subject}
        case _:
            return {"limit": kind.name}


def _of_exit(value: int, _subject: int) -> Detail:
    return {"reason": StopReason(value >> 32).name, "status": value & 0xFF}


def _of_fault(value: int, subject: int) -> Detail:
    return {"fault": FaultKind(value).name, "address": subject}


_DETAILS: Final[Mapping[TraceKind, Callable[[int, int], Detail]]] = {
    TraceKind.TURN_ENDS: lambda _value, subject: {"memory": subject * PAGE_SIZE},
    TraceKind.FAULTED: _of_fault,
    TraceKind.EXITED: _of_exit,
    TraceKind.ANSWERED: lambda value, _subject: {"answer": _ANSWERS[value]},
    TraceKind.SENT: _of_message,
    TraceKind.RECEIVED: _of_message,
    TraceKind.BLOCKS_MOVED: lambda value, subject: {"message": subject, "bytes": value * PAGE_SIZE},
    TraceKind.LIMIT_MET: _of_limit,
    TraceKind.LENT: lambda _value, subject: {"lender": subject},
}


class ProgramNames:
    """Which program a process is of, for those that a trace may still tell of."""

    def __init__(self, known: Iterable[tuple[int, str]]) -> None:
        """Those that are there already."""
        self._names = OrderedDict(known)

    def note(self, identity: int, name: str) -> None:
        """One more; any thread."""
        self._names[identity] = name
        if len(self._names) > NAMES_KEPT:
            self._names.popitem(last=False)

    def find(self, identity: int) -> str | None:
        """The program's name, unless so many came since that it is forgotten."""
        return self._names.get(identity)


class Trace(Unique):
    """What happens on a machine from now on; made by :meth:`motte.Machine.trace`, and safe to use from several threads.

        with machine.trace() as trace:
            machine.run(program)
            print(*trace.take(), sep="\\n")

    It holds a fixed number of records.  Whoever wants a long trace takes them out in time: what finds no room is lost,
    and counted.  As a context manager it is closed on leaving.
    """

    def __init__(
        self,
        core: CoreTrace,
        names: ProgramNames,
        bank_samples: "Callable[[], list[BankSample]]",
        closed: Callable[["Trace"], None],
    ) -> None:
        """For the package."""
        self._core = core
        self._names = names
        self._bank_samples = bank_samples
        self._at_the_beginning = bank_samples()
        self._closed = closed

    def take(self) -> list[TraceRecord]:
        """The records since the last call, the oldest first.  Raises ``Closed``."""
        name = self._names.find
        return [
            TraceRecord(
                number,
                TraceKind(kind),
                process,
                monotonic_ns,
                value if kind == TraceKind.TURN_ENDS else 0,
                thread or None,
                name(process),
                value,
                subject,
            )
            for number, kind, process, monotonic_ns, value, subject, thread in self._core.take()
        ]

    def write(self, path: "str | Path") -> int:
        """Take the records, and write them to a file for Perfetto or ``chrome://tracing``; how many they were.

        Raises ``Closed``, and ``OSError``.
        """
        from motte.trace_file import TraceFile

        records = self.take()
        with TraceFile(path) as file:
            file.add_banks(self._at_the_beginning)
            file.add(records)
            file.add_banks(self._bank_samples())
            file.note_lost(self.lost)
        return len(records)

    @property
    def lost(self) -> int:
        """How many records have found no room, in all.  Raises ``Closed``."""
        return self._core.lost

    def fileno(self) -> int:
        """For event loops: a descriptor that is readable once there are records, after :meth:`await_records`."""
        return self._core.fileno()

    def await_records(self) -> bool:
        """Whether there are records to be taken; if not, the descriptor becomes readable when there are."""
        return self._core.await_records()

    def note(self, identity: int, name: str) -> None:
        """For the package: a process of this program has come."""
        self._names.note(identity, name)

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
