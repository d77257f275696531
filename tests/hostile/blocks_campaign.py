"""A host that refuses one request after the other, under blocks.

Run on the hostile build: ``python -m hostile.blocks_campaign single|random ROUNDS``.  One machine lives through all
rounds; in each of them two processes do anything at all with blocks, and look at every page; so does Python.  What
fails, fails with an exception or an error number, no byte is lost or somebody else's, and afterwards the machine's bank
is charged for what it was before.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from hostile.campaign import REFUSALS
from hostile.machine_campaign import drive
from motte import Machine, Program
from motte.abi.layout import PAGE_SIZE

GUESTS = Path(__file__).parents[1] / "exchange" / "guests"
KINDS = {"chaos.c": False, "checked_chaos.c": True}
"""Programs, and whether their blocks are checked ones."""

STEPS = 12
FOUND_WRONG_BYTES = 1


class Round:
    """Everything once; raises only what may be raised."""

    def __init__(self, machine: Machine, programs: dict[Program, bool]) -> None:
        self._machine = machine
        self._programs = programs
        self._closers: list[Callable[[], None]] = []

    def run(self) -> None:
        parts: list[Callable[[], None]] = []
        for program, checked in self._programs.items():
            parts += [partial(self._processes, program), partial(self._python, checked)]
        for part in parts:
            try:
                part()
            except REFUSALS:
                pass
            finally:
                while self._closers:
                    self._closers.pop()()

    def _processes(self, program: Program) -> None:
        channels = [self._machine.channel(2) for _ in range(2)]
        self._closers += [end.close for channel in channels for end in channel]
        processes = []
        for place in range(2):
            grants = {"in": channels[place][1], "out": channels[1 - place][0]}
            process = self._machine.spawn(program, [str(place), str(STEPS)], grants=grants)
            self._closers.append(process.close)
            processes.append(process)
        for process in processes:
            end = process.wait(timeout=20)
            assert end.returncode != FOUND_WRONG_BYTES, process.stdout

    def _python(self, checked: bool) -> None:
        sender, receiver = self._machine.channel(2)
        block = self._machine.exchange.allocate(5 * PAGE_SIZE, checked=checked)
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
    with Machine(workers=1) as machine:
        programs = {machine.load(GUESTS / name): checked for name, checked in KINDS.items()}
        drive(machine, lambda: Round(machine, programs).run(), mode, rounds)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
