"""Trace files, as Perfetto (ui.perfetto.dev) and ``chrome://tracing`` open them: the Trace Event Format, JSON.

In their words a *process* is a group of tracks and a *thread* is a track.  The groups are:

    workers     a track for each worker: which process ran on it, from when to when
    host        what the host itself sends and receives; limits that are no process's
    banks       how much each bank has used: counters
    PROGRAM n   a guest: its turns, its messages, how much memory it holds; its faults and limits as marks

A message is an arrow from where it was sent to where it was received.  Times are in microseconds, from the first record
on.  The file is written as records come, and of guests that have ended nothing is kept: its size does not matter to
this process.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from motte.trace import TraceKind, TraceRecord

if TYPE_CHECKING:
    from types import TracebackType

WORKERS: Final = 1
HOST: Final = 2
BANKS: Final = 3
GUESTS: Final = 1000
"""The group of a guest is this and its identity."""

_TURNS: Final = 1
_MESSAGES: Final = 2

_MESSAGE_US: Final = 0.1
"""How long a message is shown to take: an arrow needs something to start from."""

_MARKS: Final = {
    TraceKind.SPAWNED: "spawned",
    TraceKind.READY: "ready",
    TraceKind.FAULTED: "fault",
    TraceKind.ANSWERED: "keeper answers",
    TraceKind.BLOCKS_MOVED: "blocks moved",
    TraceKind.LIMIT_MET: "limit",
    TraceKind.EXITED: "exited",
}

BankSample = tuple[int, int, str, int]
"""Monotonic nanoseconds, identity, name, bytes used."""


class TraceFile:
    """One file; a context manager."""

    def __init__(self, path: str | Path) -> None:
        """Raises ``OSError``."""
        self._file = Path(path).open("w", encoding="utf-8")  # noqa: SIM115 (it is written to until close)
        self._file.write('{"displayTimeUnit": "ns", "traceEvents": [')
        self._separator = "\n"
        self._start_ns: int | None = None
        self._named: dict[int, set[int]] = {}
        """The groups that have a name, and their tracks that have one."""
        self._running: dict[int, tuple[int, float]] = {}
        """Who runs on which worker's thread, and since when."""
        self._free_from: dict[int, float] = {}
        """When the last message of a group's track ends."""
        self._programs: dict[int, str] = {}
        self._next_number = 0
        self._lost = 0

    def add(self, records: Iterable[TraceRecord]) -> None:
        """What has happened next."""
        for record in records:
            at = self._microseconds(record.monotonic_ns)
            if record.number > self._next_number:
                lost = record.number - self._next_number
                self._mark(*self._track(0, _TURNS), f"{lost} records lost", at, {}, scope="g")
            self._next_number = record.number + 1
            if record.program is not None:
                self._programs[record.process] = record.program
            self._add(record, at)
            if record.kind is TraceKind.EXITED:
                self._forget(record.process)

    def add_banks(self, samples: Iterable[BankSample]) -> None:
        """What banks had used at some moment."""
        for monotonic_ns, identity, name, used in samples:
            self._name_group(BANKS, "banks")
            at = self._microseconds(monotonic_ns)
            self._write(ph="C", name=f"{name} ({identity})", pid=BANKS, tid=0, ts=at, args={"bytes": used})

    def note_lost(self, count: int) -> None:
        """So many records have found no room."""
        self._lost = count

    def close(self) -> None:
        """Complete it; harmless when repeated."""
        if not self._file.closed:
            self._file.write(f'\n], "otherData": {{"records_lost": {self._lost}}}}}\n')
            self._file.close()

    def __enter__(self) -> "TraceFile":
        """The file itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: "TracebackType | None"
    ) -> None:
        """Close."""
        self.close()

    # --- records -----------------------------------------------------------------------------------------------------

    def _add(self, record: TraceRecord, at: float) -> None:
        match record.kind:
            case TraceKind.TURN_BEGINS:
                self._running[record.thread or 0] = record.process, at
            case TraceKind.LENT:
                self._end_stretch(record.thread or 0, at)
                self._running[record.thread or 0] = record.process, at
            case TraceKind.TURN_ENDS:
                self._end_stretch(record.thread or 0, at)
                group = self._group(record.process)
                self._write(ph="C", name="memory", pid=group, tid=0, ts=at, args={"bytes": record.detail["memory"]})
            case TraceKind.SENT | TraceKind.RECEIVED:
                self._message(record, at)
            case kind:
                detail = dict(record.detail)
                words = [str(detail[key]) for key in ("fault", "limit", "answer", "reason") if key in detail]
                track = self._track(record.process, _TURNS)
                self._mark(*track, " ".join([_MARKS[kind], *words]).lower(), at, detail)

    def _end_stretch(self, thread: int, at: float) -> None:
        """Whoever ran there does not any more; nothing if that began before the first record."""
        process, since = self._running.pop(thread, (None, 0.0))
        if process is None:
            return
        self._name_group(WORKERS, "workers")
        self._name_track(WORKERS, thread, f"worker {thread}")
        stretch: dict[str, Any] = {"ph": "X", "ts": since, "dur": round(at - since, 3), "cat": "turn"}
        group, track = self._track(process, _TURNS)
        self._write(name=self._label(process), pid=WORKERS, tid=thread, **stretch)
        self._write(name="turn", pid=group, tid=track, args={"worker": thread}, **stretch)

    def _message(self, record: TraceRecord, at: float) -> None:
        sent, detail = record.kind is TraceKind.SENT, record.detail
        group, track = self._track(record.process, _MESSAGES)
        at = max(at, self._free_from.get(group, 0.0))
        self._free_from[group] = round(at + _MESSAGE_US, 3)
        place: dict[str, Any] = {"pid": group, "tid": track, "ts": at, "cat": "message"}
        what = f"{'send' if sent else 'receive'} {detail['bytes']} bytes"
        self._write(ph="X", name=what, dur=_MESSAGE_US, args=dict(detail), **place)
        if sent:
            self._write(ph="s", name="message", id=detail["message"], **place)
        else:
            self._write(ph="f", bp="e", name="message", id=detail["message"], **place)

    def _mark(self, group: int, track: int, name: str, at: float, detail: dict[str, Any], *, scope: str = "t") -> None:
        self._write(ph="i", name=name, pid=group, tid=track, ts=at, s=scope, args=detail)

    # --- groups and tracks -------------------------------------------------------------------------------------------

    def _group(self, process: int) -> int:
        if process == 0:
            self._name_group(HOST, "host")
            return HOST
        group = GUESTS + process
        self._name_group(group, self._label(process))
        return group

    def _track(self, process: int, track: int) -> tuple[int, int]:
        group = self._group(process)
        self._name_track(group, track, "turns" if track == _TURNS else "messages")
        return group, track

    def _label(self, process: int) -> str:
        return f"{self._programs.get(process, 'process')} {process}"

    def _name_group(self, group: int, name: str) -> None:
        if group not in self._named:
            self._named[group] = set()
            self._write(ph="M", name="process_name", pid=group, tid=0, args={"name": name})
            self._write(ph="M", name="process_sort_index", pid=group, tid=0, args={"sort_index": group})

    def _name_track(self, group: int, track: int, name: str) -> None:
        if track not in self._named[group]:
            self._named[group].add(track)
            self._write(ph="M", name="thread_name", pid=group, tid=track, args={"name": name})

    def _forget(self, process: int) -> None:
        """It has ended: its last record is written."""
        self._programs.pop(process, None)
        self._named.pop(GUESTS + process, None)
        self._free_from.pop(GUESTS + process, None)

    # --- writing -----------------------------------------------------------------------------------------------------

    def _microseconds(self, monotonic_ns: int) -> float:
        if self._start_ns is None:
            self._start_ns = monotonic_ns
        return max(0.0, (monotonic_ns - self._start_ns) / 1000)

    def _write(self, **event: Any) -> None:
        self._file.write(self._separator + json.dumps(event))
        self._separator = ",\n"
