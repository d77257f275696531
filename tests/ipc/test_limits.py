"""Limits of tables, badges and membranes, each reached."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ipc.conftest import sender_of
from motte import LimitReached, Machine, TooDeep
from motte.abi.capabilities import CAPABILITY_LIMIT, KernelError
from motte.channel import Receiver, Sender

LIMITS = Path(__file__).with_name("programs") / "limits.c"
ENDPOINT_BADGES = 4096
MEMBRANE_LIMIT = 4096
CALL_MEMBRANES = 8


def test_a_guests_table_holds_so_many_capabilities_and_no_more(machine: Machine, ends: tuple[Sender, Receiver]) -> None:
    with machine.spawn(machine.load(LIMITS), grants={"out": ends[0]}) as process:
        process.wait(timeout=30)
        copies = CAPABILITY_LIMIT - 1  # beside the grant
        assert process.stdout.split() == [str(n).encode() for n in (copies, -KernelError.LIMIT_REACHED, 0, 1)]


def test_an_endpoint_tells_so_many_badges_apart_and_no_more(ends: tuple[Sender, Receiver]) -> None:
    sender, receiver = ends
    marked = [sender.restrict(badge=number) for number in range(1, ENDPOINT_BADGES + 1)]
    with pytest.raises(LimitReached):
        sender.restrict(badge=ENDPOINT_BADGES + 1)
    marked[-1].send()
    assert receiver.receive(timeout=0).badge == ENDPOINT_BADGES
    for capability in marked:
        capability.close()
    sender.restrict(badge=ENDPOINT_BADGES + 1).close()


def test_so_many_capabilities_cross_a_membrane_and_no_more(machine: Machine, ends: tuple[Sender, Receiver]) -> None:
    sender, receiver = ends
    other, others = machine.channel()
    held = []
    with other, others, machine.membrane(sender) as membrane:
        given = sender_of(membrane.given)
        for _ in range(MEMBRANE_LIMIT - 1):  # beside the first one
            given.send(capabilities=[other])
            held.extend(receiver.receive(timeout=0).capabilities)
        with pytest.raises(LimitReached):
            given.send(capabilities=[other])
        membrane.cut()
        assert not any(capability.valid for capability in held)
        for capability in held:
            capability.close()


def test_a_capability_to_answer_crosses_eight_membranes_and_no_more(
    machine: Machine, ends: tuple[Sender, Receiver]
) -> None:
    sender, receiver = ends
    with ThreadPoolExecutor(1) as pool:
        called = pool.submit(sender.call, timeout=30)
        reply = receiver.receive(timeout=30).take_reply()
        for crossed in range(CALL_MEMBRANES + 1):
            with machine.membrane(sender) as membrane:
                if crossed == CALL_MEMBRANES:
                    with pytest.raises(TooDeep):
                        sender_of(membrane.given).send(capabilities=[reply])
                    break
                sender_of(membrane.given).send(capabilities=[reply])
                (reply,) = receiver.receive(timeout=0).capabilities
        reply.reply(b"far")
        assert called.result().data == b"far"
