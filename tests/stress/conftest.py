"""A machine that is used up by nobody, guests for it, and how often things are done."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import core_builds
import motte
from stress.held import excess, growth

GUESTS = Path(__file__).with_name("guests")
LONG = 30  # seconds: no test waits that long unless something is wrong
QUIET = {"stdout": motte.DISCARD, "stderr": motte.DISCARD}

Flat = Callable[..., None]

if core_builds.IN_USE in os.environ:  # what is preloaded is here already, and too large for the compilers' children
    os.environ.pop("LD_PRELOAD", None)


@pytest.fixture(scope="module")
def machine() -> Iterator[motte.Machine]:
    with motte.Machine(memory="1GiB", workers=2) as machine:
        yield machine


@pytest.fixture(scope="module")
def tasks(machine: motte.Machine) -> motte.Program:
    """Does what its first argument says."""
    return machine.load(GUESTS / "tasks.c", motte.BuildOptions(debug=True))


@pytest.fixture(scope="module")
def plugin(machine: motte.Machine) -> motte.Program:
    """Functions."""
    return machine.load(GUESTS / "plugin.c")


@pytest.fixture
def flat(request: pytest.FixtureRequest) -> Flat:
    """Does something so many times (another number with --long), and fails if anything grows with it."""

    def check(action: Callable[[], object], rounds: int, long: int | None = None) -> None:
        if request.config.getoption("--long"):
            rounds = long or 20 * rounds
        grown = growth(action, rounds)
        print(f"{rounds:,} rounds: {grown}")
        assert not excess(grown, rounds), f"{rounds:,} rounds: {grown}"

    return check
