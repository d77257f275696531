"""Machines and guests that talk to each other, and to Python."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import motte

GUESTS = Path(__file__).with_name("guests")
LONG = 30  # seconds: no test waits that long unless something is wrong

Party = Callable[..., motte.Process]
Said = Callable[[motte.Process], str]


def until_it_waits(process: motte.Process) -> None:
    """For a message, an answer, or room."""
    while (state := process.state) != "receiving":
        assert state in {"ready", "running", "calling"}, process


def sender_of(capability: motte.Capability) -> motte.Sender:
    assert isinstance(capability, motte.Sender)
    return capability


@pytest.fixture
def machine() -> Iterator[motte.Machine]:
    """A machine that must be empty again at the end, and has its memory back."""
    with motte.Machine(memory="512MiB", workers=2) as machine:
        yield machine
        assert machine.statistics().processes == 0, "the test left processes behind"


@pytest.fixture
def ends(machine: motte.Machine) -> Iterator[tuple[motte.Sender, motte.Receiver]]:
    """Those of one channel, open as long as the test runs."""
    sender, receiver = machine.channel()
    with sender, receiver:
        yield sender, receiver


@pytest.fixture
def party(machine: motte.Machine) -> Iterator[Party]:
    """Starts one side of a conversation, granted ``in`` and ``out`` and what else is named."""
    started: list[motte.Process] = []
    program = machine.load(GUESTS / "party.c")

    def start(
        what: str, count: int = 0, *, bank: motte.SpaceBank | None = None, **grants: motte.Capability
    ) -> motte.Process:
        names = {name.removesuffix("_"): capability for name, capability in grants.items()}
        started.append(machine.spawn(program, [what, str(count)], grants=names, bank=bank))
        return started[-1]

    yield start
    for process in started:
        process.close()


@pytest.fixture
def said() -> Said:
    """What a process had to say, once it has ended of itself."""

    def wait(process: motte.Process) -> str:
        end = process.wait(LONG)
        assert end.returncode == 0, (end, process.stderr)
        return process.stdout.decode()

    return wait
