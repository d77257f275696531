"""Trace files: what Perfetto and chrome://tracing need of each event, and that nothing of the run is missing."""

from __future__ import annotations

import json
import tracemalloc
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import motte
from motte.abi.faults import StopReason
from motte.trace import TraceKind, TraceRecord
from motte.trace_file import BANKS, GUESTS, WORKERS, TraceFile

NEEDED = {
    "X": {"name", "pid", "tid", "ts", "dur"},
    "i": {"name", "pid", "tid", "ts", "s"},
    "C": {"name", "pid", "tid", "ts", "args"},
    "M": {"name", "pid", "tid", "args"},
    "s": {"name", "pid", "tid", "ts", "cat", "id"},
    "f": {"name", "pid", "tid", "ts", "cat", "id", "bp"},
}


def events_of(path: Path) -> list[dict[str, Any]]:
    """The events of a file that is as the format says: fields, tracks that are named, stretches that do not overlap."""
    content = json.loads(path.read_text())
    assert set(content) == {"displayTimeUnit", "traceEvents", "otherData"}
    events: list[dict[str, Any]] = content["traceEvents"]
    stretches = defaultdict(list)
    for event in events:
        assert NEEDED[event["ph"]] <= set(event), event
        assert isinstance(event["pid"], int)
        assert isinstance(event["tid"], int)
        assert event.get("ts", 0) >= 0
        if event["ph"] == "X":
            assert event["dur"] >= 0
            stretches[event["pid"], event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
        if event["ph"] == "C":
            assert all(isinstance(value, int) for value in event["args"].values())
    for track in stretches.values():
        ordered = sorted(track)
        assert all(end <= start + 0.002 for (_, end), (start, _) in pairwise(ordered))
    groups = {event["pid"] for event in events if event["ph"] == "M" and event["name"] == "process_name"}
    assert {event["pid"] for event in events if event["ph"] != "M"} <= groups
    sent = [event["id"] for event in events if event["ph"] == "s"]
    assert len(sent) == len(set(sent))
    assert {event["id"] for event in events if event["ph"] == "f"} <= set(sent)
    return events


def test_a_run_is_a_file_with_turns_on_workers_and_processes(
    machine: motte.Machine, programs: Path, tmp_path: Path
) -> None:
    path = tmp_path / "trace.json"
    program = machine.load(programs / "loop.c")
    with machine.record(path) as recording:
        processes = [machine.spawn(program, time="30ms") for _ in range(3)]
        for process in processes:
            process.wait(20)
    recording.close()
    events = events_of(path)
    for process in processes:
        group = GUESTS + process.identity
        (name,) = {e["args"]["name"] for e in events if e["pid"] == group and e["name"] == "process_name"}
        assert name == f"loop.c {process.identity}"
        turns = [e for e in events if e["pid"] == group and e["ph"] == "X" and e["name"] == "turn"]
        assert 0.02 < sum(turn["dur"] for turn in turns) / 1e6 < 20
        marks = [e["name"] for e in events if e["pid"] == group and e["ph"] == "i"]
        assert marks[-2:] == ["limit cpu_time", "exited cpu_limit"]
        assert any(e["name"] == "memory" and e["args"]["bytes"] > 0 for e in events if e["pid"] == group)
        process.close()
    on_workers = [e for e in events if e["pid"] == WORKERS and e["ph"] == "X"]
    assert len(on_workers) == len([e for e in events if e["ph"] == "X" and e["name"] == "turn"])
    assert any(e["ph"] == "C" and e["pid"] == BANKS and e["name"].startswith("machine (") for e in events)


def test_a_trace_is_written_at_once_too(machine: motte.Machine, status: motte.Program, tmp_path: Path) -> None:
    with machine.trace() as trace:
        with machine.spawn(status) as process:
            process.wait(20)
        assert trace.write(tmp_path / "trace.json") >= 5
        assert trace.take() == []
    marks = [e["name"] for e in events_of(tmp_path / "trace.json") if e["ph"] == "i"]
    assert marks == ["spawned", "ready", "exited exited"]


def test_messages_are_arrows(machine: motte.Machine, tmp_path: Path) -> None:
    sender, receiver = machine.channel()
    with machine.record(tmp_path / "trace.json"):
        for _ in range(5):
            sender.send(b"hello")
        for _ in range(5):
            receiver.receive()
    events = events_of(tmp_path / "trace.json")
    assert [e["ph"] for e in events if e.get("cat") == "message" and e["ph"] != "X"] == ["s"] * 5 + ["f"] * 5
    sender.close()
    receiver.close()


def record(number: int, kind: TraceKind, process: int, at_us: float, **fields: Any) -> TraceRecord:
    used = {"used_ticks": 0, "thread": None, **fields}
    return TraceRecord(number, kind, process, round(at_us * 1000), **used)


def test_a_loan_is_two_stretches_and_a_gap_is_marked(tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    with TraceFile(path) as file:
        file.add(
            [
                record(0, TraceKind.TURN_ENDS, 9, 0, thread=5),  # began before the first record
                record(1, TraceKind.TURN_BEGINS, 1, 10, thread=5, program="client.c"),
                record(2, TraceKind.LENT, 2, 15, thread=5, subject=1),
                record(3, TraceKind.LENT, 1, 18, thread=5, subject=2),
                record(7, TraceKind.TURN_ENDS, 1, 20, thread=5, subject=3),
            ]
        )
        file.note_lost(3)
    events = events_of(path)
    on_worker = [(e["name"], e["ts"], e["dur"]) for e in events if e["pid"] == WORKERS and e["ph"] == "X"]
    assert on_worker == [("client.c 1", 10, 5), ("process 2", 15, 3), ("client.c 1", 18, 2)]
    assert [e["name"] for e in events if e["ph"] == "i"] == ["3 records lost"]
    assert json.loads(path.read_text())["otherData"] == {"records_lost": 3}
    counters = [e["args"]["bytes"] for e in events if e["ph"] == "C" and e["pid"] == GUESTS + 1]
    assert counters == [3 * 4096]


def life_of(process: int) -> Iterator[TraceRecord]:
    """All that is told of a process that runs once, sends once, and ends."""
    kinds = (TraceKind.SPAWNED, TraceKind.TURN_BEGINS, TraceKind.SENT, TraceKind.TURN_ENDS, TraceKind.EXITED)
    for step, kind in enumerate(kinds):
        number = len(kinds) * process + step
        value = StopReason.EXITED << 32 if kind is TraceKind.EXITED else 0
        yield TraceRecord(number, kind, process, 1000 * number, 0, 1, "short.c", value, process)


def test_a_file_of_very_many_processes_keeps_nothing_of_those_that_have_ended(tmp_path: Path) -> None:
    with TraceFile(tmp_path / "trace.json") as file:
        tracemalloc.start()
        try:
            for process in range(100):
                file.add(life_of(process + 1))
            before, _ = tracemalloc.get_traced_memory()
            for process in range(100, 1100):
                file.add(life_of(process + 1))
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert after - before < 50_000
    events = events_of(tmp_path / "trace.json")
    assert len([event for event in events if event["ph"] == "M" and event["name"] == "process_name"]) == 1100 + 2
