"""What ``motte bench kernel`` measures, as values: figures with goals and peers, and how much work is put into each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured quantity."""

    name: str
    value: float
    unit: str
    """``cycles`` are ticks of the time-stamp counter, whatever the processor's frequency is at the moment."""

    goal: float | None = None
    at_least: bool = False
    """Whether the goal is a lower bound; otherwise an upper one."""

    interval: tuple[float, float] | None = None
    """In which the value lies with 95 % confidence, where it is a median.  A goal is met if the interval reaches it."""

    peers: Mapping[str, float | None] = field(default_factory=dict)
    """The same of others, in the same unit and run; ``None``: it is not installed here."""

    note: str = ""
    samples: Sequence[float] = ()

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; ``None`` without one."""
        if self.goal is None:
            return None
        low, high = self.interval or (self.value, self.value)
        return high >= self.goal if self.at_least else low <= self.goal


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured."""

    batches: int = 1000
    """Of kernel calls; the shortest counts."""

    windows: int = 50
    """Stretches of time in which switches are counted; the best counts."""

    crowds: tuple[int, ...] = (2, 100, 10_000)
    """Numbers of processes that switch to one another."""

    spawns: int = 2000
    requests: int = 5000
    bursts: tuple[int, ...] = (100, 1000)
    idle: tuple[int, ...] = (1000, 10_000)
    processes: int = 10_000
    pairs: int = 15
    spin_rounds: int = 100_000_000
    """Of ``spin.c``: about 0.2 s."""

    kernels: int | None = None
    """How many programs of ``motte bench code`` are preempted; ``None``: all."""

    real_programs: bool = False
    trace_seconds: float = 2.0
    limit_runs: int = 200
    ring: int = 1000
    hops: int = 1_000_000
    fan_in: int = 1000
    messages_each: int = 10_000
    wake_ups: int = 500


FULL: Final = Scale()
QUICK: Final = Scale(
    batches=5,
    windows=2,
    crowds=(2, 10),
    spawns=10,
    requests=10,
    bursts=(20,),
    idle=(50,),
    processes=50,
    pairs=2,
    spin_rounds=2_000_000,
    kernels=1,
    trace_seconds=0.05,
    limit_runs=3,
    ring=3,
    hops=100,
    fan_in=3,
    messages_each=20,
    wake_ups=5,
)


def median(values: Sequence[float]) -> float:
    """The middle one, or the mean of the two in the middle.

    >>> median([3.0, 1.0, 2.0])
    2.0
    """
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that ``percent`` of all do not exceed.

    >>> percentile([1.0, 2.0, 3.0, 4.0], 50)
    2.0
    """
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def median_interval(values: Sequence[float]) -> tuple[float, float]:
    """In which the true median lies with 95 % confidence, whatever the distribution: by the order of the values.

    Fewer than six values cannot say, and give all that there is.

    >>> median_interval([float(n) for n in range(15)])
    (3.0, 11.0)
    """
    ordered, count = sorted(values), len(values)
    below, rank = 0.5**count, 0
    while below + math.comb(count, rank + 1) * 0.5**count <= 0.025:
        rank += 1
        below += math.comb(count, rank) * 0.5**count
    if below > 0.025:
        return ordered[0], ordered[-1]
    return ordered[rank], ordered[-1 - rank]
