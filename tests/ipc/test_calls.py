"""Calls: one answer, once, and nobody who is held up by somebody else's end."""

import signal
import threading
import time

import pytest

import motte
from ipc.conftest import GUESTS, LONG, Party, Said, until_it_waits
from motte import InvalidCap, PeerClosed, Timeout

PEER_CLOSED = "-1008"


def test_an_answer_can_be_given_once_by_a_guest(machine: motte.Machine, party: Party, said: Said) -> None:
    sender, receiver = machine.channel()
    server = party("reply twice", in_=receiver)
    assert sender.call(timeout=LONG).data == b"once"
    assert said(server) == "0 -1001"


def test_an_answer_can_be_given_once_by_python(machine: motte.Machine, party: Party, said: Said) -> None:
    sender, receiver = machine.channel()
    client = party("call", out=sender)
    request = receiver.receive(LONG)
    assert request.wants_reply
    request.reply(b"!", tag=1, capabilities=[sender])
    assert said(client) == "0"
    assert not request.wants_reply
    with pytest.raises(InvalidCap):
        request.reply()


def test_an_answer_that_cannot_be_sent_can_be_given_again(machine: motte.Machine, party: Party, said: Said) -> None:
    sender, receiver = machine.channel()
    client = party("call", out=sender)
    request = receiver.receive(LONG)
    with pytest.raises(motte.RequestError):
        request.reply(bytes(65 * 1024))
    with pytest.raises(motte.Closed):
        closed = sender.copy()
        closed.close()
        request.reply(capabilities=[closed])
    request.reply(b"!")
    assert said(client) == "0"


def test_the_capability_to_answer_can_be_sent_on_and_is_then_gone(machine: motte.Machine, party: Party) -> None:
    sender, receiver = machine.channel()
    desk, clerk = machine.channel()
    answers: list[bytes] = []
    client = threading.Thread(target=lambda: answers.append(sender.call(timeout=LONG).data))
    client.start()
    reply = receiver.receive(LONG).take_reply()
    desk.send(capabilities=[reply])
    with pytest.raises(motte.Closed):
        reply.reply(b"by the first")
    (moved,) = clerk.receive(0).capabilities
    assert isinstance(moved, motte.ReplyCapability)
    moved.reply(b"by the clerk")
    client.join(LONG)
    assert answers == [b"by the clerk"]
    with pytest.raises(motte.Closed):
        moved.reply()


def test_a_capability_to_answer_that_was_not_sent_stays_with_its_owner(machine: motte.Machine, party: Party) -> None:
    sender, receiver = machine.channel()
    desk, _clerk = machine.channel(1)
    desk.send()
    party("call", out=sender)
    reply = receiver.receive(LONG).take_reply()
    for unsent in (
        lambda: desk.send(capabilities=[reply], timeout=0),
        lambda: desk.send(capabilities=[reply], timeout=0.001),
        lambda: desk.send(capabilities=[reply, reply]),
        lambda: desk.call(capabilities=[reply], timeout=0.001),
    ):
        with pytest.raises((motte.Full, Timeout, motte.Closed)):
            unsent()
        assert reply.valid
    reply.reply()


def test_a_guest_that_could_not_hand_a_capability_to_answer_on_in_time_has_it_still(
    machine: motte.Machine, party: Party, said: Said
) -> None:
    sender, receiver = machine.channel()
    desk, _clerk = machine.channel(1)
    desk.send()
    server = party("answer after all", in_=receiver, out=desk)
    assert sender.call(timeout=LONG).data == b"after all"
    assert said(server) == "-1007 0"


def test_a_capability_to_answer_cannot_be_in_its_own_answer_nor_sent_with_itself(
    machine: motte.Machine, party: Party, said: Said
) -> None:
    sender, receiver = machine.channel()
    client = party("call", out=sender)
    reply = receiver.receive(LONG).take_reply()
    with pytest.raises(InvalidCap):
        reply.reply(capabilities=[reply])
    with pytest.raises(InvalidCap):
        reply.core.call(b"", 0, 0, (reply.core,), None)
    assert reply.valid
    reply.reply()
    assert said(client) == "0"


def test_a_server_never_waits_for_a_client_that_is_gone(machine: motte.Machine, party: Party, said: Said) -> None:
    sender, receiver = machine.channel()
    gone, there = party("call", out=sender), party("call", out=sender)
    requests = [receiver.receive(LONG), receiver.receive(LONG)]
    by_sender = {request.sender: request for request in requests}
    gone.kill()
    gone.wait(LONG)
    begun = time.monotonic()
    by_sender[gone.identity].reply(b"for nobody")
    assert time.monotonic() - begun < 1
    by_sender[there.identity].reply(b"for you")
    assert said(there) == "0"


@pytest.mark.parametrize("fate", ["killed", "suspended"])
def test_a_guest_that_serves_goes_on_whatever_becomes_of_its_client(
    machine: motte.Machine, party: Party, said: Said, fate: str
) -> None:
    sender, receiver = machine.channel()
    server = party("echo", in_=receiver)
    until_it_waits(server)
    server.suspend()
    client, other = party("call", out=sender), party("call", out=sender)
    for each in (client, other):
        until_it_waits(each)
    if fate == "killed":
        client.kill()
    else:
        client.suspend()
    server.resume()
    assert said(other) == "0"
    assert sender.call(b"next", timeout=LONG).data == b"next"
    if fate == "suspended":
        client.resume()
        assert said(client) == "0", "its answer has waited for it, and nobody else"


def test_a_client_that_gave_up_gets_nothing_later(machine: motte.Machine) -> None:
    sender, receiver = machine.channel()
    with pytest.raises(Timeout):
        sender.call(b"first", timeout=0.01)
    answers: list[bytes] = []
    client = threading.Thread(target=lambda: answers.append(sender.call(b"second", timeout=LONG).data))
    client.start()
    first, second = receiver.receive(LONG), receiver.receive(LONG)
    first.reply(b"late")
    second.reply(b"in time")
    client.join(LONG)
    assert answers == [b"in time"]


@pytest.mark.parametrize("server", ["take and hang", "take and crash"])
def test_the_end_of_a_server_before_its_answer_is_told_to_the_client(
    machine: motte.Machine, party: Party, said: Said, server: str
) -> None:
    sender, receiver = machine.channel()
    serving = party(server, in_=receiver)
    receiver.close()
    client = party("call", out=sender)
    if server == "take and hang":
        until_it_waits(client)
        while serving.state != "waiting":
            pass
        serving.kill()
    assert said(client) == PEER_CLOSED
    serving.wait(LONG)


def test_a_request_that_is_thrown_away_is_no_answer_to_the_client(
    machine: motte.Machine, party: Party, said: Said
) -> None:
    sender, receiver = machine.channel()
    client = party("call", out=sender)
    receiver.receive(LONG)
    assert said(client) == PEER_CLOSED


def test_a_call_that_nobody_can_receive_fails_at_once(machine: motte.Machine, party: Party, said: Said) -> None:
    sender, receiver = machine.channel()
    waiting = party("call", out=sender)
    until_it_waits(waiting)
    receiver.close()
    assert said(waiting) == PEER_CLOSED
    with pytest.raises(PeerClosed):
        sender.call()
    sender.send(b"gone")


def test_three_messages_of_a_sender_that_was_killed_arrive_before_its_end(machine: motte.Machine, party: Party) -> None:
    sender, receiver = machine.channel(3)
    process = party("send numbered", 4, out=sender)
    sender.close()
    until_it_waits(process)
    process.kill()
    process.wait(LONG)
    assert [message.tag for message in receiver] == [0, 1, 2]


def test_closing_a_receiver_ends_the_wait_of_another_thread(machine: motte.Machine) -> None:
    _sender, receiver = machine.channel()
    raised: list[BaseException] = []

    def wait() -> None:
        try:
            receiver.receive()
        except motte.MotteError as error:
            raised.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.01)  # most often it waits by now; if not, it learns the same in another way
    receiver.close()
    thread.join(LONG)
    assert isinstance(raised[0], InvalidCap | motte.Closed)


@pytest.mark.parametrize("step", ["queued", "received", "answered"])
@pytest.mark.parametrize("victim", ["client", "server"])
def test_whoever_dies_at_whichever_step_every_page_comes_back(
    machine: motte.Machine, party: Party, victim: str, step: str
) -> None:
    bank = machine.bank.sub("32MiB")
    sender, receiver = machine.channel(bank=bank)
    carried, other_end = machine.channel(bank=bank)
    sender.send(b"x" * 60_000, capabilities=[carried, other_end, sender])
    if step != "queued":
        message = receiver.receive(0)
        if step == "answered":
            message.close()
    process = party("call", out=sender) if victim == "client" else party("take and hang", in_=receiver)
    if victim == "client":
        until_it_waits(process)
    else:
        sender.send(capabilities=[carried])
        while process.state != "waiting":
            pass
    process.kill()
    process.wait(LONG)
    process.close()
    for each in (sender, receiver, carried, other_end):
        each.close()
    if step == "received":
        message.close()
    assert bank.used == 0


# --- banks ---


def test_a_channel_ends_with_the_bank_that_paid_for_it(machine: motte.Machine, party: Party, said: Said) -> None:
    bank = machine.bank.sub("1MiB")
    sender, receiver = machine.channel(bank=bank)
    waiting, calling = party("echo", in_=receiver), party("call", out=machine.channel()[0])
    until_it_waits(waiting)
    bank.destroy()
    assert said(waiting) == "-1001"
    assert said(calling) == PEER_CLOSED
    for use in (sender.send, lambda: receiver.receive(0), sender.copy):
        with pytest.raises(InvalidCap):
            use()
    assert bank.destroyed


def test_who_has_called_one_that_fails_learns_so_while_all_workers_are_busy() -> None:
    with motte.Machine(workers=1) as machine:
        caller, failing = machine.load(GUESTS / "party.c"), machine.load(GUESTS / "fails.c")
        (out, in_), (order, orders) = machine.channel(), machine.channel()
        server = machine.spawn(failing, ["fails"], grants={"in": in_, "orders": orders})
        client = machine.spawn(caller, ["call"], grants={"out": out})
        until_it_waits(server)
        until_it_waits(client)
        in_.close()
        busy = machine.spawn(failing, ["spins"], time=None)
        while not busy.statistics().cpu_time:
            pass
        order.send()
        assert client.wait(LONG).returncode == 0
        assert client.stdout.decode() == PEER_CLOSED
        assert server.wait(LONG).returncode == 139
        assert busy.state == "running"


def test_all_channels_end_with_their_machine(machine: motte.Machine) -> None:
    with motte.Machine() as other:
        sender, receiver = other.channel()
        raised: list[BaseException] = []

        def wait() -> None:
            try:
                receiver.receive()
            except motte.MotteError as error:
                raised.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
    thread.join(LONG)
    assert isinstance(raised[0], InvalidCap)
    with pytest.raises(InvalidCap):
        sender.send()


# --- waits that are interrupted ---


class InterruptionError(Exception):
    """Of a signal handler."""


def interrupt(_number: int, _frame: object) -> None:
    raise InterruptionError


@pytest.mark.parametrize("waits", ["receive", "call", "send", "select"])
def test_a_signal_handler_that_raises_ends_the_wait_and_nothing_is_lost(machine: motte.Machine, waits: str) -> None:
    sender, receiver = machine.channel(1)
    waiting = {
        "receive": receiver.receive,
        "call": lambda: sender.call(b"asked"),
        "send": lambda: sender.send(b"second"),
        "select": lambda: motte.select([receiver]),
    }
    if waits == "send":
        sender.send(b"first")
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        with pytest.raises(InterruptionError):
            waiting[waits]()
    finally:
        signal.signal(signal.SIGALRM, before)
    if waits in {"send", "call"}:
        assert receiver.receive(0).data == (b"first" if waits == "send" else b"asked")
    with pytest.raises(Timeout):
        receiver.receive(0)
    sender.send(b"afterwards")
    assert receiver.receive(0).data == b"afterwards"
