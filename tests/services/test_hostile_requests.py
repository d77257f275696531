"""Guests that ask anything of everything."""

import threading
import time

import pytest

import motte
from motte import BankRestriction, HostService
from services.conftest import GUESTS, SECONDS


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_requests_have_clean_answers_and_leave_nothing_behind(
    machine: motte.Machine, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: list[object] = []
    monkeypatch.setattr(threading, "excepthook", reported.append)
    program = machine.load(GUESTS / "hostile.c")
    own_end = BankRestriction.NO_DESTROY | BankRestriction.NO_REMOVE | BankRestriction.NO_CHANGE_LIMITS
    before = machine.bank.used
    with machine.bank.sub("64MiB") as bank:
        grants = {
            "program": program,
            "bank": bank.reduce(own_end),
            "meter": machine.meter.sub(),
            "timers": HostService.TIMERS,
            "names": HostService.NAMES,
        }
        meter = machine.meter.sub()
        with machine.spawn(program, [str(seed)], bank=bank, meter=meter, processes=20, grants=grants) as process:
            end = process.wait(SECONDS * 5)
            assert end.returncode == 0, end.message
            assert int(process.stdout) > 100
        del grants
    services = machine._population.services
    until = time.monotonic() + SECONDS
    while services._by_identity and time.monotonic() < until:  # what nobody holds is noticed soon
        time.sleep(0.005)
    assert not services._by_identity
    assert machine.bank.used == before
    assert not reported
