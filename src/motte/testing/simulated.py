"""The things in a simulation: meters, processes, and what is recorded of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from motte.testing.behaviour import Act

if TYPE_CHECKING:
    from motte.testing.meters import MeterSimulator


class Stretch(NamedTuple):
    """One process ran on one worker from ``start`` to ``end``, in ticks."""

    start: int
    end: int
    process: SimulatedProcess
    worker: int


class SimulatedMeter:
    """A meter in a simulator's tree; make them with :meth:`sub`."""

    def __init__(self, simulator: MeterSimulator, number: int, name: str, parent: SimulatedMeter | None) -> None:
        """Called by the simulator, and by :meth:`sub`."""
        self.number = number
        self.name = name
        self.parent = parent
        self._simulator = simulator
        self._core = simulator.core

    def sub(
        self,
        *,
        weight: int | None = None,
        slice_ticks: int | None = None,
        budget: int | None = None,
        rate: tuple[int, int] | None = None,
        name: str = "",
    ) -> SimulatedMeter:
        """A meter below this one; ``rate`` is (ticks, period).  Raises ``LimitReached`` beyond 20 levels."""
        number = self._core.add_meter(self.number)
        meter = SimulatedMeter(self._simulator, number, name or f"meter {number}", self)
        self._simulator.meters[number] = meter
        if weight is not None:
            meter.set_weight(weight)
        if slice_ticks is not None:
            meter.set_slice(slice_ticks)
        if budget is not None:
            meter.set_budget(budget)
        if rate is not None:
            meter.set_rate(*rate)
        return meter

    def set_weight(self, weight: int) -> None:
        """Its share among its siblings is its weight, 1 to 10000, of the sum of theirs."""
        self._core.set_weight(self.number, weight, self._simulator.now)

    def set_slice(self, ticks: int) -> None:
        """How long one below it runs while others wait."""
        self._core.set_slice(self.number, ticks)

    def set_budget(self, ticks: int | None) -> None:
        """A total from now on."""
        self._core.set_budget(self.number, ticks, self._simulator.now)

    def refill(self, ticks: int) -> None:
        """More of the total."""
        self._core.refill(self.number, ticks, self._simulator.now)

    def set_rate(self, ticks: int, period: int) -> None:
        """At most ``ticks`` in any window of ``period``; a period of 0 removes the rate."""
        self._core.set_rate(self.number, ticks, period, self._simulator.now)

    def set_on(self, on: bool) -> None:
        """Off: nobody below it runs from now on."""
        self._core.set_on(self.number, on, self._simulator.now)
        if not on:
            self._simulator.interrupt_all_below(self)

    @property
    def used(self) -> int:
        """Ticks, in all."""
        return self._core.look_at_meter(self.number)[0]

    @property
    def left(self) -> int | None:
        """Ticks of the total that are neither used nor lent, or None."""
        return self._core.look_at_meter(self.number)[1]

    @property
    def rate_left(self) -> int | None:
        """The same of the rate."""
        return self._core.look_at_meter(self.number)[2]

    @property
    def is_dry(self) -> bool:
        """The total is used up, and nothing of it is lent."""
        return self._core.look_at_meter(self.number)[3]

    def __repr__(self) -> str:
        """For failing tests."""
        return f"<{self.name}>"


@dataclass(eq=False)
class SimulatedProcess:
    """One that runs; make it with :meth:`MeterSimulator.process`."""

    number: int
    meter: SimulatedMeter
    name: str
    acts: Iterator[Act]
    #: Ticks used, in all.
    used: int = 0
    #: What is left of the act under way; None: it never ends.
    remaining: int | None = 0
    #: It has performed its last act, or used up its own budget.
    is_over: bool = False
    #: For each time it woke up, how long it waited until it ran.
    delays: list[int] = field(default_factory=list)
    woken: int | None = None

    @property
    def wants_to_run(self) -> bool:
        """Rather than to sleep, or nothing any more."""
        return self.remaining != 0

    def __repr__(self) -> str:
        """For failing tests."""
        return f"<{self.name}>"
