"""The part of a machine that tells what happens on it: an overview, traces, events, trace files.

None of it costs anything until somebody asks; each kind has a module of its own, imported then.
"""

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from motte.card import Card
from motte.core import Trace as CoreTrace
from motte.errors import Closed
from motte.makers import Makers
from motte.trace import ProgramNames, Trace, TraceKind

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from motte.bank import SpaceBank
    from motte.observation import Observable
    from motte.overview import Overview
    from motte.process import Process
    from motte.trace_events import TraceEvents
    from motte.trace_file import BankSample, TraceFile

RECORDS: Final = 65_536

_LOOK: Final = 0.02
"""Seconds between two looks at the banks, for a trace file."""

Kinds = Iterable[TraceKind | str] | None
"""Kinds of records, or their names in any case; ``None``: all."""


class Watching(Makers):
    """The part of a machine that tells what happens on it."""

    def overview(self) -> "Overview":
        """Its processes, banks and meters now: a frozen record.  Raises ``Closed``."""
        from motte.overview import overview_of

        self._check_open()
        return overview_of(self._population, self._scheduler.mailboxes())

    def card(self) -> Card:
        """What rich consoles and notebooks show: its overview, or that it is closed."""
        try:
            return self.overview().card()
        except Closed:
            return Card("machine: closed")

    def __repr__(self) -> str:
        """For people; never raises."""
        return f"<Machine: {len(self._population)} processes>"

    def trace(
        self,
        records: int = RECORDS,
        *,
        kinds: Kinds = None,
        processes: "Iterable[Process]" = (),
        bank: "SpaceBank | None" = None,
    ) -> Trace:
        """Record from now on what happens: spawns, turns and what they are charged, messages, faults, limits, ends.

        It holds so many ``records``, of 48 bytes each, which ``bank`` pays for (default: the machine's own); only
        those of these ``kinds`` and, if any are named, of these ``processes``.

        Raises ``LimitReached``; ``ValueError`` for fewer than 1 record or more than 16,777,216, for an unknown kind,
        and for more than 64 processes.
        """
        trace = self._begin_trace(records, kinds, processes, bank)
        self._until_closed(trace, trace.close)
        return trace

    def events(
        self,
        *,
        kinds: Kinds = None,
        processes: "Iterable[Process]" = (),
        records: int = RECORDS,
        bank: "SpaceBank | None" = None,
    ) -> "TraceEvents":
        """What happens from now on, as it happens: for ``for`` and ``async for``.

        A reader that is slower than the machine loses what finds no room among the ``records``: ``lost`` counts it,
        and the records' numbers show where.  Parameters and errors are those of :meth:`trace`.
        """
        from motte.trace_events import TraceEvents

        trace = self._begin_trace(records, kinds, processes, bank)
        events = TraceEvents(trace)
        self._until_closed(trace, events.close)
        return events

    def record(self, path: "str | Path", *, kinds: Kinds = None, records: int = RECORDS) -> "Recording":
        """Write what happens from now on to a file for Perfetto or ``chrome://tracing``, until it is closed.

        Raises ``OSError`` if the file cannot be written, and as :meth:`trace`.
        """
        from motte.trace_file import TraceFile

        file = TraceFile(path)
        try:
            recording = Recording(self.events(kinds=kinds, records=records), file, self._bank_samples)
        except BaseException:
            file.close()
            raise
        self._until_closed(recording, recording.close)
        recording.closed = self.not_at_close
        return recording

    def _let_observe(self, observable: "Observable | None") -> None:
        from motte.observation import Observation, wanted_observation

        if allowed := wanted_observation(observable):
            observation = Observation(allowed, lambda: self.overview().as_dict(), self._kill_by_identity)
            self._until_closed(observation, observation.close)

    def _kill_by_identity(self, identity: int) -> bool:
        process = self._population.find(identity)
        if process is not None:
            process.kill()
        return process is not None

    def _begin_trace(
        self, records: int, kinds: Kinds, processes: "Iterable[Process]", bank: "SpaceBank | None"
    ) -> Trace:
        self._check_open()
        population = self._population
        wanted = _bits(kinds)
        identities = tuple(process.identity for process in processes)
        account = population.banks.payer(bank)
        core = population.banks.draw(1, lambda: CoreTrace(self._scheduler, account.core, records, wanted, identities))
        names = ProgramNames((each.identity, each.program.name) for each in population.everybody())
        trace = Trace(core, names, self._bank_samples, self._end_trace)
        population.watch(trace)
        return trace

    def _end_trace(self, trace: Trace) -> None:
        self._population.unwatch(trace)
        self.not_at_close(trace)

    def _until_closed(self, key: object, close: Callable[[], object]) -> None:
        try:
            self.at_close(key, close)
        except Closed:
            close()
            raise

    def _bank_samples(self) -> "list[BankSample]":
        from motte.overview import bank_looks

        banks = self._population.banks
        now = time.monotonic_ns()
        return [(now, look.identity, look.name, look.used) for look in bank_looks(banks.root, banks.everybody())]


class Recording:
    """A trace file that is being written; made by :meth:`motte.Machine.record`.

        with machine.record("trace.json"):
            machine.run(program)

    A thread of its own takes the records out.  As a context manager it is closed, and complete, on leaving.
    """

    def __init__(
        self, events: "TraceEvents", file: "TraceFile", bank_samples: "Callable[[], list[BankSample]]"
    ) -> None:
        """Takes over both."""
        self.closed: Callable[[Recording], object] = lambda _recording: None
        self._events = events
        self._file = file
        self._bank_samples = bank_samples
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = threading.Thread(target=self._run, name="motte-trace", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write what is left, and complete the file; harmless when repeated.  Raises ``OSError``."""
        with self._lock:
            thread, self._thread = self._thread, None
            if thread is None:
                return
            self._over.set()
            thread.join()
            try:
                self._write()
                with suppress(Closed):
                    self._file.note_lost(self._events.lost)
            finally:
                self._events.close()
                self._file.close()
        self.closed(self)

    def __enter__(self) -> "Recording":
        """The recording itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: "TracebackType | None"
    ) -> None:
        """Close."""
        self.close()

    def _run(self) -> None:
        self._write()
        while not self._over.wait(_LOOK):
            self._write()

    def _write(self) -> None:
        with suppress(Closed):
            self._file.add(self._events.take())
            self._file.add_banks(self._bank_samples())


def _bits(kinds: Kinds) -> int:
    """A bit for each kind.  Raises ``ValueError``."""
    if kinds is None:
        return sum(1 << kind for kind in TraceKind)
    bits = 0
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        name = kind.upper() if isinstance(kind, str) else TraceKind(kind).name
        if name not in TraceKind.__members__:
            raise ValueError(f"kinds: {kind!r} is none of {', '.join(TraceKind.__members__)}")
        bits |= 1 << TraceKind[name]
    return bits
