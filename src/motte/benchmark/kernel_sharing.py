"""How fairly, and how promptly, processor time is shared; and what a second worker is worth."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from motte.benchmark.kernel_figures import Figure, Scale, median, median_interval, percentile
from motte.benchmark.kernel_guests import Bench, bench, close_all
from motte.benchmark.measure import BenchmarkError
from motte.meter import Meter
from motte.trace import TraceKind, TraceRecord

WEIGHTS = (100, 200, 300)
SLICE_NS = 1_000_000
SPINNERS = 20
MANY_SPINNERS = 100
PERIOD_NS = 3_000_000
TICK_NS = 1_000_000
JOBS = 4


def two_workers(scale: Scale) -> list[Figure]:
    """Four independent loops on one worker, and on two, in turns.

    By the clock on the wall, which also counts what else the machine does; and by the accounts: CPU time with one
    worker, against half of what it is with two.
    """
    walls, accounts = [], []
    with bench(workers=1) as one, bench(workers=2) as two:
        for _ in range(scale.pairs):
            (wall_one, cpu_one), (wall_two, cpu_two) = _jobs(one, scale.spin_rounds), _jobs(two, scale.spin_rounds)
            walls.append(wall_one / wall_two)
            accounts.append(2 * cpu_one / cpu_two)
    return [
        Figure("two workers / one, wall", median(walls), "x", 1.9, True, median_interval(walls), samples=walls),
        Figure("two workers / one, accounted", median(accounts), "x", 1.9, True, median_interval(accounts)),
    ]


def _jobs(here: Bench, rounds: int) -> tuple[float, float]:
    """Seconds by the wall, and of CPU time."""
    here.program("spin")
    begin = time.perf_counter()
    processes = [here.spawn("spin", rounds) for _ in range(JOBS)]
    cpu = sum(here.finish(process).usage.cpu_time for process in processes)
    wall = time.perf_counter() - begin
    close_all(processes)
    return wall, cpu


def share_error(scale: Scale) -> list[Figure]:
    """Three loops with weights 1:2:3 on one worker: the largest distance of anybody from its share.

    By the scheduler's own trace, in the time that it charges: what the host took away in the middle of a turn is
    nobody's.  Looked at where turns end: in between, no distance is larger than at both ends.
    """
    with bench(workers=1) as here:
        slice_ticks = here.ticks_per_ns() * SLICE_NS
        group = here.machine.meter.sub(slice="1ms")
        group.off()
        loops = [here.spawn("spin", meter=group.sub(weight=weight)) for weight in WEIGHTS]
        with here.machine.trace() as trace:
            group.on()
            time.sleep(scale.trace_seconds)
            ends = [record for record in trace.take() if record.kind is TraceKind.TURN_ENDS]
            lost = trace.lost
        close_all(loops)
    if lost:
        raise BenchmarkError(f"the trace has lost {lost} records")
    errors = _distances(ends, {loop.identity: weight for loop, weight in zip(loops, WEIGHTS, strict=True)})
    errors = [distance / slice_ticks for distance in errors]
    longest = max(record.used_ticks for record in ends) / slice_ticks
    note = (
        f"median {median(errors):.2f}, 99 % up to {percentile(errors, 99):.2f}; {len(errors):,} turns, the longest of "
        f"{longest:.2f} slices"
    )
    return [Figure("share error, weights 1:2:3", max(errors), "slices", 1.0, note=note, samples=errors)]


def _distances(ends: Sequence[TraceRecord], weights: Mapping[int, int]) -> list[float]:
    """After each turn, the largest distance of what anybody has had from its share of what all have had; in ticks."""
    used = dict.fromkeys(weights, 0)
    distances = []
    for record in ends:
        used[record.process] += record.used_ticks
        total = sum(used.values())
        shares = {process: total * weight / sum(weights.values()) for process, weight in weights.items()}
        distances.append(max(abs(had - shares[process]) for process, had in used.items()))
    return distances


def wake_ups(scale: Scale) -> list[Figure]:
    """How late a sleeper is beside loops, on one worker: with the slice of everybody, and with one of a twentieth."""
    figures = []
    with bench(workers=1) as here:
        undisturbed = _late_us(here, here.machine.meter, scale.wake_ups, PERIOD_NS)
        alone = f"without loops {percentile(undisturbed, 99):.0f}"
        loops = [here.spawn("spin") for _ in range(SPINNERS)]
        for words, meter, goal in (
            ("slices of 50 µs", here.machine.meter.sub(slice="50us"), 2000.0),
            ("slices as everybody's", here.machine.meter.sub(), None),
        ):
            late = _late_us(here, meter, scale.wake_ups, PERIOD_NS)
            note = f"median {percentile(late, 50):.0f}, longest {max(late):.0f}; {alone}"
            name = f"wake-up beside {SPINNERS} loops, {words}, p99"
            figures.append(Figure(name, percentile(late, 99), "µs", goal, note=note, samples=late))
        loops += [here.spawn("spin") for _ in range(MANY_SPINNERS - SPINNERS)]
        late = _late_us(here, here.machine.meter.sub(slice="50us"), scale.wake_ups, TICK_NS, "steady")
        close_all(loops)
    whole = scale.wake_ups * TICK_NS / 1000
    note = f"median {percentile(late, 50):.0f} µs late"
    rate = 100 * whole / (whole + late[-1])
    return [*figures, Figure(f"1 ms ticker beside {MANY_SPINNERS} loops, of its rate", rate, "%", note=note)]


def _late_us(here: Bench, meter: Meter, count: int, period_ns: int, *mode: str) -> list[float]:
    process = here.spawn("wake_ups", count, period_ns, *mode, meter=meter, captured=True)
    late = here.numbers(process)
    process.close()
    return [nanoseconds / 1000 for nanoseconds in late]
