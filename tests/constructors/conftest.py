"""Machines with recipes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import motte

GUESTS = Path(__file__).with_name("guests")
SECONDS = 30

Load = Callable[[str], motte.Program]


@pytest.fixture
def machine() -> Iterator[motte.Machine]:
    with motte.Machine(memory="256MiB", workers=2) as machine:
        yield machine
        assert machine.statistics().processes == 0, "the test left processes behind"


@pytest.fixture
def load(machine: motte.Machine) -> Load:
    """One of the guests."""
    return lambda name: machine.load(GUESTS / name)


@pytest.fixture
def constructor(machine: motte.Machine, load: Load) -> motte.Constructor:
    """An empty recipe of a plugin."""
    return machine.constructor(load("plugin.c"))
