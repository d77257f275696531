"""Machines whose guests hold capabilities to the machine's own objects."""

from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

import motte
from motte.services.process import process_capability

GUESTS = Path(__file__).with_name("guests")
SECONDS = 20

Run = Callable[..., str]


@pytest.fixture
def machine() -> Iterator[motte.Machine]:
    with motte.Machine(memory="256MiB", workers=2) as machine:
        yield machine
        deadline = monotonic() + SECONDS  # those that nobody holds any more are closed by a thread of the machine's
        while machine.statistics().processes:
            assert monotonic() < deadline, "the test left processes behind"


@pytest.fixture
def run(machine: motte.Machine) -> Run:
    """Runs one of the guests with its own program among its grants, and returns what it says."""

    def run(name: str, *arguments: str, grants: dict[str, Any] | None = None, **options: Any) -> str:
        program = machine.load(GUESTS / name)
        given = {"program": program, **(grants or {})}
        with machine.spawn(program, list(arguments), grants=given, start=False, **options) as process:
            process.grant("self", process_capability(machine._population.services, process))
            process.start()
            end = process.wait(SECONDS)
            assert end.returncode == 0, (end, process.stdout, process.stderr)
            return process.stdout.decode()

    return run
