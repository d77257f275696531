"""Blocks that Python owns: it sees their bytes, without a copy, until they are somebody else's."""

import asyncio
import gc
import os

import numpy
import pytest

import motte
from exchange.conftest import Actor, Command, NewActor, cost
from motte.abi.layout import PAGE_SIZE


@pytest.fixture
def channel(machine: motte.Machine) -> tuple[motte.Sender, motte.Receiver]:
    return machine.channel(4)


Channel = tuple[motte.Sender, motte.Receiver]


def test_python_and_a_guest_see_the_same_pages_one_after_the_other(machine: motte.Machine, actor: NewActor) -> None:
    one = actor()
    block = machine.exchange.allocate("1MiB")
    block.view()[:] = bytes(range(256)) * 4096
    handle, _ = one.answer(Command.TAKE, block=block)
    address = one(Command.MAP, handle)
    assert [one(Command.READ, address + at) for at in (0, 77, (1 << 20) - 1)] == [0, 77, 255]
    one(Command.WRITE, address + 77, 9)
    _, answer = one.answer(Command.GIVE, handle)
    assert answer.blocks[0].size == 1 << 20
    assert answer.blocks[0].view()[76:79] == bytes([76, 9, 78])
    assert one.dies(Command.READ, address).address == address


def test_every_use_of_a_block_that_was_sent_says_that_it_is_not_ours(machine: motte.Machine, channel: Channel) -> None:
    block = machine.exchange.allocate(PAGE_SIZE)
    view = block.view()
    channel[0].send(blocks=[block])
    with pytest.raises(ValueError, match="released"):
        view[0]
    uses = (block.view, lambda: block.size, lambda: block.frozen, lambda: block.split(PAGE_SIZE), block.freeze)
    for use in (*uses, lambda: channel[0].send(blocks=[block])):
        with pytest.raises(motte.NotOwner):
            use()
    block.close()


def test_after_close_it_is_closed(machine: motte.Machine) -> None:
    block = machine.exchange.allocate(PAGE_SIZE)
    block.close()
    block.close()
    with pytest.raises(motte.Closed):
        block.view()


def test_what_was_made_of_a_view_keeps_the_block_where_it_is(machine: motte.Machine, channel: Channel) -> None:
    sender, receiver = channel
    block = machine.exchange.allocate(2 * PAGE_SIZE)
    array = numpy.frombuffer(block.view(), dtype=numpy.uint32)
    array[:] = 7
    for refused in (lambda: sender.send(blocks=[block]), lambda: block.split(PAGE_SIZE), block.freeze):
        with pytest.raises(BufferError):
            refused()
    with pytest.raises(motte.Timeout):
        receiver.receive(0)
    assert array.sum() == 7 * 2048
    part = block.view()[:5]
    del array
    with pytest.raises(BufferError):
        sender.send(blocks=[block])
    part.release()
    sender.send(blocks=[block])
    received = numpy.frombuffer(receiver.receive(0).blocks[0].view(), dtype=numpy.uint32)
    assert received.sum() == 7 * 2048


def test_a_view_keeps_its_bytes_when_the_block_is_closed_and_its_bank_pays_until_it_is_released(
    machine: motte.Machine,
) -> None:
    bank = machine.bank.sub("1MiB")
    block = machine.exchange.allocate(3 * PAGE_SIZE, bank)
    view = block.view()
    view[:3] = b"abc"
    block.close()
    del block
    gc.collect()
    assert view[:3] == b"abc"
    assert bank.used == cost(3)
    view.release()
    assert bank.used == 0


def test_a_view_keeps_its_bytes_when_the_bank_and_the_machine_are_gone() -> None:
    with motte.Machine(memory="16MiB") as machine:
        bank = machine.bank.sub("1MiB")
        block, other = machine.exchange.allocate(PAGE_SIZE, bank), machine.exchange.allocate(PAGE_SIZE)
        views = block.view(), other.view()
        views[0][0], views[1][0] = 1, 2
        bank.destroy()
        assert views[0][0] == 1
        with pytest.raises(motte.InvalidCap):
            block.view()
    assert (views[0][0], views[1][0]) == (1, 2)
    for view in views:
        view.release()


def test_a_frozen_block_is_read_only_and_can_be_sent_while_it_is_seen(machine: motte.Machine, channel: Channel) -> None:
    block = machine.exchange.allocate(PAGE_SIZE)
    block.view()[:2] = b"ok"
    block.freeze()
    view = block.view()
    assert view.readonly
    assert block.frozen
    channel[0].send(blocks=[block, block])
    message = channel[1].receive(0)
    assert [each.view()[:2] for each in message.blocks] == [b"ok"] * 2
    assert view[:2] == b"ok"
    with pytest.raises(motte.Sealed):
        block.freeze()
    with pytest.raises(motte.Sealed):
        block.split(PAGE_SIZE)


@pytest.mark.parametrize(("pages", "count"), [(2, 1), (513, 512), (700, 300)])
def test_split_in_python_the_bank_pays_for_both(machine: motte.Machine, pages: int, count: int) -> None:
    bank = machine.bank.sub("16MiB")
    block = machine.exchange.allocate(pages * PAGE_SIZE, bank)
    block.view()[:] = b"\1" * (count * PAGE_SIZE) + b"\2" * ((pages - count) * PAGE_SIZE)
    rest = block.split(count * PAGE_SIZE)
    assert bank.used == cost(count) + cost(pages - count)
    assert bytes(block.view()) == b"\1" * (count * PAGE_SIZE)
    assert bytes(rest.view()) == b"\2" * ((pages - count) * PAGE_SIZE)
    block.close()
    rest.close()
    assert bank.used == 0


def test_a_split_that_the_bank_does_not_cover_changes_nothing(machine: motte.Machine) -> None:
    bank = machine.bank.sub(cost(4))
    block = machine.exchange.allocate(4 * PAGE_SIZE, bank)
    with pytest.raises(motte.LimitReached) as refusal:
        block.split(PAGE_SIZE)
    assert refusal.value.bank_identity is not None
    assert block.size == 4 * PAGE_SIZE


def test_the_bank_that_refuses_a_block_is_named(machine: motte.Machine) -> None:
    bank = machine.bank.sub("1MiB")
    with pytest.raises(motte.LimitReached) as refusal:
        machine.exchange.allocate("1MiB", bank)
    assert refusal.value.bank == bank
    assert bank.used == 0


@pytest.mark.parametrize("size", [0, 511 << 20])
def test_a_size_that_no_block_has_is_an_error(machine: motte.Machine, size: int) -> None:
    with pytest.raises(ValueError, match="size"):
        machine.exchange.allocate(size)


def test_python_without_room_leaves_the_message_in_the_channel(machine: motte.Machine) -> None:
    poor, rich = machine.bank.sub("128KiB"), machine.bank.sub("8MiB")
    sender, receiver = machine.channel(2, bank=poor)
    idle = poor.used
    sender.send(b"text", blocks=[machine.exchange.allocate("1MiB", rich)])
    for _ in range(2):
        with pytest.raises(motte.LimitReached):
            receiver.receive(0)
    assert (rich.used, poor.used) == (cost(256), idle)
    poor.limit = "8MiB"
    message = receiver.receive(0)
    assert (rich.used, poor.used) == (0, idle + cost(256))
    message.close()
    assert poor.used == idle


def test_what_could_not_be_sent_is_ours_still(machine: motte.Machine) -> None:
    sender, receiver = machine.channel(1)
    block, other = machine.exchange.allocate(PAGE_SIZE), machine.exchange.allocate(PAGE_SIZE)
    block.view()[0] = 5
    sender.send(b"full")
    for timeout, error in ((0, motte.Full), (0.01, motte.Timeout)):
        with pytest.raises(error):
            sender.send(blocks=[other, block], timeout=timeout)
        assert block.view()[0] == 5
    with pytest.raises(motte.RequestError):
        sender.send(blocks=[machine.exchange.allocate(PAGE_SIZE) for _ in range(4)] + [block])
    with pytest.raises(motte.InvalidCap):
        sender.send(blocks=[block, block], timeout=0)
    assert block.view()[0] == 5

    async def give_up() -> None:
        await asyncio.wait_for(sender.send_async(blocks=[block]), 0.01)

    with pytest.raises(TimeoutError):
        asyncio.run(give_up())
    assert block.view()[0] == 5
    receiver.receive(0)
    sender.send(blocks=[block], timeout=0)
    assert receiver.receive(0).blocks[0].view()[0] == 5


def test_blocks_and_capabilities_are_not_mixed_up(machine: motte.Machine, channel: Channel) -> None:
    sender, receiver = channel
    block = machine.exchange.allocate(PAGE_SIZE)
    with pytest.raises(TypeError, match="capabilities"):
        sender.send(capabilities=[block])
    with pytest.raises(TypeError, match="blocks"):
        sender.send(blocks=[sender])  # type: ignore[list-item]
    sender.send(capabilities=[sender, sender], blocks=[block])
    message = receiver.receive(0)
    assert (len(message.capabilities), len(message.blocks)) == (2, 1)


def test_a_child_of_a_fork_makes_no_views(machine: motte.Machine) -> None:
    block = machine.exchange.allocate(PAGE_SIZE)
    child = os.fork()
    if child == 0:
        try:
            block.view()
        except motte.BadState:
            os._exit(0)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


def test_a_block_from_a_weak_answer_can_be_read_only(machine: motte.Machine, channel: Channel) -> None:
    sender, receiver = channel
    sender.send(blocks=[machine.exchange.allocate(PAGE_SIZE)])
    weak = receiver.restrict(weak=True)
    assert weak.receive(0).blocks[0].view().readonly


def test_a_guest_reads_a_weak_block_and_faults_when_it_writes(machine: motte.Machine, actor: NewActor) -> None:
    sender, receiver = machine.channel(4)
    one = actor(source=receiver.restrict(weak=True))
    block = machine.exchange.allocate(2 * PAGE_SIZE)
    block.view()[PAGE_SIZE] = 4
    sender.send(blocks=[block])
    address = one(Command.MAP, one(Command.RECEIVE))
    assert one(Command.READ, address + PAGE_SIZE) == 4
    assert one.dies(Command.WRITE, address + PAGE_SIZE).kind == motte.FaultKind.READ_ONLY


def test_actors_are_made_and_gone(machine: motte.Machine) -> None:
    before = machine.bank.used
    one = Actor(machine, machine.bank.sub("8MiB"))
    one.close()
    one.bank.destroy()
    assert machine.bank.used <= before + (1 << 20)  # the program itself
