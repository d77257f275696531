"""How exactly limits on time are kept, and how soon Python hears of it."""

from __future__ import annotations

import struct
import time

from motte.abi.faults import StopReason
from motte.benchmark.kernel_figures import Figure, Scale, percentile
from motte.benchmark.kernel_guests import Bench, bench
from motte.benchmark.measure import BenchmarkError
from motte.process import Process

LIMIT_NS = 5_000_000


def budgets(scale: Scale) -> list[Figure]:
    """By how much a loop exceeds 5 ms, in microseconds: as the budget of its meter, and as its own limit."""
    with bench(workers=1) as here:
        rate = here.ticks_per_ns()
        of_meter = [_over_budget_ns(here, rate) / 1000 for _ in range(scale.limit_runs)]
        own = [_over_limit_ns(here) / 1000 for _ in range(scale.limit_runs)]
    return [_distribution("beyond a meter's budget of 5 ms", of_meter), _distribution("beyond a limit of 5 ms", own)]


def _distribution(name: str, samples: list[float], goal: float | None = None) -> Figure:
    note = f"median {percentile(samples, 50):.1f}, least {min(samples):.1f}, longest {max(samples):.1f}"
    return Figure(f"{name}, p99", percentile(samples, 99), "µs", goal, note=note, samples=samples)


def _over_budget_ns(here: Bench, ticks_per_ns: float) -> float:
    meter = here.machine.meter.sub(budget=LIMIT_NS / 1e9)
    process = here.spawn("spin", meter=meter)
    _expect_limit(process)
    process.close()
    return meter.used_ticks / ticks_per_ns - LIMIT_NS


def _over_limit_ns(here: Bench) -> float:
    process = _limited(here, "spin")
    _expect_limit(process)
    used = process.statistics().cpu_time
    process.close()
    return used * 1e9 - LIMIT_NS


def _limited(here: Bench, guest: str, *arguments: str) -> Process:
    return here.machine.spawn(here.program(guest), arguments, time=LIMIT_NS / 1e9, stderr=None)


def _expect_limit(process: Process) -> None:
    end = process.wait()
    if end.reason is not StopReason.CPU_LIMIT:
        raise BenchmarkError(f"{process.program.name} was not stopped by its limit: {end.message}")


def ends(scale: Scale) -> list[Figure]:
    """From the moment a process reaches its limit on CPU time, by its own clocks, until ``wait()`` has returned."""
    with bench(workers=1) as here:
        samples = [_until_seen_us(here) for _ in range(scale.limit_runs)]
    return [_distribution("time limit met until wait() returns", samples, 1000.0)]


def _until_seen_us(here: Bench) -> float:
    process = _limited(here, "last_moment", str(LIMIT_NS))
    _expect_limit(process)
    seen = time.monotonic_ns()
    used, moment = struct.unpack("<2q", process.memory.read(int(process.stdout) & 0xFFFF_FFFF, 16))
    process.close()
    latency_ns: int = seen - (moment + LIMIT_NS - used)
    return latency_ns / 1000
