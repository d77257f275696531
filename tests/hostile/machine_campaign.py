"""What the campaigns have in common that run on a whole machine, under a host that refuses."""

from __future__ import annotations

import gc
from collections.abc import Callable

from hostile.campaign import EVERYTHING, Hostile
from motte import Machine

SEED = 20_261_123


def drive(machine: Machine, one_round: Callable[[], None], mode: str, rounds: int) -> None:
    """Rounds of one machine that lives through all of them; its bank is charged for nothing more after any of them."""
    hostile = Hostile()
    for _ in range(3):
        one_round()
    machine.trim()
    before = machine.bank.used
    hostile.refuse(0, 0, EVERYTHING)
    one_round()
    requests, refused = hostile.requests(), 0
    count = requests if mode == "single" else rounds
    for number in range(1, count + 1):
        hostile.interrupt(number % 2 == 0)
        if mode == "single":
            hostile.refuse(number, 0, EVERYTHING)
        else:
            hostile.refuse_at_random(2 + number % 20, SEED + number, EVERYTHING)
        try:
            one_round()
        finally:
            refused += hostile.refusals()
            hostile.refuse(0, 0, 0)
        gc.collect()  # exceptions and their frames
        machine.trim()
        assert machine.bank.used == before, (number, machine.bank.used, before)
    hostile.interrupt(False)
    print(f"{mode}: {count} rounds of about {requests} requests, {refused} refused, seed {SEED}")
    assert refused >= count // 2
