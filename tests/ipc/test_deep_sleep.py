"""Deep sleep: who has waited for long has no stack any more, and comes back with all of it."""

from __future__ import annotations

import os
import re
import select
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from hypothesis.strategies import DataObject, data, integers

import motte
from ipc.conftest import LONG
from motte import StopReason

pytestmark = pytest.mark.beside("what a process in a cell keeps while it waits is in the cell")

SLEEPER = Path(__file__).with_name("programs") / "sleeper.c"
SHORTEST = "50us"
TOO_DEEP = 200
"""So many frames are more than is saved of a native stack."""


def answer_to(depth: int, seed: int, asked: int) -> int:
    """What the guest computes on its way back."""
    factor = (seed * 2654435761 + 12345) % 2**32
    inner = answer_to(depth - 1, factor, asked) if depth else asked
    return (inner * factor + seed) % 2**32


class Sleeper:
    """One process, and what it has to answer."""

    def __init__(self, den: Den, depth: int, seed: int, bank: motte.SpaceBank | None) -> None:
        self.depth, self.seed = depth, seed
        self.sender, receiver = den.machine.channel(4, bank=bank)
        self.process = den.machine.spawn(den.program, [str(depth), str(seed)], grants={"in": receiver}, bank=bank)
        receiver.close()
        eventually(lambda: self.process.state == "receiving")

    def ask(self, asked: int) -> None:
        reply = self.sender.call(tag=asked, timeout=LONG)
        assert reply.tag == answer_to(self.depth, self.seed, asked)

    def close(self) -> None:
        self.process.close()
        self.sender.close()


class Den:
    """A machine of sleepers."""

    def __init__(self, deep_sleep: str | None = SHORTEST) -> None:
        self.machine = motte.Machine(memory="512MiB", workers=2, deep_sleep=deep_sleep)
        self.program = self.machine.load(SLEEPER)

    def sleeper(self, depth: int, seed: int, bank: motte.SpaceBank | None = None) -> Sleeper:
        return Sleeper(self, depth, seed, bank)

    @property
    def asleep(self) -> int:
        return self.machine.statistics().deep_sleepers

    def until_asleep(self, count: int) -> None:
        eventually(lambda: self.asleep == count)


def eventually(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.0002)


@pytest.fixture
def den() -> Iterator[Den]:
    den = Den()
    with den.machine:
        yield den


@pytest.mark.parametrize("depth", [0, 1, 5, 20])
def test_a_deep_sleeper_comes_back_with_all_of_its_stack(den: Den, depth: int) -> None:
    sleeper = den.sleeper(depth, 77)
    for asked in range(20):
        den.until_asleep(1)
        sleeper.ask(asked)


def test_who_uses_much_of_its_stack_stays_as_it_is(den: Den) -> None:
    deep = den.sleeper(TOO_DEEP, 3)
    shallow = den.sleeper(0, 4)
    for asked in range(3):
        den.until_asleep(1)
        shallow.ask(asked)
        deep.ask(asked)


def test_nobody_sleeps_deeply_where_that_is_off() -> None:
    den = Den(deep_sleep=None)
    with den.machine:
        sleeper = den.sleeper(0, 1)
        for asked in range(100):
            sleeper.ask(asked)
        assert den.asleep == 0


def test_what_a_process_is_charged_does_not_change(den: Den) -> None:
    sleeper = den.sleeper(5, 1)
    before = den.machine.bank.used, sleeper.process.statistics().memory
    den.until_asleep(1)
    assert (den.machine.bank.used, sleeper.process.statistics().memory) == before
    sleeper.ask(1)
    assert sleeper.process.statistics().memory == before[1]


def test_one_whose_bank_is_full_wakes_as_any_other(den: Den) -> None:
    with den.machine.bank.sub("1MiB") as bank:
        sleeper = den.sleeper(5, 9, bank)
        den.until_asleep(1)
        bank.allocate(bank.available)
        sleeper.ask(9)


def test_one_that_is_killed_in_deep_sleep_tells_where_it_stood(den: Den) -> None:
    sleeper = den.sleeper(3, 1)
    den.until_asleep(1)
    sleeper.process.kill()
    end = sleeper.process.wait(LONG)
    assert end.reason is StopReason.KILLED
    functions = [frame.function for frame in end.backtrace]
    assert functions.count("ask") == 4
    assert "main" in functions
    assert den.asleep == 0


def test_what_it_held_comes_back_when_its_bank_is_destroyed(den: Den) -> None:
    before = den.machine.bank.used
    bank = den.machine.bank.sub("16MiB")
    sleepers = [den.sleeper(2, seed, bank) for seed in range(8)]
    den.until_asleep(8)
    bank.destroy()
    assert {sleeper.process.wait(LONG).reason for sleeper in sleepers} == {StopReason.KILLED}
    for sleeper in sleepers:
        sleeper.close()
    assert den.machine.bank.used == before
    assert den.asleep == 0


def test_a_window_that_was_slept_in_is_as_new_for_the_next_process(den: Den) -> None:
    for seed in range(20):
        sleeper = den.sleeper(2, seed)
        if seed % 2:
            den.until_asleep(1)
        else:
            sleeper.ask(seed)
        sleeper.close()


def test_one_that_is_suspended_in_deep_sleep_takes_its_message_when_it_is_resumed(den: Den) -> None:
    sleeper = den.sleeper(4, 8)
    den.until_asleep(1)
    sleeper.process.suspend()
    sleeper.sender.send(tag=1)
    eventually(lambda: sleeper.process.state == "suspended")
    sleeper.process.resume()
    eventually(lambda: sleeper.process.state != "suspended")
    assert sleeper.process.wait(LONG).returncode == 1  # nobody to answer


def test_a_child_of_fork_leaves_deep_sleepers_alone(den: Den) -> None:
    sleepers = [den.sleeper(2, seed) for seed in range(4)]
    den.until_asleep(4)
    child = os.fork()
    if child == 0:
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    for sleeper in sleepers:
        sleeper.ask(6)


def switches_of_threads() -> int:
    """How often the threads of this process have gone to sleep, but for the one that asks."""
    asking = str(os.getpid())
    total = 0
    for task in Path("/proc/self/task").iterdir():
        if task.name != asking:
            total += int(re.findall(r"^voluntary_ctxt_switches:\s+(\d+)", (task / "status").read_text(), flags=re.M)[0])
    return total


def test_nothing_happens_while_all_sleep_deeply(den: Den) -> None:
    """The clock thread looks round every 50 µs, but only while there is somebody awake that waits."""
    sleepers = [den.sleeper(depth, 1) for depth in (1, 2, 3, TOO_DEEP)]
    den.until_asleep(3)
    quiet = 0
    for _ in range(100):  # it may be about to see that this is all
        before = switches_of_threads()
        select.select([], [], [], 0.02)
        quiet += switches_of_threads() == before
        if quiet == 3:
            break
    assert quiet == 3
    for sleeper in sleepers:
        sleeper.ask(7)


# --- at random ----------------------------------------------------------------------------------------------------


class DeepSleepModel(RuleBasedStateMachine):
    """Sleepers that are asked, suspended, resumed, killed, and left alone for as long as they need."""

    def __init__(self) -> None:
        super().__init__()
        self.den = Den()
        self.sleepers: list[Sleeper] = []
        self.suspended: set[Sleeper] = set()

    def teardown(self) -> None:
        self.den.machine.close()

    def pick(self, choices: DataObject) -> Sleeper:
        return self.sleepers[choices.draw(integers(0, len(self.sleepers) - 1))]

    @precondition(lambda self: len(self.sleepers) < 6)
    @rule(depth=integers(0, 20), seed=integers(0, 2**32 - 1))
    def spawn(self, depth: int, seed: int) -> None:
        self.sleepers.append(self.den.sleeper(depth, seed))

    @precondition(lambda self: self.sleepers)
    @rule(choices=data(), asked=integers(0, 2**32 - 1), times=integers(1, 5))
    def ask(self, choices: DataObject, asked: int, times: int) -> None:
        sleeper = self.pick(choices)
        if sleeper in self.suspended:
            sleeper.process.resume()
            self.suspended.discard(sleeper)
        for _ in range(times):
            sleeper.ask(asked)

    @precondition(lambda self: self.sleepers)
    @rule(choices=data())
    def suspend(self, choices: DataObject) -> None:
        sleeper = self.pick(choices)
        sleeper.process.suspend()
        self.suspended.add(sleeper)

    @precondition(lambda self: self.sleepers)
    @rule(choices=data())
    def kill(self, choices: DataObject) -> None:
        sleeper = self.pick(choices)
        self.sleepers.remove(sleeper)
        self.suspended.discard(sleeper)
        sleeper.close()

    @rule()
    def leave_alone(self) -> None:
        self.den.until_asleep(len(self.sleepers))


def test_whatever_is_done_with_deep_sleepers_they_answer_as_they_ought_to() -> None:
    run_state_machine_as_test(
        DeepSleepModel,
        settings=settings(
            max_examples=30,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.generate],
        ),
    )
