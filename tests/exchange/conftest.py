"""Processes that do with blocks what the test tells them."""

import struct
from collections.abc import Callable, Iterator
from enum import IntEnum
from pathlib import Path

import pytest

import motte
from motte.abi.layout import PAGE_SIZE

GUESTS = Path(__file__).with_name("guests")
SECONDS = 20


class Command(IntEnum):
    ALLOCATE = 1
    MAP = 2
    UNMAP = 3
    SIZE = 4
    SPLIT = 5
    FREEZE = 6
    FREE = 7
    READ = 8
    WRITE = 9
    FILL = 10
    COUNT_OTHERS = 11
    SEND = 12
    RECEIVE = 13
    TAKE = 14
    GIVE = 15
    COPY = 16
    KIND = 17
    SEND_AS_CAPABILITY = 18
    SEND_MANY = 19
    COPY_BYTES = 20


def cost(pages: int, checked: bool = False) -> int:
    """What a block costs, in bytes: its pages, a page table for each 2 MiB, and what the host keeps of it.

    A checked one has a page table of the second level to itself.
    """
    return (pages + -(-pages // 512) + checked + 1) * PAGE_SIZE


class Actor:
    """A process of ``guests/actor.c``; each method is what it does.  ``checked``: such are its blocks."""

    def __init__(
        self,
        machine: motte.Machine,
        bank: motte.SpaceBank,
        source: motte.Receiver | None = None,
        sink: motte.Sender | None = None,
        checked: bool = False,
    ) -> None:
        self.bank = bank
        self.checked = checked
        program = machine.load(GUESTS / ("checked_actor.c" if checked else "actor.c"))
        self._commands, receiver = machine.channel(1)
        grants = {"commands": receiver, **({"in": source} if source else {}), **({"out": sink} if sink else {})}
        self.process = machine.spawn(program, bank=bank, time=None, grants=grants)
        receiver.close()
        self(Command.KIND, 0)  # it has come so far: from now on it does what it is told
        self.idle = bank.used

    def __call__(self, command: Command, *arguments: int) -> int:
        return self.answer(command, *arguments)[0]

    def answer(self, command: Command, *arguments: int, block: motte.Block | None = None) -> tuple[int, motte.Message]:
        data = struct.pack("<3q", *arguments, *[0] * (3 - len(arguments)))
        answer = self._commands.call(data, tag=command, blocks=[block] if block else [], timeout=SECONDS)
        return struct.unpack("<q", answer.data)[0], answer

    def cost(self, pages: int) -> int:
        """Of one of its blocks."""
        return cost(pages, self.checked)

    def fault(self, otherwise: motte.FaultKind = motte.FaultKind.UNMAPPED) -> motte.FaultKind:
        """What an access is that a block, or what was one, refuses."""
        return motte.FaultKind.CHECKED_BLOCK if self.checked else otherwise

    def made(self, pages: int, value: int = 0) -> tuple[int, int]:
        """A mapped block that is filled with a value: its handle and its address."""
        handle = self(Command.ALLOCATE, pages * PAGE_SIZE)
        assert handle > 0, handle
        address = self(Command.MAP, handle)
        assert address > 0
        self(Command.FILL, address, pages * PAGE_SIZE, value)
        return handle, address

    def dies(self, command: Command, *arguments: int) -> motte.Fault:
        """It is told something that it does not survive: the fault."""
        with pytest.raises(motte.PeerClosed):
            self(command, *arguments)
        fault = self.process.wait(SECONDS).fault
        assert fault is not None
        return fault

    def uses(self) -> int:
        """Bytes, more than when it had no blocks."""
        return self.bank.used - self.idle

    def close(self) -> None:
        self.process.close()
        self._commands.close()


@pytest.fixture
def machine() -> Iterator[motte.Machine]:
    with motte.Machine(memory="512MiB", workers=2) as machine:
        yield machine


NewActor = Callable[..., Actor]


@pytest.fixture(params=[False, True], ids=["moved", "checked"])
def checked(request: pytest.FixtureRequest) -> bool:
    """For tests of what holds for blocks whose pages move, and for checked ones."""
    return bool(request.param)


@pytest.fixture
def actor(machine: motte.Machine, request: pytest.FixtureRequest) -> Iterator[NewActor]:
    """Makes actors, each with a bank of its own; in the end nothing is charged any more."""
    actors: list[Actor] = []
    checked = "checked" in request.fixturenames and request.getfixturevalue("checked")

    def make(limit: str = "128MiB", **channels: object) -> Actor:
        actors.append(Actor(machine, machine.bank.sub(limit), checked=checked, **channels))  # type: ignore[arg-type]
        return actors[-1]

    yield make
    for each in actors:
        each.close()
    for each in actors:
        assert each.bank.used == 0, "something of a process stays charged"


@pytest.fixture
def pair(machine: motte.Machine, actor: NewActor) -> tuple[Actor, Actor]:
    """Two, of which the first sends to the second."""
    sender, receiver = machine.channel(4)
    one, other = actor(sink=sender), actor(source=receiver)
    sender.close()
    receiver.close()
    return one, other
