"""Blocks that are split in two, and blocks that are frozen and shared."""

import pytest

import motte
from exchange.conftest import Actor, Command, NewActor
from motte.abi.capabilities import KernelError
from motte.abi.layout import PAGE_SIZE

Pair = tuple[Actor, Actor]
SIZES = [(2, 1), (300, 128), (512, 511), (513, 512), (1023, 1), (1024, 512), (1000, 700)]

pytestmark = pytest.mark.usefixtures("checked")


@pytest.mark.parametrize(("pages", "count"), SIZES)
@pytest.mark.parametrize("mapped", [False, True])
def test_the_halves_of_a_block_go_to_two_processes(
    machine: motte.Machine, actor: NewActor, pages: int, count: int, mapped: bool
) -> None:
    sender, receiver = machine.channel(4)
    one, first, second = actor(sink=sender), actor(source=receiver), actor(source=receiver)
    handle, address = one.made(pages, 1)
    one(Command.FILL, address + count * PAGE_SIZE, (pages - count) * PAGE_SIZE, 2)
    if not mapped:
        one(Command.UNMAP, handle)
    used = one.uses()
    rest = one(Command.SPLIT, handle, count * PAGE_SIZE)
    assert rest > 0
    assert one.uses() - used == one.cost(count) + one.cost(pages - count) - one.cost(pages)
    assert (one(Command.SIZE, handle), one(Command.SIZE, rest)) == (count * PAGE_SIZE, (pages - count) * PAGE_SIZE)
    if mapped:
        assert one(Command.COUNT_OTHERS, address, count * PAGE_SIZE, 1) == 0
        assert one(Command.MAP, handle) == address
    for half, to, size, value in ((handle, first, count, 1), (rest, second, pages - count, 2)):
        assert one(Command.SEND, half) == 0
        place = to(Command.MAP, to(Command.RECEIVE))
        assert to(Command.COUNT_OTHERS, place, size * PAGE_SIZE, value) == 0
        to(Command.FILL, place, size * PAGE_SIZE, 3)
        assert to.dies(Command.WRITE, place + size * PAGE_SIZE).address == place + size * PAGE_SIZE


@pytest.mark.parametrize("offset", [0, 1, PAGE_SIZE + 1, 4 * PAGE_SIZE, 5 * PAGE_SIZE, -PAGE_SIZE, 1 << 44])
def test_a_block_is_split_between_its_pages_only(actor: NewActor, offset: int) -> None:
    one = actor()
    handle, address = one.made(4, 6)
    assert one(Command.SPLIT, handle, offset) == -KernelError.REQUEST_ERROR
    assert one(Command.COUNT_OTHERS, address, 4 * PAGE_SIZE, 6) == 0


def test_a_part_can_be_split_again_until_each_is_a_page(actor: NewActor) -> None:
    one = actor()
    handle, address = one.made(40)
    for page in range(40):
        one(Command.WRITE, address + page * PAGE_SIZE, page)
    for page in range(39):
        rest = one(Command.SPLIT, handle, PAGE_SIZE)
        assert one(Command.READ, one(Command.MAP, handle)) == page
        assert one(Command.FREE, handle) == 0
        handle = rest
    assert one(Command.READ, one(Command.MAP, handle)) == 39


def test_a_frozen_block_is_shared_by_all_who_have_a_copy(machine: motte.Machine, actor: NewActor) -> None:
    sender, receiver = machine.channel(4)
    one, first, second = actor(sink=sender), actor(source=receiver), actor(source=receiver)
    handle, address = one.made(300, 8)
    assert one(Command.FREEZE, handle) == 0
    assert one(Command.COUNT_OTHERS, address, 300 * PAGE_SIZE, 8) == 0
    places = []
    for other in (first, second):
        assert one(Command.SEND, handle) == 0
        place = other(Command.MAP, other(Command.RECEIVE))
        assert other(Command.COUNT_OTHERS, place, 300 * PAGE_SIZE, 8) == 0
        places.append(place)
    assert one(Command.FREE, handle) == 0
    one.close()
    assert first(Command.COUNT_OTHERS, places[0], 300 * PAGE_SIZE, 8) == 0
    assert one.bank.used == one.cost(300), "who froze it pays as long as somebody has it"
    first.close()
    second.close()
    assert one.bank.used == 0


@pytest.mark.parametrize("who", ["freezer", "receiver"])
def test_nobody_can_write_to_a_frozen_block(pair: Pair, who: str) -> None:
    one, other = pair
    handle, address = one.made(3, 1)
    assert one(Command.FREEZE, handle) == 0
    assert one(Command.SEND, handle) == 0
    writer, place = (one, address) if who == "freezer" else (other, other(Command.MAP, other(Command.RECEIVE)))
    fault = writer.dies(Command.WRITE, place + PAGE_SIZE + 1)
    assert (fault.kind, fault.address, fault.access) == (
        one.fault(motte.FaultKind.READ_ONLY),
        place + PAGE_SIZE + 1,
        "write",
    )


def test_a_frozen_block_is_neither_split_nor_frozen_again_and_can_be_copied(actor: NewActor) -> None:
    one = actor()
    handle, _ = one.made(3, 1)
    assert one(Command.FREEZE, handle) == 0
    assert one(Command.SPLIT, handle, PAGE_SIZE) == -KernelError.SEALED
    assert one(Command.FREEZE, handle) == -KernelError.SEALED
    copy = one(Command.COPY, handle)
    assert copy > 0
    assert one(Command.FREE, handle) == 0
    assert one(Command.READ, one(Command.MAP, copy)) == 1


def test_what_one_sees_of_a_frozen_block_stays_when_its_payer_is_destroyed(
    machine: motte.Machine, actor: NewActor
) -> None:
    sender, receiver = machine.channel(4)
    bank = machine.bank.sub("8MiB")
    other = actor(source=receiver)
    block = machine.exchange.allocate(PAGE_SIZE, bank, checked=other.checked)
    block.view()[:5] = b"words"
    block.freeze()
    sender.send(blocks=[block, block])
    received = other(Command.RECEIVE)
    place = other(Command.MAP, received)
    bank.destroy()
    assert other(Command.READ, place) == ord("w")
    assert other(Command.MAP, received + 1) == 0
    assert other(Command.UNMAP, received) == 0
    assert other(Command.MAP, received) == 0
