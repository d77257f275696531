"""Whoever owns a block pays for it: the charge moves when it is received, and comes back when its owner is gone."""

import pytest

import motte
from exchange.conftest import Actor, Command, NewActor, cost
from motte.abi.capabilities import KernelError
from motte.abi.layout import PAGE_SIZE

PAGES = 256
Pair = tuple[Actor, Actor]

pytestmark = pytest.mark.usefixtures("checked")


def test_in_flight_the_sender_pays_and_then_the_receiver(pair: Pair) -> None:
    one, other = pair
    before = one.uses()
    handle = one(Command.ALLOCATE, PAGES * PAGE_SIZE)
    paid = one.uses()
    assert paid >= before + one.cost(PAGES)
    assert one(Command.SEND, handle) == 0
    assert one.uses() == paid
    received = other(Command.RECEIVE)
    assert one.uses() == paid - one.cost(PAGES)
    assert other.uses() >= other.cost(PAGES)
    assert other(Command.FREE, received) == 0
    assert other.uses() < PAGE_SIZE + PAGES


def test_a_block_that_comes_from_the_same_bank_costs_nothing_more(machine: motte.Machine) -> None:
    sender, receiver = machine.channel(2)
    bank = machine.bank.sub("8MiB")
    one, other = Actor(machine, bank, sink=sender), Actor(machine, bank, source=receiver)
    handle = one(Command.ALLOCATE, PAGES * PAGE_SIZE)
    used = bank.used
    bank.limit = used
    assert one(Command.SEND, handle) == 0
    received = other(Command.RECEIVE)
    assert received > 0
    assert bank.used == used
    assert one.process.statistics().memory + cost(PAGES) < other.process.statistics().memory + 64 * PAGE_SIZE
    one.close()
    other.close()
    assert bank.used == 0


def test_a_receiver_without_room_leaves_the_message_where_it_is(machine: motte.Machine, actor: NewActor) -> None:
    sender, receiver = machine.channel(4)
    one, poor = actor(sink=sender), actor("4MiB", source=receiver)
    handle, _ = one.made(PAGES, 3)
    poor.bank.limit = poor.bank.used + one.cost(PAGES) // 2
    assert one(Command.SEND, handle) == 0
    paid, idle = one.uses(), poor.bank.used
    for _ in range(3):
        assert poor(Command.RECEIVE) == -KernelError.LIMIT_REACHED
        assert (one.uses(), poor.bank.used) == (paid, idle)
    poor.bank.limit = "8MiB"
    address = poor(Command.MAP, poor(Command.RECEIVE))
    assert poor(Command.COUNT_OTHERS, address, PAGES * PAGE_SIZE, 3) == 0
    assert one.uses() == paid - one.cost(PAGES)


def test_an_allocation_beyond_the_limit_is_refused_and_leaves_no_trace(actor: NewActor) -> None:
    one = actor("3MiB")
    one(Command.ALLOCATE, PAGE_SIZE)
    used = one.uses()
    assert one(Command.ALLOCATE, 4 << 20) == -KernelError.LIMIT_REACHED
    assert one.uses() == used


@pytest.mark.parametrize("mapped", [False, True])
def test_the_blocks_of_one_who_is_killed_return_to_its_bank(machine: motte.Machine, mapped: bool) -> None:
    bank = machine.bank.sub("64MiB")
    one = Actor(machine, bank)
    for pages in (1, 300, 1000):
        handle = one(Command.ALLOCATE, pages * PAGE_SIZE)
        if mapped:
            one(Command.FILL, one(Command.MAP, handle), pages * PAGE_SIZE, 1)
    one.process.kill()
    one.close()
    assert bank.used == 0


def test_what_was_sent_arrives_although_its_sender_is_dead(machine: motte.Machine, pair: Pair) -> None:
    one, other = pair
    handle, _ = one.made(PAGES, 5)
    assert one(Command.SEND, handle) == 0
    one.close()
    assert one.bank.used == one.cost(PAGES)
    address = other(Command.MAP, other(Command.RECEIVE))
    assert other(Command.COUNT_OTHERS, address, PAGES * PAGE_SIZE, 5) == 0
    assert one.bank.used == 0


def test_what_a_dead_receiver_did_not_receive_returns_to_the_sender_s_bank(
    machine: motte.Machine, actor: NewActor
) -> None:
    sender, receiver = machine.channel(4)
    one, other = actor(sink=sender), actor(source=receiver)
    receiver.close()
    handle, _ = one.made(PAGES)
    assert one(Command.SEND, handle) == 0
    paid = one.uses()
    other.close()
    assert one.uses() == paid - one.cost(PAGES)


def test_a_bank_that_is_destroyed_takes_its_blocks_along_in_flight_and_in_python(
    machine: motte.Machine, actor: NewActor
) -> None:
    sender, receiver = machine.channel(4)
    other = actor(source=receiver)
    bank = machine.bank.sub("8MiB")
    held, sent = machine.exchange.allocate("1MiB", bank), machine.exchange.allocate("1MiB", bank)
    sender.send(blocks=[sent])
    used = machine.bank.used
    bank.destroy()
    assert machine.bank.used <= used - 2 * cost(PAGES)
    with pytest.raises(motte.InvalidCap):
        held.view()
    received = other(Command.RECEIVE)
    assert other(Command.SIZE, received) == -KernelError.INVALID_CAP
    assert other(Command.MAP, received) == 0
    assert other(Command.FREE, received) == 0
