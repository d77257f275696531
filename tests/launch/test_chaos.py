"""Launchers that are killed at any moment leave no page behind, and no compiler."""

import random
import time

import pytest

import motte
from launch.conftest import GUESTS, SECONDS, bitcode_of


@pytest.mark.parametrize("arguments", [["launcher.c"], ["blocks.c", "launches"]], ids=["in pieces", "in a block"])
def test_a_launcher_that_is_killed_at_any_moment_leaves_nothing(machine: motte.Machine, arguments: list[str]) -> None:
    chosen = random.Random(7)
    program, module = machine.load(GUESTS / arguments[0]), bitcode_of("spins.c")
    with machine.launcher(memory="128MiB", at_once=2) as launcher:
        before = machine.bank.used
        for _ in range(30):
            bank = machine.bank.sub("300MiB")
            grants = {"launcher": launcher, "bank": bank}
            process = machine.spawn(program, arguments[1:], grants=grants, stdin=module, bank=bank)
            moment = time.monotonic() + chosen.random() * 0.05
            while time.monotonic() < moment:
                pass
            bank.destroy()
            assert process.wait(SECONDS).returncode == 137
            process.close()
            deadline = time.monotonic() + SECONDS  # a process that was just being made for it may take a moment
            while machine.bank.used > before:
                assert time.monotonic() < deadline, "pages have stayed"
        assert not machine._population.banks._purchases
