"""Rates: never more than the budget in any window of a period, and nearly as much on average."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meters.traces import most_in_a_window
from motte.core import MeterSimulation
from motte.testing import Act, MeterSimulator, Run, SimulatedMeter, Sleep, repeat, spin

SLICE = 1000
ACTS = st.lists(st.builds(Run, st.integers(1, 4000)) | st.builds(Sleep, st.integers(1, 9000)), min_size=1, max_size=6)


def stretches_below(simulator: MeterSimulator, meter: SimulatedMeter) -> list[tuple[int, int]]:
    return [(stretch.start, stretch.end) for stretch in simulator.trace if stretch.process.meter is meter]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    latency=st.sampled_from([0, 0, 30]),
    workers=st.integers(1, 3),
    budget=st.integers(1, 8000),
    period=st.integers(100, 20_000),
    programs=st.lists(ACTS, min_size=1, max_size=4),
    neighbours=st.integers(0, 2),
)
def test_no_window_of_a_period_holds_more_than_the_budget_and_a_latency_for_each_worker(
    *, latency: int, workers: int, budget: int, period: int, programs: list[list[Act]], neighbours: int
) -> None:
    simulator = MeterSimulator(workers=workers, slice_ticks=SLICE, latency_ticks=latency)
    meter = simulator.root.sub(rate=(budget, period))
    for acts in programs:
        simulator.process(meter, repeat(*acts))
    for _ in range(neighbours):
        simulator.process(simulator.root.sub(), spin())
    simulator.run(10 * period)
    assert most_in_a_window(stretches_below(simulator, meter), period) <= budget + workers * latency


@pytest.mark.parametrize("workers", [1, 2])
def test_overshoots_do_not_raise_the_rate_in_the_long_run(workers: int) -> None:
    simulator = MeterSimulator(workers=workers, slice_ticks=SLICE, latency_ticks=200)
    meter = simulator.root.sub(rate=(20 * SLICE, 100 * SLICE))
    for _ in range(3):
        simulator.process(meter, spin())
    simulator.run(10_000 * SLICE)
    assert 1900 * SLICE <= meter.used <= 2000 * SLICE + workers * 200


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("neighbours", [0, 3])
@pytest.mark.parametrize("percent", [1, 5, 20, 50])
def test_a_spinner_gets_nineteen_twentieths_of_its_rate(percent: int, neighbours: int, workers: int) -> None:
    period = 100 * SLICE
    simulator = MeterSimulator(workers=workers, slice_ticks=SLICE)
    meter = simulator.root.sub(rate=(percent * SLICE, period), weight=1000)
    simulator.process(meter, spin())
    for _ in range(neighbours):
        simulator.process(simulator.root.sub(weight=10), spin())
    simulator.run(100 * period)
    assert 0.95 * percent * SLICE * 100 <= meter.used <= percent * SLICE * 100


def test_a_meter_that_waits_for_its_rate_is_not_dry() -> None:
    told: list[SimulatedMeter] = []
    simulator = MeterSimulator(slice_ticks=SLICE, on_dry=told.append)
    meter = simulator.root.sub(rate=(SLICE, 10 * SLICE))
    process = simulator.process(meter, spin())
    simulator.run(25 * SLICE)
    assert process.used == 3 * SLICE
    assert told == []
    assert not meter.is_dry


def test_an_overshoot_of_a_rate_is_taken_from_the_next_period_and_comes_back_after_it() -> None:
    core = MeterSimulation()
    core.set_rate(0, 100, 1000, 0)
    core.wake(core.attach(0, None), 0)
    assert core.pick(0) == (0, 100, 1_000_000)
    core.stop(0, 130, 130, True)
    assert core.look_at_meter(0)[2] == 0
    assert core.next_event() == 1000
    core.advance(999)
    assert not core.anyone_waits()
    core.advance(1000)
    assert core.anyone_waits()
    assert core.pick(1000) == (0, 70, 1_000_000)
    core.stop(0, 1070, 70, True)
    assert core.next_event() == 2000
    assert core.pick(2000) == (0, 100, 1_000_000)


def test_an_early_stretch_comes_back_one_period_after_its_start() -> None:
    core = MeterSimulation()
    core.set_rate(0, 100, 1000, 0)
    core.wake(core.attach(0, None), 0)
    core.pick(500)
    core.stop(0, 540, 40, True)
    core.pick(600)
    core.stop(0, 660, 60, True)
    assert core.pick(660) is None
    assert core.next_event() == 1500
    assert core.pick(1499) is None
    assert core.pick(1500) == (0, 40, 1_000_000)


def test_more_returns_than_there_is_room_for_come_back_later_and_none_is_lost() -> None:
    """Pairs of stretches that begin 99 ticks apart come back together, and 32 such pairs fill the ring."""
    core = MeterSimulation()
    core.set_rate(0, 1000, 3200, 0)
    core.wake(core.attach(0, None), 0)
    stretches = []
    for pair in range(100):
        for start in (100 * pair, 100 * pair + 99):
            picked = core.pick(start)
            assert picked is not None
            core.stop(0, start + 1, 1, True)
            stretches.append((start, start + 1))
    assert most_in_a_window(stretches, 3200) <= 1000
    left = core.look_at_meter(0)[2]
    assert left is not None
    assert 1000 - 2 * 34 <= left < 1000
    core.set_on(0, True, 20_000)  # a moment to collect what is due
    assert core.look_at_meter(0)[2] == 1000


def test_a_rate_that_nobody_waits_for_asks_for_no_event() -> None:
    core = MeterSimulation()
    core.set_rate(0, 100, 1000, 0)
    core.wake(core.attach(0, None), 0)
    core.pick(0)
    core.stop(0, 100, 100, False)
    assert core.next_event() is None
    core.wake(0, 200)
    assert core.next_event() == 1000
    core.cancel(0, 300)
    assert core.next_event() is None
    core.wake(0, 5000)
    assert core.next_event() is None
    assert core.pick(5000) == (0, 100, 1_000_000)


def test_removing_a_rate_lets_go_on_at_once() -> None:
    simulator = MeterSimulator(slice_ticks=SLICE)
    meter = simulator.root.sub(rate=(SLICE, 10 * SLICE))
    simulator.process(meter, spin())
    simulator.run(5 * SLICE)
    assert meter.used == SLICE
    assert meter.rate_left == 0
    meter.set_rate(0, 0)
    simulator.run(5 * SLICE)
    assert meter.used == 6 * SLICE
    assert meter.rate_left is None


def test_a_rate_and_a_total_hold_together() -> None:
    simulator = MeterSimulator(slice_ticks=SLICE)
    meter = simulator.root.sub(rate=(SLICE, 10 * SLICE), budget=3 * SLICE + 1)
    simulator.process(meter, spin())
    simulator.run(95 * SLICE)
    assert meter.used == 3 * SLICE + 1
    assert meter.is_dry
    assert most_in_a_window(stretches_below(simulator, meter), 10 * SLICE) == SLICE
