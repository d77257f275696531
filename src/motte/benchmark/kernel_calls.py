"""What it costs to call the kernel, and to switch between processes."""

from __future__ import annotations

import time

from motte.benchmark.kernel_figures import Figure, Scale
from motte.benchmark.kernel_guests import Bench, bench, close_all
from motte.benchmark.kernel_peers import beam, linux
from motte.process import Process

CALLS_PER_BATCH = 1000
STRETCH_SECONDS = 0.01
STRETCH_SECONDS_EACH = 50e-6
LONGEST_SECONDS = 5.0
EVEN = 0.95
"""Processes that always switch to one another have called as often, up to so much."""


def calls(scale: Scale) -> list[Figure]:
    """The gate, and ``sched_yield`` among crowds of several sizes, on one worker."""
    host, other = linux(), beam()
    with bench(workers=1) as here:
        rate = here.ticks_per_ns()
        gate = shortest_batch_ns(here, scale.batches, CALLS_PER_BATCH, "getpid") * rate / CALLS_PER_BATCH
        figures = [
            Figure("guest → kernel call", gate, "cycles", 60, peers={"Linux getppid": host.get("call")}),
        ]
        switch = {"Linux": host.get("switch"), "BEAM": other["switch"] * rate if other else None}
        for index, crowd in enumerate(scale.crowds):
            cycles = _switch_cycles(here, rate, scale.windows, crowd)
            peers, goal = (switch, 200) if index == 0 else ({}, None)
            figures.append(
                Figure(
                    f"switch, {crowd:,} processes",
                    cycles,
                    "cycles",
                    goal,
                    peers=peers,
                    note="a yield each, on one worker",
                )
            )
    return figures


def shortest_batch_ns(here: Bench, batches: int, count: int, call: str) -> int:
    """Of so many calls in a row."""
    process = here.spawn("calls", batches, count, call, captured=True)
    (shortest,) = here.numbers(process)
    process.close()
    return shortest


def _switch_cycles(here: Bench, ticks_per_ns: float, windows: int, crowd: int) -> float:
    """Everybody yields for ever: how many yields there are in a stretch of time; the best of some stretches.

    Timing a batch of one process's yields would tell less: EEVDF shares time, not turns, so one that was delayed may
    then have several turns in a row, which are no switches.  In two processes of which each yields as often, they are.
    """
    processes = [here.spawn("calls", 0, 1_000_000, "yield") for _ in range(crowd)]
    stretch = max(STRETCH_SECONDS, crowd * STRETCH_SECONDS_EACH)
    even: list[float] = []
    uneven: list[float] = []
    then, before = time.perf_counter_ns(), _calls(processes)
    for _ in range(max(2, min(windows, int(LONGEST_SECONDS / stretch)))):
        time.sleep(stretch)
        now, after = time.perf_counter_ns(), _calls(processes)
        calls = [late - early for late, early in zip(after, before, strict=True)]
        (even if min(calls) > EVEN * max(calls) else uneven).append((now - then) / max(1, sum(calls)))
        then, before = now, after
    close_all(processes)
    return min(even or uneven) * ticks_per_ns


def _calls(processes: list[Process]) -> list[int]:
    return [process.statistics().system_calls for process in processes]
