"""A host that refuses one request after the other, under blocks.

Run on the hostile build: ``python -m hostile.blocks_campaign single|random ROUNDS``.  One machine lives through all
rounds; in each of them two processes do anything at all with blocks, and look at every page; so does Python.  What
fails, fails with an exception or an error number, no byte is lost or somebody else's, and afterwards the machine's bank
is charged for what it was before.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from pathlib import Path

from hostile.campaign import EVERYTHING, REFUSALS, Hostile
from motte import Machine, Program
from motte.abi.layout import PAGE_SIZE

CHAOS = Path(__file__).parents[1] / "exchange" / "guests" / "chaos.c"
SEED = 20_261_123
STEPS = 12
FOUND_WRONG_BYTES = 1


class Round:
    """Everything once; raises only what may be raised."""

    def __init__(self, machine: Machine, program: Program) -> None:
        self._machine = machine
        self._program = program
        self._closers: list[Callable[[], None]] = []

    def run(self) -> None:
        for part in (self._processes, self._python):
            try:
                part()
            except REFUSALS:
                pass
            finally:
                while self._closers:
                    self._closers.pop()()

    def _processes(self) -> None:
        channels = [self._machine.channel(2) for _ in range(2)]
        self._closers += [end.close for channel in channels for end in channel]
        processes = []
        for place in range(2):
            grants = {"in": channels[place][1], "out": channels[1 - place][0]}
            process = self._machine.spawn(self._program, [str(place), str(STEPS)], grants=grants)
            self._closers.append(process.close)
            processes.append(process)
        for process in processes:
            end = process.wait(timeout=20)
            assert end.returncode != FOUND_WRONG_BYTES, process.stdout

    def _python(self) -> None:
        sender, receiver = self._machine.channel(2)
        block = self._machine.exchange.allocate(5 * PAGE_SIZE)
        self._closers += [sender.close, receiver.close, block.close]
        block.view()[:] = bytes(range(5)) * PAGE_SIZE
        written = bytes(block.view())
        try:
            rest = block.split(2 * PAGE_SIZE)
        except REFUSALS:
            assert bytes(block.view()) == written
            raise
        self._closers.append(rest.close)
        assert bytes(block.view()) + bytes(rest.view()) == written
        try:
            rest.freeze()
        except REFUSALS:
            assert bytes(rest.view()) == written[2 * PAGE_SIZE :]
            raise
        sender.send(blocks=[block, rest], timeout=0)
        message = receiver.receive(timeout=0)
        self._closers.append(message.close)
        assert b"".join(each.view() for each in message.blocks) == written


def main(mode: str, rounds: int) -> None:
    """Refuse, round by round, and say what was looked at."""
    hostile = Hostile()
    with Machine(workers=1) as machine:
        program = machine.load(CHAOS)
        for _ in range(3):
            Round(machine, program).run()
        machine.trim()
        before = machine.bank.used
        hostile.refuse(0, 0, EVERYTHING)
        Round(machine, program).run()
        requests, refused = hostile.requests(), 0
        count = requests if mode == "single" else rounds
        for number in range(1, count + 1):
            hostile.interrupt(number % 2 == 0)
            if mode == "single":
                hostile.refuse(number, 0, EVERYTHING)
            else:
                hostile.refuse_at_random(2 + number % 50, SEED + number, EVERYTHING)
            try:
                Round(machine, program).run()
            finally:
                refused += hostile.refusals()
                hostile.refuse(0, 0, 0)
            gc.collect()  # exceptions and their frames
            machine.trim()
            assert machine.bank.used == before, (number, machine.bank.used, before)
        hostile.interrupt(False)
        print(f"{mode}: {count} rounds of about {requests} requests, {refused} refused, seed {SEED}")
        assert refused >= count // 2


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
