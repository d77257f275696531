"""What it costs to start a process that does nothing, and to see its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Generic, NamedTuple, TypeVar

from motte.benchmark.kernel_figures import Figure, Scale, median
from motte.benchmark.kernel_guests import bench
from motte.benchmark.kernel_peers import beam, linux, subprocess_ns, wasmtime_ns
from motte.core import Bank
from motte.core import Process as CoreProcess
from motte.process import Process

BURSTS = 5
PEER_STARTS = 50
WARM = 256
"""Windows of earlier processes that a program keeps."""

T = TypeVar("T", Process, CoreProcess)


class _Way(NamedTuple, Generic[T]):
    """One way to have processes of an empty program."""

    name: str
    start: Callable[[], T]
    wait: Callable[[T], object]
    goal: float
    note: str


def spawns(scale: Scale) -> list[Figure]:
    """One at a time and in bursts; by the core with everything prepared, and by ``Machine.spawn``."""
    host, other = linux(), beam()
    with bench(workers=1) as here:
        ticks_per_us = here.ticks_per_ns() * 1000
        peers = {
            "fork": host["fork"] / ticks_per_us if host else None,
            "posix_spawn": host["posix_spawn"] / ticks_per_us if host else None,
            "subprocess": subprocess_ns(min(PEER_STARTS, scale.spawns)) / 1000,
            "wasmtime": _microseconds(wasmtime_ns(scale.spawns)),
            "BEAM": _microseconds(other.get("spawn")),
        }
        in_burst = {"BEAM": _microseconds(other.get("burst"))}
        start = here.spawner_in_core("empty", Bank(None))
        by_core = _Way("core", start, lambda process: process.wait(None), 2.0, "called from Python: an upper bound")
        spawn = partial(here.machine.spawn, here.program("empty"), stdout=None, stderr=None, time=None)
        by_machine = _Way("Machine.spawn", spawn, lambda process: process.wait(), 10.0, "")
        return [
            _one_by_one(by_core, scale.spawns, peers),
            *(_burst(by_core, count, scale.spawns, in_burst) for count in scale.bursts),
            _one_by_one(by_machine, scale.spawns, peers),
            *(_burst(by_machine, count, scale.spawns, in_burst) for count in scale.bursts),
        ]


def _microseconds(nanoseconds: float | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / 1000


def _one_by_one(way: _Way[T], count: int, peers: Mapping[str, float | None]) -> Figure:
    clock = time.perf_counter_ns
    started, ended, closed = [], [], []
    for _ in range(count):
        begin = clock()
        process = way.start()
        running = clock()
        way.wait(process)
        over = clock()
        process.close()
        closed.append((clock() - over) / 1000)
        started.append((running - begin) / 1000)
        ended.append((over - running) / 1000)
    sums = [sum(times) for times in zip(started, ended, closed, strict=True)]
    parts = f"median {median(sums):.1f}; start {min(started):.1f}, wait {min(ended):.1f}, close {min(closed):.1f}"
    note = "; ".join(filter(None, (parts, way.note)))
    return Figure(f"spawn + exit, {way.name}", min(sums), "µs", way.goal, peers=peers, note=note, samples=sums)


def _burst(way: _Way[T], count: int, spawns: int, peers: Mapping[str, float | None]) -> Figure:
    """``count`` at once, then waiting for all of them; the time of one.

    Up to 256 windows wait for a next process: larger bursts are cold starts for the most part, and have no goal.
    """
    samples = []
    for _ in range(max(BURSTS, spawns // count)):
        begin = time.perf_counter_ns()
        processes = [way.start() for _ in range(count)]
        for process in processes:
            way.wait(process)
        for process in reversed(processes):
            process.close()
        samples.append((time.perf_counter_ns() - begin) / 1000 / count)
    name = f"spawn + exit, {way.name}, {count:,} at once"
    warm = count <= WARM
    note = f"median {median(samples):.1f}; {'warm' if warm else 'mostly cold'}"
    return Figure(name, min(samples), "µs", way.goal if warm else None, peers=peers, note=note, samples=samples)
