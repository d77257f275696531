"""Code that uses checked blocks does what it does in the window, at every level, from every language."""

import pytest

import motte
from exchange.conftest import GUESTS, SECONDS
from motte.build_options import BuildOptions


@pytest.mark.parametrize("optimization", [0, 1, 2, 3])
@pytest.mark.parametrize("cpu", ["native", "x86-64"])
def test_the_same_code_does_the_same_in_a_block_as_in_the_window(
    machine: motte.Machine, optimization: int, cpu: str
) -> None:
    program = machine.load(GUESTS / "language.c", BuildOptions(optimization=optimization, cpu=cpu))
    process = machine.spawn(program, time=None)
    assert process.wait(SECONDS).returncode == 0, process.stdout


@pytest.mark.parametrize("checked", ["use", "cast"])
def test_checked_casts_leave_pointers_into_blocks_alone(machine: motte.Machine, checked: str) -> None:
    for source in ("language.c", "language.ll"):
        program = machine.load(GUESTS / source, BuildOptions(checked=checked))  # type: ignore[arg-type]
        assert machine.spawn(program, time=None).wait(SECONDS).returncode == 0


@pytest.mark.parametrize("source", ["language.cc", "language.ll"])
@pytest.mark.parametrize("optimization", [0, 3])
def test_other_languages_reach_blocks_too(machine: motte.Machine, source: str, optimization: int) -> None:
    program = machine.load(GUESTS / source, BuildOptions(optimization=optimization))
    assert machine.spawn(program, time=None).wait(SECONDS).returncode == 0
