"""Mutants that the verifier accepted, on a processor made of software that reports every single access."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from mutation.conftest import Harness
from mutation.emulator import BLOCK, GATES, Emulator, Sample, emulate

CONTROLS = {
    "read below 4 GiB": "8b00",
    "write below the window": "658900",
    "return address as data": "48893424",
    "below the frame": "48897424e0",
    "above the arguments": "488b442420",
    "jump elsewhere": "ffe0",
    "another base": "f3480faed8",
}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    emulator = Emulator()
    yield emulator
    emulator.close()


def test_no_mutant_reaches_anything_outside_there_either(harness: Harness) -> None:
    mutants, instructions = emulate(harness.samples)
    assert mutants > 2000
    assert instructions > 10 * mutants, "most end at once: at instructions that this machine does not know?"


@pytest.mark.parametrize("what", CONTROLS)
def test_the_machine_reports_what_is_forbidden(emulator: Emulator, what: str) -> None:
    registers = [0x1234] * 16
    if what == "write below the window":
        registers[0] = 2**64 - 4096
    code = bytes.fromhex(CONTROLS[what]) + b"\xc3"
    assert emulator.run(Sample(BLOCK, 0, 0, 0, registers, code)).forbidden


def test_the_machine_stops_where_it_would_take_a_mask_register_for_rsp(emulator: Emulator) -> None:
    """``korq %k1, %k0, %k4`` is ``cmovne %rcx, %rsp`` to it."""
    code = bytes.fromhex("c4e1fc45e1 58 c3")
    run = emulator.run(Sample(BLOCK, 0, 8, 0, [0x1234] * 16, code))
    assert (run.forbidden, run.instructions) == ([], 1)


def test_the_machine_lets_pass_what_is_allowed(emulator: Emulator) -> None:
    """An address that is truncated, the stack, a gate, an argument, the return."""
    call = b"\xe8" + struct.pack("<i", GATES - (BLOCK + 7 + 5))
    code = bytes.fromhex("65678b4001 50 59") + call + bytes.fromhex("488b442408 c3")
    run = emulator.run(Sample(BLOCK, 0, 0, 16, [2**64 - 1] * 16, code))
    assert (run.forbidden, run.error, run.instructions) == ([], 0, 8)
