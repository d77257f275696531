"""A host that refuses one request after the other, under capabilities, channels and calls.

Run on the hostile build: ``python -m hostile.messages_campaign single|random ROUNDS``.  One machine lives through all
rounds; in each of them one process calls another, and Python sends what it can.  What fails,
fails with an exception or an error number, and afterwards the machine's bank is charged for what it was before.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from hostile.campaign import REFUSALS
from hostile.machine_campaign import drive
from motte import Machine, Program
from motte.errors import Full, PeerClosed

DONATION = Path(__file__).parents[1] / "ipc" / "programs" / "donation.c"


class Round:
    """Everything once; raises only what may be raised."""

    def __init__(self, machine: Machine, program: Program) -> None:
        self._machine = machine
        self._program = program
        self._closers: list[Callable[[], None]] = []

    def run(self) -> None:
        try:
            self._calls()
            self._messages()
        except REFUSALS:
            pass
        finally:
            while self._closers:
                self._closers.pop()()

    def _calls(self) -> None:
        machine, program = self._machine, self._program
        sender, receiver = machine.channel(2)
        self._closers += [sender.close, receiver.close]
        server = machine.spawn(program, ["server"], grants={"in": receiver}, start=False)
        self._closers.append(server.close)
        client = machine.spawn(program, ["client", "20", "10"], grants={"out": sender}, start=False)
        self._closers.append(client.close)
        for end in (sender, receiver):
            end.close()
        server.start()
        client.start()
        client.wait(timeout=20)
        client.close()
        server.wait(timeout=20)

    def _messages(self) -> None:
        sender, receiver = self._machine.channel(3)
        other, kept = self._machine.channel(1)
        self._closers += [sender.close, receiver.close, other.close, kept.close]
        marked = sender.restrict(badge=7)
        self._closers.append(marked.close)
        with suppress(Full):
            for _ in range(5):
                marked.send(b"x" * 1000, capabilities=[other, kept], timeout=0)
        message = receiver.receive(timeout=0)
        self._closers += [capability.close for capability in message.capabilities]
        sender.revoke(7)
        receiver.close()
        with suppress(PeerClosed):
            sender.call(timeout=0)


def main(mode: str, rounds: int) -> None:
    """Refuse, round by round, and say what was looked at."""
    with Machine(workers=2, deep_sleep="50us") as machine:
        program = machine.load(DONATION)
        drive(machine, lambda: Round(machine, program).run(), mode, rounds)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
