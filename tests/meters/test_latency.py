"""How long one that wakes up waits among those that never sleep."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from motte.testing import Act, MeterSimulator, Run, Sleep, spin

SLICE = 1000


def handler_of_messages(seed: int, work: int) -> Iterator[Act]:
    chance = random.Random(seed)
    while True:
        yield Sleep(chance.randint(1, 20 * SLICE))
        yield Run(chance.randint(1, work))


def percentile(delays: list[int], part: float) -> int:
    return sorted(delays)[int(len(delays) * part)]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("seed", range(5))
def test_one_with_short_slices_waits_two_slices_at_most_among_twenty_spinners(workers: int, seed: int) -> None:
    simulator = MeterSimulator(workers=workers, slice_ticks=SLICE)
    for _ in range(20):
        simulator.process(simulator.root.sub(), spin())
    handler = simulator.process(simulator.root.sub(slice_ticks=SLICE // 20), handler_of_messages(seed, SLICE // 20))
    simulator.run(10_000 * SLICE)
    assert len(handler.delays) > 800
    assert percentile(handler.delays, 0.99) <= 2 * SLICE


def test_short_slices_do_not_earn_a_larger_share() -> None:
    simulator = MeterSimulator(slice_ticks=SLICE)
    short, long = simulator.root.sub(slice_ticks=SLICE // 10), simulator.root.sub()
    simulator.process(short, spin())
    simulator.process(long, spin())
    simulator.run(1000 * SLICE)
    assert abs(short.used - long.used) <= SLICE


def test_the_shortest_slice_on_the_path_counts() -> None:
    simulator = MeterSimulator(slice_ticks=SLICE)
    outer = simulator.root.sub(slice_ticks=SLICE // 4)
    number = simulator.core.attach(outer.sub(slice_ticks=SLICE // 2).number, None)
    simulator.core.wake(number, 0)
    assert simulator.core.pick(0) == (number, None, SLICE // 4)
