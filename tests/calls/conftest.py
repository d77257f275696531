"""Guests whose functions are called, and a machine that must be empty again at the end."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

import motte

GUESTS = Path(__file__).with_name("guests")
LONG = 30  # seconds: no test waits that long unless something is wrong

Plugin = Callable[..., motte.Process]


@pytest.fixture(scope="module")
def machine() -> Iterator[motte.Machine]:
    with motte.Machine(memory="512MiB", workers=2) as machine:
        yield machine


@pytest.fixture(scope="module")
def library(machine: motte.Machine) -> motte.Program:
    return machine.load(GUESTS / "library.c", motte.BuildOptions(debug=True))


@pytest.fixture(scope="module")
def busy(machine: motte.Machine) -> motte.Program:
    return machine.load(GUESTS / "busy.c", motte.BuildOptions(debug=True))


@pytest.fixture(scope="module")
def caller(machine: motte.Machine) -> motte.Program:
    return machine.load(GUESTS / "caller.c", motte.BuildOptions(debug=True), exports=True)


@pytest.fixture
def plugin(machine: motte.Machine) -> Iterator[Plugin]:
    """Makes processes whose functions can be called, with functions of the host by their names, and closes them."""
    made: list[motte.Process] = []

    def make(
        program: motte.Program, host: Mapping[str, Callable[..., object]] | None = None, **options: object
    ) -> motte.Process:
        functions = {name: motte.host_function(function) for name, function in (host or {}).items()}
        grants = {**functions, **options.pop("grants", {})}  # type: ignore[dict-item]
        made.append(machine.spawn(program, start=False, grants=grants, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for process in made:
        process.close()
    assert all(process.state == "closed" for process in made)
