"""What it costs a program that others get their turns: one preemption, and whole programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from motte.benchmark.kernel_figures import Figure, Scale, median, median_interval
from motte.benchmark.kernel_guests import Bench, bench, close_all
from motte.benchmark.kernel_peers import linux
from motte.benchmark.measure import geometric_mean
from motte.benchmark.programs import KERNELS, REAL_PROGRAMS
from motte.build_options import BuildOptions
from motte.program import Program

SLICES = ("1ms", "50us")


def preemption_cost(scale: Scale) -> list[Figure]:
    """What a process is charged for one preemption: two loops that take turns, against one of them alone."""
    figures = []
    timer_ns = linux().get("timer_ns")
    peers = {"Linux timer signal": None if timer_ns is None else timer_ns / 1000}
    with bench(workers=1) as here:
        for length in SLICES:
            samples = [1e6 * _cost_of_one(here, length, scale.spin_rounds) for _ in range(scale.pairs)]
            figures.append(
                Figure(
                    f"one preemption, slices of {length}",
                    median(samples),
                    "µs",
                    interval=median_interval(samples),
                    peers=peers,
                    note="as accounted: interrupt, two switches, cold caches",
                    samples=samples,
                )
            )
    return figures


def _cost_of_one(here: Bench, length: str, rounds: int) -> float:
    """Seconds of CPU time."""
    alone = here.spawn("spin", rounds)
    alone_seconds = here.finish(alone).usage.cpu_time
    alone.close()
    meter = here.machine.meter.sub(slice=length)
    pair = [here.spawn("spin", rounds, meter=meter) for _ in range(2)]
    usages = [here.finish(process).usage for process in pair]
    close_all(pair)
    preemptions = sum(usage.preemptions for usage in usages)
    more = sum(usage.cpu_time for usage in usages) - 2 * alone_seconds
    return more / max(1, preemptions)


@dataclass(frozen=True, slots=True)
class _Pair:
    alone: float
    beside: float

    @property
    def ratio(self) -> float:
        return self.beside / self.alone


def preempted_programs(scale: Scale) -> list[Figure]:
    """CPU time of programs of ``motte bench code`` that are preempted every millisecond, against the same alone.

    The two alternate.  Of each program the median of its ratios; of all of them the median, over the
    rounds, of the geometric mean.
    """
    chosen = KERNELS[: scale.kernels] + (REAL_PROGRAMS if scale.real_programs else ())
    with bench(workers=1) as here:
        programs = []
        for chosen_one in chosen:
            options = BuildOptions(include=chosen_one.include_directories(), define=chosen_one.defines)
            programs.append((here.machine.load(chosen_one.source_files(), options), chosen_one.repetitions))
        rounds = [[_pair(here, program, count) for program, count in programs] for _ in range(scale.pairs)]
    figures = []
    for index, chosen_one in enumerate(chosen):
        figures.append(_ratio_of(chosen_one.name, [turn[index].ratio for turn in rounds], None))
    means = [geometric_mean([pair.ratio for pair in turn]) for turn in rounds]
    return [_ratio_of("geometric mean", means, 1.01), *figures]


def _ratio_of(name: str, ratios: Sequence[float], goal: float | None) -> Figure:
    value, interval = median(ratios), median_interval(ratios)
    return Figure(f"preempted / alone, {name}", value, "", goal, interval=interval, samples=ratios)


def _pair(here: Bench, program: Program, repetitions: int) -> _Pair:
    return _Pair(_cpu_seconds(here, program, repetitions), _beside_a_loop(here, program, repetitions))


def _beside_a_loop(here: Bench, program: Program, repetitions: int) -> float:
    loop = here.spawn("spin")
    seconds = _cpu_seconds(here, program, repetitions)
    loop.close()
    return seconds


def _cpu_seconds(here: Bench, program: Program, repetitions: int) -> float:
    process = here.spawn_program(program, repetitions)
    end = here.finish(process)
    process.close()
    return end.usage.cpu_time
