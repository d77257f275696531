"""Weights: shares exact to a slice, nothing wasted, and whoever forks gets nothing by it."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from meters.traces import worst_share_error
from motte.core import MeterSimulation
from motte.testing import MeterSimulator, Run, SimulatedProcess, Sleep, repeat, spin

MILLISECOND = 1000
"""One tick is a microsecond in these tests."""
TWO_SECONDS = 2000 * MILLISECOND


def spinners(simulator: MeterSimulator, weights: list[int]) -> dict[SimulatedProcess, int]:
    return {simulator.process(simulator.root.sub(weight=weight), spin()): weight for weight in weights}


@pytest.mark.parametrize("workers", [1, 2])
def test_spinners_of_1_2_3_are_within_a_slice_of_their_shares_at_any_instant(workers: int) -> None:
    simulator = MeterSimulator(workers=workers, slice_ticks=MILLISECOND)
    weights = spinners(simulator, [100, 200, 300])
    simulator.run(TWO_SECONDS)
    assert worst_share_error(simulator.trace, weights, workers) <= MILLISECOND


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.integers(1, 10000), min_size=1, max_size=12))
def test_any_weights_are_within_a_slice_of_their_shares_at_any_instant(weights: list[int]) -> None:
    simulator = MeterSimulator(slice_ticks=MILLISECOND)
    shares = spinners(simulator, weights)
    simulator.run(TWO_SECONDS // 4)
    assert worst_share_error(simulator.trace, shares) <= MILLISECOND


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.lists(st.integers(1, 100), min_size=1, max_size=4), min_size=1, max_size=4))
def test_groups_are_within_a_slice_of_their_shares_whatever_goes_on_in_them(tree: list[list[int]]) -> None:
    simulator = MeterSimulator(slice_ticks=MILLISECOND)
    groups = [simulator.root.sub(weight=100) for _ in tree]
    for group, weights in zip(groups, tree, strict=True):
        for weight in weights:
            simulator.process(group.sub(weight=weight), spin())
    for _ in range(200):
        simulator.run(777)
        for group in groups:
            assert abs(group.used - simulator.now / len(groups)) <= MILLISECOND


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.integers(1, 100), min_size=3, max_size=10), st.integers(2, 4))
def test_on_several_workers_feasible_shares_are_within_two_slices(weights: list[int], workers: int) -> None:
    """Feasible: no single process has more weight than one worker can serve."""
    assume(max(weights) * workers <= sum(weights))
    simulator = MeterSimulator(workers=workers, slice_ticks=MILLISECOND)
    shares = spinners(simulator, weights)
    simulator.run(TWO_SECONDS // 8)
    assert worst_share_error(simulator.trace, shares, workers) <= 2 * MILLISECOND


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.integers(1, 100), min_size=1, max_size=4), st.integers(2, 4))
def test_on_several_workers_groups_are_within_two_slices(weights: list[int], workers: int) -> None:
    simulator = MeterSimulator(workers=workers, slice_ticks=MILLISECOND)
    groups = {simulator.root.sub(weight=weight): weight for weight in weights}
    for group in groups:
        for _ in range(workers + 1):
            simulator.process(group, spin())
    simulator.run(TWO_SECONDS // 8)
    shares = {process: groups[process.meter] / (workers + 1) for process in simulator.processes}
    for group, weight in groups.items():
        share = simulator.now * workers * weight / sum(weights)
        assert abs(group.used - share) <= 2 * MILLISECOND
    assert worst_share_error(simulator.trace, shares, workers) <= 2 * MILLISECOND


def test_the_share_of_an_idle_sibling_goes_to_the_others_in_proportion() -> None:
    simulator = MeterSimulator(slice_ticks=MILLISECOND)
    sleeper, small, large = (simulator.root.sub(weight=weight) for weight in (600, 100, 200))
    simulator.process(sleeper, [Sleep(300 * MILLISECOND), Run()])
    simulator.process(small, spin())
    simulator.process(large, spin())
    simulator.run(300 * MILLISECOND)
    assert (sleeper.used, small.used, large.used) == (0, 100 * MILLISECOND, 200 * MILLISECOND)
    simulator.run(900 * MILLISECOND)
    assert sleeper.used == pytest.approx(600 * MILLISECOND, abs=MILLISECOND)
    assert small.used == pytest.approx(200 * MILLISECOND, abs=MILLISECOND)


def test_ten_thousand_processes_get_as_much_as_the_one_beside_them() -> None:
    simulator = MeterSimulator(slice_ticks=MILLISECOND)
    bomb, neighbour = simulator.root.sub(), simulator.root.sub()
    for _ in range(10_000):
        simulator.process(bomb, spin())
    simulator.process(neighbour, spin())
    simulator.run(TWO_SECONDS)
    assert (bomb.used, neighbour.used) == (TWO_SECONDS // 2, TWO_SECONDS // 2)


def test_a_stream_of_short_lives_gets_as_much_as_the_one_beside_it() -> None:
    simulator = MeterSimulator(slice_ticks=MILLISECOND)
    neighbour = simulator.process(simulator.root, spin())
    for _ in range(1000):
        simulator.process(simulator.root, [Run(100)])
        simulator.run(400)
    assert simulator.now - neighbour.used == pytest.approx(1000 * 100, abs=MILLISECOND)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_nobody_waits_while_a_worker_is_idle(workers: int) -> None:
    simulator = MeterSimulator(workers=workers, slice_ticks=MILLISECOND)
    for index in range(3):
        group = simulator.root.sub(weight=1 + 4999 * index)
        for _ in range(index + 1):
            simulator.process(group, repeat(Run(1700 + 130 * index), Sleep(900)))
        simulator.process(group, spin())
    simulator.run(TWO_SECONDS // 4)
    assert simulator.root.used == workers * TWO_SECONDS // 4


def test_one_with_more_weight_than_a_worker_can_serve_does_not_save_up_what_it_missed() -> None:
    simulator = MeterSimulator(workers=2, slice_ticks=MILLISECOND)
    greedy = simulator.root.sub(weight=9800)
    simulator.process(greedy, spin())
    others = [simulator.process(simulator.root.sub(), spin()) for _ in range(2)]
    simulator.run(TWO_SECONDS)
    assert greedy.used == TWO_SECONDS
    simulator.process(greedy, spin())  # now it could take both workers
    before = [other.used for other in others]
    simulator.run(100 * MILLISECOND)
    for other, used in zip(others, before, strict=True):
        assert other.used - used == pytest.approx(2 * 100 * MILLISECOND / 100, abs=2 * MILLISECOND)


def test_a_debt_is_kept_over_a_sleep() -> None:
    """One that runs beyond its slice and sleeps a little has not had it for nothing."""
    simulator = MeterSimulator(slice_ticks=MILLISECOND, latency_ticks=0)
    core = simulator.core
    first, second = core.attach(0, None), core.attach(0, None)
    core.wake(first, 0)
    core.pick(0)
    core.wake(second, 0)
    core.stop(first, 10 * MILLISECOND, 10 * MILLISECOND, False)
    core.wake(first, 10 * MILLISECOND)
    picks = []
    for now in range(10 * MILLISECOND, 30 * MILLISECOND, MILLISECOND):
        picked = core.pick(now)
        assert picked is not None
        picks.append(picked[0])
        core.stop(picked[0], now + MILLISECOND, MILLISECOND, True)
    assert picks[:9] == [second] * 9
    assert picks[10:].count(first) == 5


def test_sleeping_earns_nothing() -> None:
    simulator = MeterSimulator(slice_ticks=MILLISECOND)
    spinner = simulator.process(simulator.root, spin())
    sleeper = simulator.process(simulator.root, [Sleep(TWO_SECONDS), Run()])
    simulator.run(TWO_SECONDS)
    before = spinner.used
    simulator.run(100 * MILLISECOND)
    assert spinner.used - before == pytest.approx(50 * MILLISECOND, abs=MILLISECOND)
    assert sleeper.used == pytest.approx(50 * MILLISECOND, abs=MILLISECOND)


def test_a_new_weight_counts_at_once() -> None:
    simulator = MeterSimulator(slice_ticks=MILLISECOND)
    first, second = simulator.root.sub(), simulator.root.sub()
    simulator.process(first, spin())
    simulator.process(second, spin())
    simulator.run(100 * MILLISECOND)
    first.set_weight(900)
    simulator.run(100 * MILLISECOND)
    assert first.used == pytest.approx((50 + 90) * MILLISECOND, abs=2 * MILLISECOND)


def test_a_debt_is_as_many_ticks_whatever_the_weight_becomes() -> None:
    core = MeterSimulation()
    core.set_slice(0, MILLISECOND)
    for number in (0, 1):
        core.attach(core.add_meter(0), None)
        core.wake(number, 0)
    assert core.pick(0) == (0, None, MILLISECOND)
    core.stop(0, 40 * MILLISECOND, 40 * MILLISECOND, True)
    core.set_weight(1, 400, 40 * MILLISECOND)
    core.set_weight(2, 400, 40 * MILLISECOND)
    picks = []
    for now in range(40 * MILLISECOND, 90 * MILLISECOND, MILLISECOND):
        picked = core.pick(now)
        assert picked is not None
        picks.append(picked[0])
        core.stop(picked[0], now + MILLISECOND, MILLISECOND, True)
    assert picks.index(0) == pytest.approx(40, abs=2)


TEN_YEARS = 10 * 365 * 86_400 * 5 * 10**9
"""In ticks of a clock of 5 GHz: more than 60 bits."""


@pytest.mark.parametrize("weight", [1, 10000])
def test_shares_are_exact_after_ten_years(weight: int) -> None:
    core = MeterSimulation()
    core.set_slice(0, MILLISECOND)
    for number in (core.attach(core.add_meter(0), None), core.attach(core.add_meter(0), None)):
        core.set_weight(number + 1, weight, 0)
        core.wake(number, 0)
    now = 0
    for _ in range(16):
        picked = core.pick(now)
        assert picked is not None
        now += TEN_YEARS // 16
        core.stop(picked[0], now, TEN_YEARS // 16, True)
    assert core.look_at_meter(1)[0] == core.look_at_meter(2)[0]
    for _ in range(50):
        picks = []
        for _ in range(2):
            picked = core.pick(now)
            assert picked is not None
            picks.append(picked[0])
            now += MILLISECOND
            core.stop(picked[0], now, MILLISECOND, True)
        assert sorted(picks) == [0, 1]


def test_years_of_debt_do_not_overflow() -> None:
    """One of weight 1 overshoots by ten years beside one of weight 10000, which then is alone for that long."""
    core = MeterSimulation()
    for number, weight in ((0, 1), (1, 10000)):
        core.set_weight(core.add_meter(0), weight, 0)
        core.attach(number + 1, None)
    core.wake(0, 0)
    core.pick(0)
    core.wake(1, 0)
    core.stop(0, TEN_YEARS, TEN_YEARS, True)
    for step in range(100):
        assert core.pick(TEN_YEARS + step * MILLISECOND) == (1, None, 1_000_000)
        core.stop(1, TEN_YEARS + (step + 1) * MILLISECOND, MILLISECOND, True)
