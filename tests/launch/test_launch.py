"""Guests launch bitcode that they hold in memory."""

import motte
from launch.conftest import Run, bitcode_of


def test_a_guest_launches_bitcode_that_it_holds(machine: motte.Machine, run: Run) -> None:
    with machine.launcher() as launcher:
        said = run("launcher.c", grants={"launcher": launcher}, stdin=bitcode_of("sevens.c"))
    assert said.splitlines() == ["wait 0", "status 77 reason 1"]
