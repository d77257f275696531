"""Machines whose guests launch bitcode that they hold."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import motte
from motte.build import stage_of
from motte.build_options import BuildOptions

GUESTS = Path(__file__).with_name("guests")
SECONDS = 20

Run = Callable[..., str]


@pytest.fixture
def machine() -> Iterator[motte.Machine]:
    with motte.Machine(memory="1GiB", workers=2) as machine:
        yield machine
        assert machine.statistics().processes == 0, "the test left processes behind"


@pytest.fixture
def launcher(machine: motte.Machine) -> Iterator[motte.Launcher]:
    with machine.launcher() as launcher:
        yield launcher


def bitcode_of(name: str) -> bytes:
    """What clang makes of one of the guests."""
    return stage_of(GUESTS / name, "bc", BuildOptions())


@pytest.fixture
def run(machine: motte.Machine) -> Run:
    """Runs one of the guests, and returns what it says."""

    def run(name: str, *arguments: str, grants: dict[str, Any] | None = None, **options: Any) -> str:
        program = machine.load(GUESTS / name)
        with machine.spawn(program, list(arguments), grants=grants, **options) as process:
            end = process.wait(SECONDS)
            assert end.returncode == 0, (end, process.stdout, process.stderr)
            return process.stdout.decode()

    return run
