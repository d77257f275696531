"""Blocks of those who sleep deeply: what was open is open afterwards, and nothing else is."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

import motte
from exchange.conftest import SECONDS, Command, NewActor

pytestmark = pytest.mark.beside("what a process in a cell keeps while it waits is in the cell")


@pytest.fixture
def machine() -> Iterator[motte.Machine]:
    """In place of the usual one."""
    with motte.Machine(memory="512MiB", workers=2, deep_sleep="50us") as machine:
        yield machine


def until_asleep(machine: motte.Machine) -> None:
    """All of them."""
    end = time.monotonic() + SECONDS
    while (now := machine.statistics()).deep_sleepers < now.processes:
        assert time.monotonic() < end
        time.sleep(0.0002)


@pytest.mark.usefixtures("checked")
def test_a_block_that_was_open_is_open_after_deep_sleep(machine: motte.Machine, actor: NewActor) -> None:
    one, other = actor(), actor()
    places = [(each, each.made(1, value)[1], value) for each, value in ((one, 3), (other, 4))]
    for _ in range(5):
        for each, address, value in places:
            until_asleep(machine)
            assert each(Command.READ, address) == value


def test_a_block_that_was_closed_is_closed_after_deep_sleep(
    machine: motte.Machine, actor: NewActor, checked: bool
) -> None:
    one = actor()
    handle, address = one.made(1, 5)
    until_asleep(machine)
    assert one(Command.UNMAP, handle) == 0
    until_asleep(machine)
    fault = one.dies(Command.READ, address)
    assert fault.kind == (motte.FaultKind.CHECKED_BLOCK if checked else motte.FaultKind.UNMAPPED)
