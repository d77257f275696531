"""What meters ought to do, in the plainest words: no loans, no queues; a number for each thing, and loops over all."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(eq=False)
class ModelMeter:
    number: int
    parent: ModelMeter | None
    is_on: bool = True
    used: int = 0
    left: int | None = None
    #: Since it was last told dry, it has been refilled.
    may_be_told: bool = True

    @property
    def path(self) -> list[ModelMeter]:
        return [self, *(self.parent.path if self.parent else [])]

    @property
    def is_out(self) -> bool:
        return self.left is not None and self.left <= 0


@dataclass(eq=False)
class ModelProcess:
    number: int
    meter: ModelMeter
    left: int | None
    used: int = 0
    wants_to_run: bool = False
    runs: bool = False


@dataclass
class Model:
    meters: list[ModelMeter] = field(default_factory=list)
    processes: list[ModelProcess] = field(default_factory=list)

    def loans(self, meter: ModelMeter, loans: dict[ModelProcess, int]) -> int:
        return sum(credit for process, credit in loans.items() if meter in process.meter.path)

    def blocks(self, meter: ModelMeter, loans: dict[ModelProcess, int]) -> bool:
        if not meter.is_on:
            return True
        return meter.left is not None and meter.left - self.loans(meter, loans) <= 0

    def may_run(self, process: ModelProcess, loans: dict[ModelProcess, int]) -> bool:
        return (
            process.wants_to_run
            and not process.runs
            and not any(self.blocks(meter, loans) for meter in process.meter.path)
        )

    def someone_wants_to_run_in(self, meter: ModelMeter, loans: dict[ModelProcess, int]) -> bool:
        """Somebody below is stopped by this meter and by none below it."""
        return any(
            process.wants_to_run
            and not process.runs
            and meter in process.meter.path
            and not any(self.blocks(below, loans) for below in process.meter.path[: process.meter.path.index(meter)])
            for process in self.processes
        )

    def charge(self, process: ModelProcess, ticks: int) -> None:
        process.used += ticks
        if process.left is not None:
            process.left -= ticks
        for meter in process.meter.path:
            meter.used += ticks
            if meter.left is not None:
                meter.left -= ticks

    def dry(self, loans: dict[ModelProcess, int]) -> set[int]:
        """Who has to be told dry now."""
        return {
            meter.number
            for meter in self.meters
            if meter.may_be_told
            and meter.is_out
            and not self.loans(meter, loans)
            and self.someone_wants_to_run_in(meter, loans)
        }
