"""What it costs to call the kernel, and to switch between processes."""

from __future__ import annotations

from motte.benchmark.kernel_figures import Figure, Scale
from motte.benchmark.kernel_guests import Bench, bench, close_all
from motte.benchmark.kernel_peers import beam, linux

CALLS_PER_BATCH = 1000
SWITCHES_PER_BATCH = 2000


def calls(scale: Scale) -> list[Figure]:
    """The gate, and ``sched_yield`` among crowds of several sizes, on one worker."""
    host, other = linux(), beam()
    with bench(workers=1) as here:
        rate = here.ticks_per_ns()
        gate = _shortest_batch(here, scale.batches, CALLS_PER_BATCH, "getpid") * rate / CALLS_PER_BATCH
        figures = [
            Figure("guest → kernel call", gate, "cycles", 60, peers={"Linux getppid": host.get("call")}),
        ]
        switch = {"Linux": host.get("switch"), "BEAM": other["switch"] * rate if other else None}
        for index, crowd in enumerate(scale.crowds):
            cycles = _switch_ns(here, scale.batches, crowd) * rate
            peers, goal = (switch, 200) if index == 0 else ({}, None)
            figures.append(Figure(f"switch, {crowd:,} processes", cycles, "cycles", goal, peers=peers, note="a yield"))
    return figures


def _shortest_batch(here: Bench, batches: int, count: int, call: str) -> int:
    process = here.spawn("calls", batches, count, call, captured=True)
    (shortest,) = here.numbers(process)
    process.close()
    return shortest


def _switch_ns(here: Bench, batches: int, crowd: int) -> float:
    """Everybody yields, one of them with a clock in its hand: as many switches as there are processes pass in between.

    EEVDF never prefers whoever has just run to others that are as entitled, so each yield is a switch.
    """
    rounds = max(1, SWITCHES_PER_BATCH // crowd)
    batches = max(3, min(batches, 20_000_000 // (rounds * crowd * 10)))
    others = [here.spawn("calls", 0, 1_000_000, "yield") for _ in range(crowd - 1)]
    shortest = _shortest_batch(here, batches, rounds, "yield")
    close_all(others)
    return shortest / (rounds * crowd)
