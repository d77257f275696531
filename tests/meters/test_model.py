"""The tree under any sequence of calls, against the model."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from meters.model import Model, ModelMeter, ModelProcess
from motte.core import MeterSimulation

SLICE = 100
TICKS = st.integers(0, 3 * SLICE) | st.integers(0, 50 * SLICE)


class Meters(RuleBasedStateMachine):
    @initialize(workers=st.integers(1, 3))
    def begin(self, workers: int) -> None:
        self.workers = workers
        self.core = MeterSimulation(workers)
        self.core.set_slice(0, SLICE)
        self.model = Model([ModelMeter(0, None)])
        self.now = 0
        self.loans: dict[ModelProcess, int] = {}
        for parent in (0, 0, 1):
            above = self.model.meters[parent]
            self.model.meters.append(ModelMeter(self.core.add_meter(parent), above))
        for meter in (1, 2, 3, 3):
            above = self.model.meters[meter]
            process = ModelProcess(self.core.attach(meter, None), above, None)
            self.model.processes.append(process)
            self.wake_one(process)

    @property
    def running(self) -> list[ModelProcess]:
        return [process for process in self.model.processes if process.runs]

    def a_meter(self, data: st.DataObject) -> ModelMeter:
        return data.draw(st.sampled_from(self.model.meters), label="meter")

    @rule(data=st.data())
    def add_meter(self, data: st.DataObject) -> None:
        parent = self.a_meter(data)
        if len(parent.path) <= 20 and len(self.model.meters) < 12:
            self.model.meters.append(ModelMeter(self.core.add_meter(parent.number), parent))

    @rule(data=st.data(), budget=st.none() | TICKS, wakes=st.booleans())
    def add_process(self, data: st.DataObject, budget: int | None, wakes: bool) -> None:
        meter = self.a_meter(data)
        process = ModelProcess(self.core.attach(meter.number, budget), meter, budget)
        self.model.processes.append(process)
        if wakes:
            self.wake_one(process)

    def wake_one(self, process: ModelProcess) -> None:
        has_budget = process.left is None or process.left > 0
        woken = self.core.wake(process.number, self.now)
        if not process.runs and not process.wants_to_run:
            assert woken == has_budget
            process.wants_to_run = has_budget

    @precondition(lambda self: self.model.processes)
    @rule(data=st.data())
    def wake(self, data: st.DataObject) -> None:
        self.wake_one(data.draw(st.sampled_from(self.model.processes)))

    @precondition(lambda self: self.model.processes)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        process = data.draw(st.sampled_from(self.model.processes))
        self.core.cancel(process.number, self.now)
        if not process.runs:
            process.wants_to_run = False

    @precondition(lambda self: any(not process.runs for process in self.model.processes))
    @rule(data=st.data())
    def detach(self, data: st.DataObject) -> None:
        process = data.draw(st.sampled_from([process for process in self.model.processes if not process.runs]))
        self.core.detach(process.number, self.now)
        self.model.processes.remove(process)

    @rule(data=st.data(), ticks=TICKS)
    def refill_process(self, data: st.DataObject, ticks: int) -> None:
        for process in self.model.processes[:1]:
            self.core.refill_runnable(process.number, ticks)
            if process.left is not None:
                process.left += ticks

    @rule(data=st.data(), ticks=st.none() | TICKS)
    def set_budget(self, data: st.DataObject, ticks: int | None) -> None:
        meter = self.a_meter(data)
        self.core.set_budget(meter.number, ticks, self.now)
        meter.left = ticks
        meter.may_be_told |= not meter.is_out

    @rule(data=st.data(), ticks=TICKS)
    def refill(self, data: st.DataObject, ticks: int) -> None:
        meter = self.a_meter(data)
        self.core.refill(meter.number, ticks, self.now)
        if meter.left is not None:
            meter.left += ticks
        meter.may_be_told |= not meter.is_out

    @rule(data=st.data(), on=st.booleans())
    def switch(self, data: st.DataObject, on: bool) -> None:
        meter = self.a_meter(data)
        self.core.set_on(meter.number, on, self.now)
        meter.is_on = on

    @rule(data=st.data(), weight=st.integers(1, 10000), slice_ticks=st.integers(SLICE, 1000))
    def reshape(self, data: st.DataObject, weight: int, slice_ticks: int) -> None:
        meter = self.a_meter(data)
        self.core.set_weight(meter.number, weight, self.now)
        if meter.number:
            self.core.set_slice(meter.number, slice_ticks)

    def least_credit(self, process: ModelProcess) -> int | None:
        """What each finite counter on its path lends, as things are before."""
        offers = [] if process.left is None else [process.left]
        for meter in process.meter.path:
            if meter.left is not None:
                left = meter.left - self.model.loans(meter, self.loans)
                offers.append(left if self.workers == 1 else max(left // self.workers, min(left, SLICE)))
        return min(offers, default=None)

    @precondition(lambda self: len(self.running) < self.workers)
    @rule()
    def pick(self) -> None:
        picked = self.core.pick(self.now)
        candidates = [process for process in self.model.processes if self.model.may_run(process, self.loans)]
        if picked is None:
            assert not candidates
            return
        process = next(process for process in self.model.processes if process.number == picked[0])
        assert process in candidates
        assert picked[1:] == (self.least_credit(process), SLICE)
        self.begin_stretch(process, picked[1])

    def begin_stretch(self, process: ModelProcess, credit: int | None) -> None:
        process.runs = True
        self.loans[process] = credit or 0

    def end_stretch(self, process: ModelProcess, data: st.DataObject) -> int:
        credit = self.loans.pop(process) or 1000
        used = data.draw(st.integers(0, credit) | st.just(credit) | st.integers(0, credit + 50), label="used")
        self.now += used
        process.runs = False
        self.model.charge(process, used)
        process.wants_to_run = process.left is None or process.left > 0
        return used

    @precondition(lambda self: self.running)
    @rule(data=st.data(), ready=st.sampled_from([True, True, False]))
    def stop(self, data: st.DataObject, ready: bool) -> None:
        process = data.draw(st.sampled_from(self.running))
        used = self.end_stretch(process, data)
        has_budget = process.wants_to_run
        process.wants_to_run &= ready
        assert self.core.stop(process.number, self.now, used, ready) == has_budget

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def extend(self, data: st.DataObject) -> None:
        process = data.draw(st.sampled_from(self.running))
        used = self.end_stretch(process, data)
        may_go_on = self.model.may_run(process, self.loans)
        credit = self.least_credit(process)
        renewed = self.core.extend(process.number, self.now, used)
        assert renewed == ((credit, SLICE) if may_go_on else None)
        if may_go_on:
            self.begin_stretch(process, credit)

    @invariant()
    def the_counters_agree(self) -> None:
        for meter in self.model.meters:
            lent = self.model.loans(meter, self.loans)
            left = None if meter.left is None else max(0, meter.left - lent)
            used_here, left_here, _, is_dry, is_on = self.core.look_at_meter(meter.number)
            assert (used_here, left_here, is_on) == (meter.used, left, meter.is_on)
            assert is_dry == (meter.is_out and not lent)
        for process in self.model.processes:
            left = None if process.left is None else max(0, process.left)
            wants = process.wants_to_run and not process.runs
            assert self.core.look_at_runnable(process.number) == (process.used, left, wants)

    @invariant()
    def the_same_may_run(self) -> None:
        waits = any(self.model.may_run(process, self.loans) for process in self.model.processes)
        assert self.core.anyone_waits() == waits

    @invariant()
    def each_dry_meter_is_told_once(self) -> None:
        told = set()
        while (number := self.core.next_dry()) is not None:
            assert number not in told
            told.add(number)
        assert told == self.model.dry(self.loans)
        for number in told:
            self.model.meters[number].may_be_told = False


TestMeters = Meters.TestCase
TestMeters.settings = settings(
    max_examples=150,
    stateful_step_count=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
