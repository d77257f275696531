"""What was given away is taken back: forwarders lead elsewhere or nowhere, membranes are cut with what crossed them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from ipc.conftest import sender_of
from motte import InvalidCap, Machine, Message, NoAccess, PeerClosed, RequestError, TooDeep
from motte.capability import Capability
from motte.channel import Receiver, Sender

SECOND = 1


def answer(receiver: Receiver, *capabilities: Capability) -> Message:
    """Receives a call, and answers it with these."""
    message = receiver.receive(timeout=20 * SECOND)
    message.reply(b"answer", capabilities=capabilities)
    return message


def test_a_forwarder_does_what_its_target_does_until_it_is_cut(machine: Machine, ends: tuple[Sender, Receiver]) -> None:
    sender, receiver = ends
    with machine.forwarder(sender) as forwarder:
        given = sender_of(forwarder.given.copy())
        given.send(b"through")
        forwarder.cut()
        assert receiver.receive(timeout=0).data == b"through"
        with pytest.raises(InvalidCap):
            given.send(b"nowhere")
        forwarder.cut()
        given.close()


def test_who_is_behind_a_forwarder_learns_that_nobody_is_left_when_it_is_cut(machine: Machine) -> None:
    sender, receiver = machine.channel()
    forwarder = machine.forwarder(sender)
    sender.close()
    forwarder.cut()
    with receiver, pytest.raises(PeerClosed):
        receiver.receive(timeout=20 * SECOND)
    forwarder.close()


def test_a_forwarder_that_is_retargeted_leads_elsewhere(machine: Machine, ends: tuple[Sender, Receiver]) -> None:
    sender, receiver = ends
    other, others = machine.channel()
    with other, others, machine.forwarder(sender) as forwarder:
        given = sender_of(forwarder.given)
        given.send(b"one")
        forwarder.retarget(other)
        given.send(b"two")
        assert receiver.receive(timeout=0).data == b"one"
        assert others.receive(timeout=0).data == b"two"


def test_forwarders_do_not_go_round(machine: Machine, ends: tuple[Sender, Receiver]) -> None:
    with machine.forwarder(ends[0]) as one, machine.forwarder(one.given) as two:
        with pytest.raises(RequestError):
            one.retarget(two.given)
        with pytest.raises(RequestError):
            one.retarget(one.given)


def test_a_chain_of_more_than_eight_forwarders_is_refused(machine: Machine, ends: tuple[Sender, Receiver]) -> None:
    chain = [machine.forwarder(ends[0])]
    while len(chain) < 8:
        chain.append(machine.forwarder(chain[-1].given))
    sender_of(chain[-1].given).send(b"far")
    with pytest.raises(TooDeep):
        machine.forwarder(chain[-1].given)
    for forwarder in chain:
        forwarder.close()


def test_a_chain_that_became_too_long_leads_nowhere(machine: Machine, ends: tuple[Sender, Receiver]) -> None:
    sender, _ = ends
    chain = [machine.forwarder(sender)]
    while len(chain) < 8:
        chain.append(machine.forwarder(chain[-1].given))
    with machine.forwarder(sender) as longer:
        chain[0].retarget(longer.given)
        with pytest.raises(InvalidCap):
            sender_of(chain[-1].given).send(b"too far")
        assert not chain[-1].given.valid
        for forwarder in chain:
            forwarder.close()


def test_a_receiver_and_what_may_not_be_copied_have_no_forwarder(
    machine: Machine, ends: tuple[Sender, Receiver]
) -> None:
    with pytest.raises(NoAccess):
        machine.forwarder(ends[1])
    with ends[0].restrict(1) as only_to_send, pytest.raises(NoAccess):
        machine.forwarder(only_to_send)


def test_a_capability_that_came_through_an_answer_is_cut_with_the_membrane(
    machine: Machine, ends: tuple[Sender, Receiver]
) -> None:
    sender, receiver = ends
    inner, inners = machine.channel()
    with inner, inners, machine.membrane(sender) as membrane, ThreadPoolExecutor(1) as pool:
        served = pool.submit(answer, receiver, inner)
        reply = sender_of(membrane.given).call(b"question", timeout=20 * SECOND)
        served.result()
        wrapped = sender_of(reply.capabilities[0])
        wrapped.send(b"before")
        assert inners.receive(timeout=0).data == b"before"
        membrane.cut()
        with pytest.raises(InvalidCap):
            wrapped.send(b"after")
        inner.send(b"its own")


def test_a_capability_that_comes_back_through_its_membrane_is_itself_again(
    machine: Machine, ends: tuple[Sender, Receiver]
) -> None:
    sender, receiver = ends
    inner, inners = machine.channel()
    with inner, inners, machine.membrane(sender) as membrane, ThreadPoolExecutor(1) as pool:
        served = pool.submit(answer, receiver, inner)
        reply = sender_of(membrane.given).call(timeout=20 * SECOND)
        served.result()
        assert reply.capabilities[0] != inner
        sender_of(membrane.given).send(capabilities=reply.capabilities)
        assert receiver.receive(timeout=0).capabilities[0] == inner


def test_an_argument_is_wrapped_so_that_the_server_loses_it_with_the_membrane(
    machine: Machine, ends: tuple[Sender, Receiver]
) -> None:
    sender, receiver = ends
    outer, outers = machine.channel()
    with outer, outers, machine.membrane(sender) as membrane:
        sender_of(membrane.given).send(capabilities=[outer])
        wrapped = sender_of(receiver.receive(timeout=0).capabilities[0])
        wrapped.send(b"before")
        membrane.cut()
        with pytest.raises(InvalidCap):
            wrapped.send(b"after")
        assert outers.receive(timeout=0).data == b"before"


def test_a_receiver_does_not_cross_a_membrane(machine: Machine, ends: tuple[Sender, Receiver]) -> None:
    other, others = machine.channel()
    with other, others, machine.membrane(ends[0]) as membrane:
        with pytest.raises(NoAccess):
            sender_of(membrane.given).send(capabilities=[others])
        other.send(b"still here")
        assert others.receive(timeout=0).data == b"still here"


def test_an_answer_that_is_under_way_when_the_membrane_is_cut_comes_without_its_capabilities(
    machine: Machine, ends: tuple[Sender, Receiver]
) -> None:
    sender, receiver = ends
    with machine.membrane(sender) as membrane, ThreadPoolExecutor(1) as pool:
        called = pool.submit(sender_of(membrane.given).call, b"question", timeout=20 * SECOND)
        message = receiver.receive(timeout=20 * SECOND)
        membrane.cut()
        message.reply(b"answer", capabilities=[sender])
        reply = called.result()
        assert (reply.data, list(reply.capabilities)) == (b"answer", [])


def test_forwarders_cost_their_bank_and_give_it_back(machine: Machine, ends: tuple[Sender, Receiver]) -> None:
    with machine.bank.sub("1MiB") as bank:
        membranes = [machine.membrane(ends[0], bank=bank) for _ in range(100)]
        assert bank.used > 0
        for membrane in membranes:
            membrane.close()
        assert bank.used == 0
