"""A host that refuses one request after the other, under capabilities, channels, forwarders, blocks and calls.

Run on the hostile build: ``python -m hostile.messages_campaign single|random ROUNDS``.  One machine lives through all
rounds; in each of them two processes call each other through a membrane, and Python sends what it can.  What fails,
fails with an exception or an error number, and afterwards the machine's bank is charged for what it was before.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from hostile.campaign import EVERYTHING, REFUSALS, Hostile
from motte import Machine, Program
from motte.errors import Full, PeerClosed

DONATION = Path(__file__).parents[1] / "ipc" / "programs" / "donation.c"
SEED = 20_261_123


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
    hostile = Hostile()
    with Machine(workers=2) as machine:
        program = machine.load(DONATION)
        for _ in range(3):
            Round(machine, program).run()
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
                hostile.refuse_at_random(2 + number % 20, SEED + number, EVERYTHING)
            try:
                Round(machine, program).run()
            finally:
                refused += hostile.refusals()
                hostile.refuse(0, 0, 0)
            machine.trim()
            assert machine.bank.used == before, (number, machine.bank.used, before)
        hostile.interrupt(False)
        print(f"{mode}: {count} rounds of about {requests} requests, {refused} refused, seed {SEED}")
        assert refused >= count // 2


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
