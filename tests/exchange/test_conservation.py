"""Whatever is done with blocks, and whoever is killed at whatever moment: no page is lost, none is left behind."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import motte
from exchange.conftest import Actor, Command
from motte.abi.layout import PAGE_SIZE

GUESTS = Path(__file__).with_name("guests")
PROCESSES = 6


@dataclass
class Held:
    """What the test believes of a block."""

    handle: int
    pages: int
    value: int
    frozen: bool = False


class Model:
    """Two processes that send to each other, each with a bank, and all that they have."""

    def __init__(self, machine: motte.Machine, checked: bool) -> None:
        ends = [machine.channel(64), machine.channel(64)]
        self.banks = [machine.bank.sub("64MiB") for _ in ends]
        self.actors = [Actor(machine, self.banks[n], ends[n][1], ends[1 - n][0], checked) for n in range(2)]
        self.held: list[list[Held]] = [[], []]
        self.in_flight: list[list[Held]] = [[], []]  # to this one
        self.value = 0

    def step(self, who: int, what: str, size: int, which: int) -> None:
        actor, held = self.actors[who], self.held[who]
        if what == "allocate" and len(held) < 12:
            self.value = self.value % 250 + 1
            held.append(Held(actor.made(size, self.value)[0], size, self.value))
        elif what == "receive":
            self._receive(who)
        elif held:
            self._change(who, what, held[which % len(held)], size)

    def _receive(self, who: int) -> None:
        handle = self.actors[who](Command.RECEIVE)
        assert (handle > 0) == bool(self.in_flight[who])
        if handle > 0:
            block = self.in_flight[who].pop(0)
            self.held[who].append(Held(handle, block.pages, block.value, block.frozen))

    def _change(self, who: int, what: str, block: Held, size: int) -> None:
        actor, held = self.actors[who], self.held[who]
        if what == "send":
            assert actor(Command.SEND, block.handle) == 0
            self.in_flight[1 - who].append(block)
            if not block.frozen:
                held.remove(block)
        elif what == "free":
            assert actor(Command.FREE, block.handle) == 0
            held.remove(block)
        elif what == "freeze" and not block.frozen:
            assert actor(Command.FREEZE, block.handle) == 0
            block.frozen = True
        elif what == "split" and not block.frozen and block.pages > 1:
            count = 1 + size % (block.pages - 1)
            rest = actor(Command.SPLIT, block.handle, count * PAGE_SIZE)
            held.append(Held(rest, block.pages - count, block.value))
            block.pages = count

    def check(self) -> None:
        for who, actor in enumerate(self.actors):
            least = sum(actor.cost(block.pages) for block in self.held[who] if not block.frozen)
            least += sum(actor.cost(block.pages) for block in self.in_flight[1 - who] if not block.frozen)
            assert actor.uses() >= least
            for block in self.held[who]:
                assert actor(Command.SIZE, block.handle) == block.pages * PAGE_SIZE
                address = actor(Command.MAP, block.handle)
                assert actor(Command.COUNT_OTHERS, address, block.pages * PAGE_SIZE, block.value) == 0

    def close(self, first: int) -> None:
        for who in (first, 1 - first):
            self.actors[who].close()
        assert [bank.used for bank in self.banks] == [0, 0]
        for bank in self.banks:
            bank.destroy()


STEPS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from(["allocate", "allocate", "send", "send", "receive", "receive", "free", "freeze", "split"]),
        st.sampled_from([1, 2, 100, 511, 512, 513, 700]),
        st.integers(0, 100),
    ),
    max_size=25,
)


@pytest.fixture(scope="module")
def roomy() -> Iterator[motte.Machine]:
    with motte.Machine(memory="512MiB", workers=1) as machine:
        yield machine


@given(STEPS, st.integers(0, 1), st.booleans())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pages_are_conserved_over_any_sequence(
    roomy: motte.Machine, steps: list[tuple[int, str, int, int]], first: int, checked: bool
) -> None:
    model = Model(roomy, checked)
    try:
        for step in steps:
            model.step(*step)
        model.check()
    finally:
        model.close(first)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("seed", "rounds"), [(1, 150), pytest.param(2, 5000, marks=pytest.mark.long)], ids=["short", "long"]
)
def test_who_is_killed_at_any_moment_leaves_no_page_behind(workers: int, seed: int, rounds: int, checked: bool) -> None:
    chance = random.Random(seed)
    with motte.Machine(workers=workers, memory="512MiB") as machine:
        program = machine.load(GUESTS / ("checked_chaos.c" if checked else "chaos.c"))
        before = machine.bank.used
        bank = machine.bank.sub("96MiB")
        ends = [machine.channel(2 + chance.randrange(4), bank=bank) for _ in range(PROCESSES)]

        def spawn(place: int) -> motte.Process:
            grants = {"in": ends[place][1], "out": ends[(place + 1) % PROCESSES][0]}
            return machine.spawn(program, [str(chance.randrange(1 << 40))], bank=bank, time=None, grants=grants)

        processes = [spawn(place) for place in range(PROCESSES)]
        for _ in range(rounds):
            place = chance.randrange(PROCESSES)
            time.sleep(chance.random() / 500)
            assert processes[place].state != "exited", processes[place].stdout
            processes[place].close()
            processes[place] = spawn(place)
        for process in processes:
            process.close()
        for end in ends:
            end[0].close()
            end[1].close()
        assert bank.used == 0
        bank.destroy()
        assert machine.bank.used == before
