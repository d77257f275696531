"""Processes that do anything at all with what they hold, and are killed at any moment: nothing of them stays."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from motte import Machine, Program, SpaceBank
from motte.abi.capabilities import Right
from motte.capability import Capability
from motte.process import Process

CHAOS = Path(__file__).with_name("programs") / "chaos.c"
PROCESSES = 12


class Crowd:
    """A ring of processes, each of which sends to the next; some are killed and replaced, suspended and resumed."""

    def __init__(self, machine: Machine, bank: SpaceBank, program: Program, seed: int, *arguments: str) -> None:
        self._machine = machine
        self._bank = bank
        self._program = program
        self._arguments = arguments
        self._random = random.Random(seed)
        self._ends: list[tuple[Capability, Capability]] = []
        for _ in range(PROCESSES):
            sender, receiver = machine.channel(2 + self._random.randrange(16), bank=bank, buffer=70000)
            kept = sender.restrict(~Right.REVOKE), receiver.restrict(~Right.REVOKE)
            sender.close()
            receiver.close()
            self._ends.append(kept)
        self._processes = [self._spawn(place) for place in range(PROCESSES)]

    def _spawn(self, place: int) -> Process:
        seed = str(self._random.randrange(10**9))
        grants = {"in": self._ends[place][1], "out": self._ends[(place + 1) % PROCESSES][0]}
        return self._machine.spawn(self._program, [seed, *self._arguments], bank=self._bank, time=None, grants=grants)

    def disturb(self) -> int:
        """Somebody; how many kernel calls were seen."""
        place = self._random.randrange(PROCESSES)
        process = self._processes[place]
        choice = self._random.random()
        assert process.state != "exited", process.stdout
        if choice < 0.2:
            process.suspend()
        elif choice < 0.5:
            process.resume()
        else:
            calls = process.statistics().system_calls
            process.close()
            self._processes[place] = self._spawn(place)
            return calls
        return 0

    def close(self) -> None:
        for process in self._processes:
            process.close()
        for ends in self._ends:
            for end in ends:
                end.close()


@pytest.mark.parametrize(("workers", "deep_sleep"), [(1, None), (2, None), (4, None), (1, "50us"), (2, "50us")])
@pytest.mark.parametrize(
    ("seed", "rounds"), [(1, 1000), pytest.param(2, 20_000, marks=pytest.mark.long)], ids=["short", "long"]
)
def test_processes_that_do_anything_and_are_killed_at_any_moment_leave_no_page_behind(
    workers: int, deep_sleep: str | None, seed: int, rounds: int
) -> None:
    with Machine(workers=workers, memory="400MiB", deep_sleep=deep_sleep) as machine:
        program = machine.load(CHAOS)
        before = machine.bank.used
        crowd = Crowd(machine, machine.bank, program, seed, "acyclic")
        calls = 0
        for _ in range(rounds):
            calls += crowd.disturb()
        crowd.close()
        assert calls > rounds
        assert machine.bank.used == before


def test_queues_that_hold_one_another_stay_until_their_bank_is_destroyed() -> None:
    with Machine() as machine:
        before = machine.bank.used
        with machine.bank.sub("1MiB") as bank:
            ends = [machine.channel(1, bank=bank) for _ in range(2)]
            for place in range(2):
                ends[place][0].send(capabilities=[ends[1 - place][1]])
            for sender, receiver in ends:
                sender.close()
                receiver.close()
            assert bank.used > 0
        assert machine.bank.used == before
