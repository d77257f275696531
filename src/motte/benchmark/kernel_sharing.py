"""How fairly, and how promptly, processor time is shared; and what a second worker is worth."""

from __future__ import annotations

import time

from motte.benchmark.kernel_figures import Figure, Scale, median, median_interval, percentile
from motte.benchmark.kernel_guests import Bench, bench, close_all
from motte.meter import Meter

WEIGHTS = (100, 200, 300)
SLICE_NS = 1_000_000
READING_NS = 50_000
"""A sample whose reading took longer is no moment, and not counted."""

LAST_PART = 20
"""One part in so many of a trace."""

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
    """Three loops with weights 1:2:3 on one worker: the largest distance of anybody from its share, at any sample.

    Sampled several times a slice, since distances are largest at the ends of turns.
    """
    with bench(workers=1) as here:
        slice_ticks = here.ticks_per_ns() * SLICE_NS
        group = here.machine.meter.sub(slice="1ms")
        group.off()
        meters = [group.sub(weight=weight) for weight in WEIGHTS]
        loops = [here.spawn("spin", meter=meter) for meter in meters]
        group.on()
        samples = _never_falling(_sampled(meters, scale.trace_seconds))
        close_all(loops)
    errors = []
    for used in samples:
        total = sum(used)
        shares = (total * weight / sum(WEIGHTS) for weight in WEIGHTS)
        errors.append(max(abs(one - share) for one, share in zip(used, shares, strict=True)) / slice_ticks)
    note = f"median {median(errors):.2f}, 99 % up to {percentile(errors, 99):.2f}; {len(samples):,} samples"
    return [Figure("share error, weights 1:2:3", max(errors), "slices", 1.0, note=note)]


def _sampled(meters: list[Meter], seconds: float) -> list[list[int]]:
    samples = []
    end = time.monotonic_ns() + int(seconds * 1e9)
    while (begin := time.monotonic_ns()) < end:
        used = [meter.used_ticks for meter in meters]
        if time.monotonic_ns() - begin <= READING_NS:
            samples.append(used)
        time.sleep(0.0001)
    return samples


def _never_falling(samples: list[list[int]]) -> list[list[int]]:
    """What a turn under way has used is only an estimate while the host runs something else on that processor, and is
    corrected at its end.  Use never falls: so what is less later was less before.  The last samples only correct.
    """
    known = samples[-1]
    corrected = []
    for used in reversed(samples):
        known = [min(pair) for pair in zip(used, known, strict=True)]
        corrected.append(known)
    return corrected[: len(samples) // LAST_PART : -1]


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
