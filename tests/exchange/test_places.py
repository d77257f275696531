"""Where blocks lie in a window, and how many and how large ones there can be."""

from pathlib import Path

import pytest

import motte
from exchange.conftest import Command, NewActor
from motte.abi.capabilities import KernelError
from motte.abi.layout import PAGE_SIZE


@pytest.mark.parametrize("wrong", [0, -1, 1 << 40, (508 << 20) + 1])
def test_there_is_no_block_of_no_size_nor_of_one_beyond_the_exchange_area(actor: NewActor, wrong: int) -> None:
    assert actor()(Command.ALLOCATE, wrong) == -KernelError.REQUEST_ERROR


def test_blocks_beyond_the_exchange_area_cannot_be_mapped_until_others_are_not(actor: NewActor) -> None:
    one = actor("256MiB")
    handles = [one(Command.ALLOCATE, 1) for _ in range(300)]
    addresses = [one(Command.MAP, handle) for handle in handles]
    assert all(addresses[:254])
    assert not any(addresses[256:])
    assert one(Command.UNMAP, handles[10]) == 0
    assert one(Command.MAP, handles[-1]) == addresses[10]


def test_a_crowd_of_places_costs_no_more_mappings_than_are_counted(machine: motte.Machine, actor: NewActor) -> None:
    """A guest that maps blocks of all sizes cannot use up what the whole host has."""
    one = actor("256MiB")

    def mappings() -> int:
        return len(Path("/proc/self/maps").read_text().splitlines())

    before = mappings()
    for pages in range(600, 1, -3):
        handle = one(Command.ALLOCATE, pages * PAGE_SIZE)
        assert one(Command.MAP, handle) > 0
        if pages % 2:
            assert one(Command.FREE, handle) == 0
    assert mappings() < before + 4 * 254
    one.close()
    assert mappings() < before + 16
