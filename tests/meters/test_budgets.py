"""Hard budgets: exact sums, credit, debts, the dry and their refills."""

from __future__ import annotations

import random

import pytest

from motte.core import MeterSimulation
from motte.errors import BadState, LimitReached
from motte.testing import MeterSimulator, Run, SimulatedMeter, SimulatedProcess, Sleep, repeat, spin

SLICE = 1000


@pytest.mark.parametrize("workers", [1, 2])
def test_what_children_use_is_what_their_parent_uses(workers: int) -> None:
    chance = random.Random(7)
    simulator = MeterSimulator(workers=workers, slice_ticks=SLICE, latency_ticks=13)
    meters = [simulator.root]
    for _ in range(30):
        meters.append(chance.choice(meters).sub(weight=chance.randint(1, 500)))
    for _ in range(60):
        acts = repeat(Run(chance.randint(1, 3 * SLICE)), Sleep(chance.randint(1, 9 * SLICE)))
        simulator.process(chance.choice(meters), acts, budget=chance.choice([None, chance.randint(1, 9 * SLICE)]))
    for _ in range(50):
        simulator.run(777)
        for meter in meters:
            below = sum(child.used for child in meters if child.parent is meter)
            below += sum(process.used for process in simulator.processes if process.meter is meter)
            assert meter.used == below
    assert simulator.root.used > 30_000


@pytest.mark.parametrize("limited", range(5))
def test_the_most_constraining_ancestor_decides(limited: int) -> None:
    simulator = MeterSimulator(slice_ticks=SLICE)
    path = [simulator.root]
    for _ in range(4):
        path.append(path[-1].sub())
    for index, meter in enumerate(path):
        meter.set_budget(3333 if index == limited else 10_000 + index)
    process = simulator.process(path[-1], spin())
    simulator.run(50 * SLICE)
    assert process.used == 3333
    assert [meter.is_dry for meter in path] == [index == limited for index in range(5)]


@pytest.mark.parametrize("latency", [0, 40])
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_many_under_one_budget_use_all_of_it_and_no_more_than_a_latency_for_each_worker(
    workers: int, latency: int
) -> None:
    simulator = MeterSimulator(workers=workers, slice_ticks=SLICE, latency_ticks=latency)
    meter = simulator.root.sub(budget=20 * SLICE + 17)
    for _ in range(5):
        simulator.process(meter, spin())
    simulator.run(100 * SLICE)
    assert 20 * SLICE + 17 <= meter.used <= 20 * SLICE + 17 + workers * latency
    assert meter.is_dry


def test_no_worker_takes_the_whole_budget_while_others_could_use_it() -> None:
    core = MeterSimulation(2)
    core.set_slice(0, SLICE)
    core.set_budget(0, 10 * SLICE, 0)
    for number in (core.attach(0, None), core.attach(0, None)):
        core.wake(number, 0)
    assert core.pick(0) == (0, 5 * SLICE, SLICE)
    assert core.pick(0) == (1, 5 * SLICE // 2, SLICE)
    assert core.look_at_meter(0)[1] == 10 * SLICE - 5 * SLICE - 5 * SLICE // 2


def test_a_little_budget_is_lent_whole() -> None:
    core = MeterSimulation(2)
    core.set_slice(0, SLICE)
    core.set_budget(0, SLICE + 1, 0)
    for number in (core.attach(0, None), core.attach(0, None)):
        core.wake(number, 0)
    assert core.pick(0) == (0, SLICE, SLICE)
    assert core.pick(0) == (1, 1, SLICE)
    assert core.look_at_meter(0) == (0, 0, None, False, True), "all is lent: nothing left, but not dry"
    assert core.next_dry() is None
    core.stop(0, 10, 10, False)
    assert core.look_at_meter(0) == (10, SLICE - 10, None, False, True)


def test_an_overshoot_is_a_debt_that_the_next_refill_pays_first() -> None:
    core = MeterSimulation()
    core.set_budget(0, 100, 0)
    core.wake(core.attach(0, None), 0)
    assert core.pick(0) is not None
    core.stop(0, 130, 130, True)
    assert core.look_at_meter(0) == (130, 0, None, True, True), "never below zero as seen from outside"
    core.refill(0, 30, 130)
    assert core.look_at_meter(0)[1:4] == (0, None, True)
    assert core.pick(130) is None
    core.refill(0, 5, 130)
    assert core.pick(130) == (0, 5, 1_000_000)


def test_a_meter_becomes_dry_once_and_a_refill_continues_it() -> None:
    told: list[tuple[int, SimulatedMeter]] = []
    simulator = MeterSimulator(slice_ticks=SLICE, on_dry=lambda meter: told.append((simulator.now, meter)))
    meter = simulator.root.sub(budget=5 * SLICE)
    process = simulator.process(meter, spin())
    neighbour = simulator.process(simulator.root.sub(), spin())
    simulator.run(100 * SLICE)
    assert process.used == 5 * SLICE
    assert neighbour.used == 95 * SLICE, "what is parked costs nobody anything"
    assert [where for _, where in told] == [meter]
    meter.refill(3 * SLICE)
    simulator.run(100 * SLICE)
    assert process.used == 8 * SLICE
    assert [where for _, where in told] == [meter, meter]


def test_a_budget_that_nobody_asks_for_any_more_is_not_told() -> None:
    told: list[SimulatedMeter] = []
    simulator = MeterSimulator(on_dry=told.append)
    meter = simulator.root.sub(budget=500)
    simulator.process(meter, [Run(500)])
    simulator.run(10 * SLICE)
    assert meter.is_dry
    assert told == []
    simulator.process(meter, [Run(1)])
    simulator.run(1)
    assert told == [meter]


def test_thousands_below_a_dry_meter_go_on_after_its_refill() -> None:
    simulator = MeterSimulator(slice_ticks=SLICE)
    meter = simulator.root.sub(budget=SLICE)
    processes = [simulator.process(meter.sub(), [Run(10)]) for _ in range(3000)]
    simulator.run(50 * SLICE)
    assert meter.used == SLICE
    meter.set_budget(None)
    simulator.run(50 * SLICE)
    assert all(process.used == 10 and process.is_over for process in processes)


def test_a_process_with_a_budget_of_its_own_ends_at_it() -> None:
    simulator = MeterSimulator(slice_ticks=SLICE)
    short, long = (simulator.process(simulator.root, spin(), budget=budget) for budget in (1234, 50 * SLICE))
    simulator.run(100 * SLICE)
    assert (short.used, long.used) == (1234, 50 * SLICE)
    assert short.is_over
    assert long.is_over


def test_off_stops_what_is_below_and_on_resumes_it_where_it_was() -> None:
    simulator = MeterSimulator(slice_ticks=SLICE)
    meter = simulator.root.sub()
    process: SimulatedProcess = simulator.process(meter.sub(), [Run(10 * SLICE)])
    neighbour = simulator.process(simulator.root.sub(), spin())
    simulator.run(4 * SLICE + 300)
    used = process.used
    meter.set_on(False)
    simulator.run(20 * SLICE)
    assert process.used == used
    assert neighbour.used == 24 * SLICE + 300 - used
    meter.set_on(True)
    simulator.run(20 * SLICE)
    assert process.used == 10 * SLICE
    assert process.is_over


def test_a_limit_may_be_set_while_somebody_runs_and_counts_from_its_next_stretch_on() -> None:
    core = MeterSimulation()
    core.wake(core.attach(0, None), 0)
    assert core.pick(0) == (0, None, 1_000_000)
    core.set_budget(0, 50, 0)
    assert core.extend(0, 20, 20) == (30, 1_000_000)
    assert core.extend(0, 50, 30) is None
    assert core.next_dry() == 0
    assert core.next_dry() is None


def test_meters_nest_twenty_deep() -> None:
    simulator = MeterSimulator()
    meter = simulator.root
    for _ in range(20):
        meter = meter.sub()
    process = simulator.process(meter, spin())
    simulator.run(SLICE)
    assert process.used == simulator.root.used == SLICE
    with pytest.raises(LimitReached, match="meters nest 20 deep at most"):
        meter.sub()


def test_a_meter_lives_as_long_as_anything_below_it() -> None:
    core = MeterSimulation()
    outer = core.add_meter(0)
    inner = core.add_meter(outer)
    process = core.attach(inner, None)
    core.close_meter(outer)
    core.close_meter(inner)
    core.wake(process, 0)
    assert core.pick(0) is not None
    core.stop(process, 9, 9, False)
    core.detach(process, 9)
    assert core.look_at_meter(0)[0] == 9


def test_misuse_of_the_simulation_is_refused() -> None:
    core = MeterSimulation()
    process = core.attach(0, None)
    with pytest.raises(BadState, match="runnable 0 is not running"):
        core.stop(process, 0, 0, True)
    core.wake(process, 0)
    core.pick(0)
    with pytest.raises(BadState, match="runnable 0 is running"):
        core.detach(process, 0)
    with pytest.raises(ValueError, match="there is no meter 1"):
        core.set_on(1, False, 0)
    with pytest.raises(ValueError, match="a weight is 1 to 10000"):
        core.set_weight(0, 10001, 0)
