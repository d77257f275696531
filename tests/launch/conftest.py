"""Machines whose guests launch bitcode that they hold."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import motte
from motte.build import stage_of
from motte.build_options import BuildOptions
from motte.services.offering import capability_of

GUESTS = Path(__file__).with_name("guests")
SECONDS = 60

Run = Callable[..., str]


@pytest.fixture
def machine() -> Iterator[motte.Machine]:
    with motte.Machine(memory="1GiB", workers=2) as machine:
        yield machine
        assert machine.statistics().processes == 0, "the test left processes behind"


def bitcode_of(name: str) -> bytes:
    """What clang makes of one of the guests."""
    return stage_of(GUESTS / name, "bc", BuildOptions())


def granted(machine: motte.Machine, process: motte.Process, grants: dict[str, Any]) -> motte.Process:
    """The same process, not started yet, with capabilities to these objects."""
    for name, value in grants.items():
        process.grant(name, capability_of(machine._population.services, value) or value)
    return process


@pytest.fixture
def run(machine: motte.Machine) -> Run:
    """Runs one of the guests, and returns what it says."""

    def run(name: str, *arguments: str, grants: dict[str, Any] | None = None, **options: Any) -> str:
        program = machine.load(GUESTS / name)
        with machine.spawn(program, list(arguments), start=False, **options) as process:
            granted(machine, process, grants or {}).start()
            end = process.wait(SECONDS)
            assert end.returncode == 0, (end, process.stdout, process.stderr)
            return process.stdout.decode()

    return run
