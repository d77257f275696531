"""Who blocks before it has had its turn finds again what it had still to get, and no more; and its debts."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from meters.fair_model import Contender, FairModel
from motte.core import MeterSimulation
from motte.testing import Act, MeterSimulator, Run, Sleep, repeat, spin

SLICE = 1000
TICKS = st.integers(0, SLICE // 10) | st.integers(0, SLICE) | st.integers(0, 5 * SLICE)


class Choices(RuleBasedStateMachine):
    """Whatever they do, the core chooses one that the model would."""

    @initialize(count=st.integers(2, 6))
    def begin(self, count: int) -> None:
        self.core = MeterSimulation(1)
        self.core.set_slice(0, SLICE)
        self.model = FairModel(SLICE)
        self.model.everybody = [Contender(self.core.attach(0, None)) for _ in range(count)]
        self.now = 0

    @rule(data=st.data(), later=TICKS)
    def wake(self, data: st.DataObject, later: int) -> None:
        asleep = [each for each in self.model.everybody if not each.is_member]
        if asleep:
            self.now += later
            woken = data.draw(st.sampled_from(asleep))
            self.core.wake(woken.number, self.now)
            self.model.wake(woken, self.now)

    @precondition(lambda self: self.model.queued)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        given_up = data.draw(st.sampled_from(self.model.queued))
        self.core.cancel(given_up.number, self.now)
        self.model.leave(given_up)

    @precondition(lambda self: self.model.queued and self.model.running is None)
    @rule()
    def pick(self) -> None:
        candidates = {each.number: each for each in self.model.candidates(self.now)}
        picked = self.core.pick(self.now)
        assert picked is not None
        assert picked[0] in candidates
        self.model.start(candidates[picked[0]], self.now)

    @precondition(lambda self: self.model.running is not None)
    @rule(more=TICKS, ready=st.booleans())
    def stop(self, more: int, ready: bool) -> None:
        assert self.model.running is not None
        number = self.model.running.number
        self.now += more
        used = self.now - self.model.started
        self.core.stop(number, self.now, used, ready)
        self.model.stop(used, ready=ready)


TestChoices = Choices.TestCase
TestChoices.settings = settings(
    max_examples=100,
    stateful_step_count=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)

ACTS = st.lists(
    st.tuples(st.integers(1, 3 * SLICE), st.integers(1, 3 * SLICE)).map(lambda pair: (Run(pair[0]), Sleep(pair[1]))),
    min_size=1,
    max_size=5,
).map(lambda pairs: tuple(act for pair in pairs for act in pair))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(ACTS, min_size=1, max_size=6))
def test_however_others_sleep_and_wake_one_that_always_wants_to_run_loses_a_slice_to_each_at_most(
    others: list[tuple[Act, ...]],
) -> None:
    simulator = MeterSimulator(slice_ticks=SLICE)
    steady = simulator.process(simulator.root, spin())
    for acts in others:
        simulator.process(simulator.root, repeat(*acts))
    for _ in range(50):
        simulator.run(3 * SLICE)
        assert steady.used >= simulator.now / (1 + len(others)) - SLICE * (1 + len(others))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(ACTS, st.integers(1, 4))
def test_no_way_to_sleep_and_wake_gets_more_than_the_share_and_two_slices(acts: tuple[Act, ...], others: int) -> None:
    simulator = MeterSimulator(slice_ticks=SLICE)
    crafty = simulator.process(simulator.root, repeat(*acts))
    for _ in range(others):
        simulator.process(simulator.root, spin())
    for _ in range(50):
        simulator.run(3 * SLICE)
        assert crafty.used <= simulator.now / (1 + others) + 2 * SLICE


@pytest.mark.parametrize(("run", "least"), [(900, 0.98), (500, 0.9), (300, 0.6), (100, 0.2)])
def test_one_that_blocks_early_in_its_turns_is_called_next_when_it_is_back(run: int, least: float) -> None:
    """So much of a slice, and back in a moment, beside three loops: nearly its share, or what it wants."""
    simulator = MeterSimulator(slice_ticks=SLICE)
    blocking = simulator.process(simulator.root, repeat(Run(run), Sleep(10)))
    for _ in range(3):
        simulator.process(simulator.root, spin())
    simulator.run(500 * SLICE)
    assert blocking.used / simulator.now >= least / 4
