"""A block has one owner: what was given away cannot be touched, at exactly the access that tries to."""

import pytest

import motte
from exchange.conftest import Actor, Command, NewActor
from motte.abi.capabilities import CapabilityKind, KernelError
from motte.abi.layout import CHECKED_BLOCKS, CHECKED_CELL, EXCHANGE_BASE, EXCHANGE_END, PAGE_SIZE

PAGES = 300
Pair = tuple[Actor, Actor]

pytestmark = pytest.mark.usefixtures("checked")


@pytest.mark.parametrize("pages", [1, 2, 511, 512, 513, 1024])
def test_what_one_process_wrote_another_reads_and_the_block_is_zeros_at_first(pair: Pair, pages: int) -> None:
    one, other = pair
    handle = one(Command.ALLOCATE, pages * PAGE_SIZE)
    address = one(Command.MAP, handle)
    if one.checked:
        assert CHECKED_CELL <= address <= CHECKED_BLOCKS * CHECKED_CELL
        assert address % CHECKED_CELL == 0
    else:
        assert EXCHANGE_BASE <= address < address + pages * PAGE_SIZE <= EXCHANGE_END
    assert one(Command.COUNT_OTHERS, address, pages * PAGE_SIZE, 0) == 0
    one(Command.FILL, address, pages * PAGE_SIZE, 7)
    assert one(Command.SEND, handle) == 0
    received = other(Command.RECEIVE)
    assert other(Command.SIZE, received) == pages * PAGE_SIZE
    assert other(Command.KIND, received) == CapabilityKind.BLOCK
    assert other(Command.COUNT_OTHERS, other(Command.MAP, received), pages * PAGE_SIZE, 7) == 0


@pytest.mark.parametrize("command", [Command.READ, Command.WRITE])
@pytest.mark.parametrize("offset", [0, 5, (PAGES - 1) * PAGE_SIZE + 4095])
@pytest.mark.parametrize("received", [False, True], ids=["in flight", "received"])
def test_a_use_after_the_send_faults_at_that_access(pair: Pair, command: Command, offset: int, received: bool) -> None:
    one, other = pair
    handle, address = one.made(PAGES, 1)
    assert one(command, address + offset) in {0, 1}
    assert one(Command.SEND, handle) == 0
    if received:
        other(Command.MAP, other(Command.RECEIVE))
    fault = one.dies(command, address + offset)
    assert (fault.address, fault.kind) == (address + offset, one.fault())
    assert fault.access == ("read" if command == Command.READ else "write")


@pytest.mark.parametrize("end", [Command.FREE, Command.UNMAP])
def test_a_block_that_was_freed_or_unmapped_is_not_there(actor: NewActor, end: Command) -> None:
    one = actor()
    handle, address = one.made(PAGES)
    assert one(end, handle) == 0
    assert one.dies(Command.WRITE, address + PAGE_SIZE).address == address + PAGE_SIZE


@pytest.mark.parametrize("pages", [1, 511, 512, 513])
def test_there_is_nothing_behind_a_block(actor: NewActor, pages: int) -> None:
    one = actor()
    _, address = one.made(pages)
    one.made(pages)
    assert one.dies(Command.WRITE, address + pages * PAGE_SIZE).address == address + pages * PAGE_SIZE


@pytest.mark.parametrize(
    "command",
    [
        Command.SIZE,
        Command.UNMAP,
        Command.FREE,
        Command.SPLIT,
        Command.FREEZE,
        Command.SEND,
        Command.COPY,
        Command.KIND,
    ],
)
def test_the_handle_of_a_block_that_was_sent_means_nothing(pair: Pair, command: Command) -> None:
    one, _ = pair
    handle, _ = one.made(2)
    assert one(Command.SEND, handle) == 0
    assert one(command, handle, PAGE_SIZE) == -KernelError.INVALID_CAP
    assert one(Command.MAP, handle) == 0


def test_a_block_cannot_be_copied_nor_sent_as_a_copy(pair: Pair) -> None:
    one, other = pair
    handle, _ = one.made(1)
    assert one(Command.COPY, handle) == -KernelError.NO_ACCESS
    assert one(Command.SEND_AS_CAPABILITY, handle) == -KernelError.NO_ACCESS
    assert other(Command.RECEIVE) == -KernelError.TIMEOUT
    assert one(Command.SIZE, handle) == PAGE_SIZE


def test_a_message_carries_four_blocks_each_once_and_nothing_else(machine: motte.Machine, pair: Pair) -> None:
    one, other = pair
    handles = [one.made(1, value)[0] for value in range(5)]
    packed = sum(handle << 8 * place for place, handle in enumerate(handles[:4]))
    assert one(Command.SEND_MANY, packed, 5) == -KernelError.REQUEST_ERROR
    assert one(Command.SEND_MANY, handles[0] | handles[0] << 8, 2) == -KernelError.INVALID_CAP
    assert one(Command.SEND_MANY, handles[0] | 1 << 8, 2) == -KernelError.INVALID_CAP  # the channel of its commands
    assert one(Command.SEND_MANY, handles[0] | 200 << 8, 2) == -KernelError.INVALID_CAP
    assert [one(Command.SIZE, handle) for handle in handles] == [PAGE_SIZE] * 5
    assert one(Command.SEND_MANY, packed, 4) == 0
    assert [one(Command.SIZE, handle) for handle in handles[:4]] == [-KernelError.INVALID_CAP] * 4
    first = other(Command.RECEIVE)
    assert [other(Command.READ, other(Command.MAP, first + place)) for place in range(4)] == [0, 1, 2, 3]


def test_what_was_not_sent_is_where_it_was(machine: motte.Machine, actor: NewActor) -> None:
    sender, receiver = machine.channel(1)
    one = actor(sink=sender)
    sender.send(b"the queue is full now")
    handle, address = one.made(PAGES, 9)
    used = one.uses()
    assert one(Command.SEND, handle, 0) == -KernelError.FULL
    assert one(Command.COUNT_OTHERS, address, PAGES * PAGE_SIZE, 9) == 0
    assert one(Command.SEND, handle, 1_000_000) == -KernelError.TIMEOUT
    assert one(Command.COUNT_OTHERS, address, PAGES * PAGE_SIZE, 9) == 0
    assert one(Command.MAP, handle) == address
    assert one.uses() == used
    receiver.receive(0)
    assert one(Command.SEND, handle, 0) == 0
    assert receiver.receive(0).blocks[0].view()[PAGE_SIZE] == 9


def test_what_nobody_can_receive_is_gone(machine: motte.Machine, actor: NewActor) -> None:
    sender, receiver = machine.channel(1)
    one = actor(sink=sender)
    handle, _ = one.made(PAGES)
    sender.send(b"first")
    receiver.close()
    assert one(Command.SEND, handle) == 0
    assert one(Command.SIZE, handle) == -KernelError.INVALID_CAP
    assert one.uses() < one.cost(PAGES)


def test_recycled_pages_show_no_byte_of_who_had_them(machine: motte.Machine, actor: NewActor) -> None:
    for end in ("free", "kill"):
        one = actor()
        handles = [one.made(PAGES, 0xA5)[0] for _ in range(8)]
        if end == "kill":
            one.close()
        else:
            assert [one(Command.FREE, handle) for handle in handles] == [0] * 8
        two = actor()
        for _ in range(10):
            address = two(Command.MAP, two(Command.ALLOCATE, PAGES * PAGE_SIZE))
            assert two(Command.COUNT_OTHERS, address, PAGES * PAGE_SIZE, 0) == 0
