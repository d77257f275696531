"""Messages: what they carry, in which order they arrive, and what becomes of them when somebody is slow or gone."""

import threading
import time

import pytest

import motte
from ipc.conftest import GUESTS, LONG, Party, Said, until_it_waits
from motte import Full, RequestError, Timeout
from motte.core import Completions

LIMIT = 64 * 1024
REQUEST_ERROR = -1004
LIMIT_REACHED = "-1005"


# --- limits ---


def test_a_guest_sends_messages_up_to_the_limits_and_no_further(machine: motte.Machine, said: Said) -> None:
    with machine.spawn(machine.load(GUESTS / "limits.c")) as process:
        first, second = said(process).split("|")
    assert [int(each) for each in first.split()] == [0, 0, 0, REQUEST_ERROR, 0, REQUEST_ERROR, REQUEST_ERROR, 0]
    assert [int(each) for each in second.split()] == [REQUEST_ERROR, REQUEST_ERROR, REQUEST_ERROR, 0, 0, REQUEST_ERROR]


def test_python_sends_messages_up_to_the_limits_and_no_further(machine: motte.Machine) -> None:
    sender, receiver = machine.channel()
    sender.send(bytes(LIMIT), tag=2**32 - 1, capabilities=[sender] * 4)
    arrived = receiver.receive(0)
    assert (len(arrived.data), arrived.tag, len(arrived.capabilities)) == (LIMIT, 2**32 - 1, 4)
    with pytest.raises(RequestError):
        sender.send(bytes(LIMIT + 1))
    with pytest.raises(RequestError):
        sender.send(capabilities=[sender] * 5)
    for tag in (-1, 2**32):
        with pytest.raises(OverflowError):
            sender.send(tag=tag)
    with pytest.raises(Timeout):
        receiver.receive(0)


def test_a_channel_has_from_1_to_65536_places_and_a_buffer_that_they_can_fill(machine: motte.Machine) -> None:
    for capacity in (0, 65537):
        with pytest.raises(ValueError, match="1 to 65536"):
            machine.channel(capacity)
    with pytest.raises(ValueError, match="at most 65536 bytes for each of 2 messages"):
        machine.channel(2, buffer=2 * LIMIT + 1)
    sender, _receiver = machine.channel(65536, buffer=1)
    with pytest.raises(RequestError):
        sender.send(b"ab")
    sender.send(b"a")


def test_no_receiver_can_be_sent_into_its_own_channel(machine: motte.Machine) -> None:
    sender, receiver = machine.channel()
    with pytest.raises(RequestError):
        sender.send(capabilities=[receiver])


def test_anything_that_has_bytes_can_be_sent(machine: motte.Machine) -> None:
    sender, receiver = machine.channel()
    for data in (bytearray(b"abc"), memoryview(b"xabcx")[1:4]):
        sender.send(data)
        assert bytes(receiver.receive(0)) == b"abc"


# --- queues ---


def test_a_flood_is_refused_and_costs_the_receiver_nothing_more(
    machine: motte.Machine, party: Party, said: Said
) -> None:
    bank = machine.bank.sub("1MiB")
    sender, receiver = machine.channel(100, bank=bank, buffer=LIMIT)
    paid = bank.used
    assert said(party("flood", out=sender)) == "65 -1006"
    assert bank.used == paid
    with pytest.raises(Full):
        sender.send(bytes(1000), timeout=0)
    received = 0
    while True:
        try:
            received += len(receiver.receive(0).data)
        except Timeout:
            break
    assert received == 65_000
    assert bank.used == paid


def test_a_channel_is_paid_for_at_once_or_not_made(machine: motte.Machine) -> None:
    bank = machine.bank.sub("64KiB")
    with pytest.raises(motte.LimitReached) as refused:
        machine.channel(bank=bank)
    assert refused.value.bank == bank
    assert bank.used == 0
    sender, receiver = machine.channel(1, bank=bank, buffer=1000)
    assert bank.used > 0
    sender.close()
    receiver.close()
    assert bank.used == 0


def test_who_waits_for_room_pays_for_its_message_meanwhile(machine: motte.Machine, party: Party, said: Said) -> None:
    go, told = machine.channel()
    sender, receiver = machine.channel(1)
    sender.send()
    bank = machine.bank.sub("32MiB")
    rich = party("send large", bank=bank, in_=told, out=sender)
    until_it_waits(rich)
    before = bank.used
    go.send()
    while bank.used == before:
        assert rich.returncode is None
    assert bank.used - before >= 60_000
    assert receiver.receive(0).data == b""
    assert (said(rich), len(receiver.receive(0).data)) == ("0", 60_000)
    rich.close()

    sender.send()
    poor = party("send large", bank=bank, in_=told, out=sender)
    until_it_waits(poor)
    bank.limit = bank.used
    go.send()
    assert said(poor) == LIMIT_REACHED


def test_a_receiver_that_cannot_pay_for_a_message_leaves_it_where_it_is(
    machine: motte.Machine, party: Party, said: Said
) -> None:
    sender, receiver = machine.channel()
    bank = machine.bank.sub("32MiB")
    process = party("receive once", bank=bank, in_=receiver)
    until_it_waits(process)
    bank.limit = bank.used
    sender.send(bytes(60_000), tag=5)
    assert said(process) == LIMIT_REACHED
    assert receiver.receive(0).tag == 5


def test_a_caller_that_cannot_pay_for_its_answer_gets_none(machine: motte.Machine, party: Party, said: Said) -> None:
    sender, receiver = machine.channel()
    bank = machine.bank.sub("32MiB")
    process = party("call", bank=bank, out=sender)
    request = receiver.receive(LONG)
    until_it_waits(process)
    bank.limit = bank.used
    request.reply(bytes(60_000))
    assert said(process) == LIMIT_REACHED


def test_one_who_waits_in_a_line_several_times_is_woken_once(machine: motte.Machine, party: Party, said: Said) -> None:
    sender, receiver = machine.channel()
    process = party("select twice", in_=receiver)
    until_it_waits(process)
    sender.send()
    assert said(process) == "0 0"


def test_who_waits_for_room_sends_in_turn(machine: motte.Machine, party: Party, said: Said) -> None:
    sender, receiver = machine.channel(1)
    process = party("send numbered", 3, out=sender)
    until_it_waits(process)
    with pytest.raises(Timeout):
        sender.send(b"late", timeout=0.01)
    assert [receiver.receive(LONG).tag for _ in range(3)] == [0, 1, 2]
    assert said(process) == "0"
    with pytest.raises(Timeout):
        receiver.receive(0)


def test_a_message_that_is_too_large_for_its_receiver_stays(machine: motte.Machine, party: Party, said: Said) -> None:
    sender, receiver = machine.channel(4, buffer=1000)
    sender.send(b"more than one byte")
    assert said(party("take too little", in_=receiver)) == f"18 {REQUEST_ERROR}"
    assert receiver.receive(0).data == b"more than one byte"


def test_small_messages_do_not_overtake_a_large_one_that_waits_for_room(machine: motte.Machine, party: Party) -> None:
    sender, receiver = machine.channel(4, buffer=1000)
    sender.send(bytes(600))
    completions = Completions()
    large = sender.core.begin_send(completions, bytes(900), 0, 0, ())
    assert not large.is_over
    with pytest.raises(Full):
        sender.send(b"small", timeout=0)
    assert len(receiver.receive(0).data) == 600
    assert (large.is_over, completions.take(), large.result()) == (True, [large], 0)
    assert len(receiver.receive(0).data) == 900


def test_a_message_that_one_receiver_has_no_room_for_reaches_the_next(
    machine: motte.Machine, party: Party, said: Said
) -> None:
    sender, receiver = machine.channel()
    first = party("take too little", in_=receiver)
    until_it_waits(first)
    second = party("echo", in_=receiver)
    until_it_waits(second)
    assert sender.call(b"for somebody", timeout=LONG).data == b"for somebody"
    assert said(first) == f"12 {REQUEST_ERROR}"


# --- order ---


@pytest.mark.beside("a million messages between cells take a minute")
def test_a_million_messages_arrive_in_order(machine: motte.Machine, party: Party, said: Said) -> None:
    sender, receiver = machine.channel(64)
    receiving = party("receive numbered", 1_000_000, in_=receiver)
    sending = party("send numbered", 1_000_000, out=sender)
    sender.close()
    assert said(sending) == "0"
    assert said(receiving) == "-1008"


def test_an_urgent_message_overtakes_ten_thousand_and_no_urgent_one(machine: motte.Machine) -> None:
    sender, receiver = machine.channel(20_000)
    for number in range(10_000):
        sender.send(tag=number)
    for number in (1, 2):
        sender.send(tag=number, priority=True)
    arrived = [receiver.receive(0) for _ in range(10_002)]
    assert [(each.tag, each.priority) for each in arrived[:3]] == [(1, True), (2, True), (0, False)]
    assert [each.tag for each in arrived[2:]] == list(range(10_000))


def test_a_choice_by_tag_or_badge_leaves_the_others_in_their_order(machine: motte.Machine) -> None:
    sender, receiver = machine.channel()
    marked = sender.restrict(badge=9)
    for number, each in enumerate([sender, marked, sender, marked, sender]):
        each.send(b"%d" % number, tag=number % 2 + 10)
    assert receiver.receive(0, badge=9, tag=11).data == b"1"
    assert receiver.receive(0, tag=11).data == b"3"
    assert [receiver.receive(0).data for _ in range(3)] == [b"0", b"2", b"4"]
    with pytest.raises(Timeout):
        receiver.receive(0.001, tag=10)


def test_who_waits_for_one_tag_is_passed_over_by_all_others(machine: motte.Machine) -> None:
    sender, receiver = machine.channel()
    taken: list[bytes] = []
    waiting = threading.Thread(target=lambda: taken.append(receiver.receive(LONG, tag=5).data))
    waiting.start()
    sender.send(b"four", tag=4)
    assert receiver.receive(LONG).data == b"four"
    sender.send(b"five", tag=5)
    waiting.join(LONG)
    assert taken == [b"five"]


def test_a_long_channel_offers_no_choice(machine: motte.Machine) -> None:
    _sender, receiver = machine.channel(1025)
    with pytest.raises(RequestError):
        receiver.receive(0, tag=1)


# --- notifications ---


def test_a_million_notifications_are_one_that_has_all_their_bits(
    machine: motte.Machine, party: Party, said: Said
) -> None:
    sender, receiver = machine.channel(1)
    sender.send(b"full")
    assert said(party("post", 1_000_000, out=sender)) == "0"
    assert receiver.receive(0).bits == 2**32 - 1
    assert receiver.receive(0).bits == 0
    with pytest.raises(Timeout):
        receiver.receive(0)
    with pytest.raises(RequestError):
        sender.notify(0)


# --- several at once ---


def test_select_tells_the_first_that_has_something_or_waits_or_gives_up(machine: motte.Machine) -> None:
    channels = [machine.channel() for _ in range(3)]
    receivers = [receiver for _sender, receiver in channels]
    begun = time.monotonic()
    with pytest.raises(Timeout):
        motte.select(receivers, 0.05)
    assert time.monotonic() - begun >= 0.05
    channels[2][0].send()
    channels[1][0].notify(4)
    assert motte.select(receivers) is receivers[1]
    assert receivers[1].receive(0).bits == 4
    assert motte.select(receivers) is receivers[2]
    receivers[2].receive(0)
    waiting: list[motte.Receiver] = []
    thread = threading.Thread(target=lambda: waiting.append(motte.select([*receivers, *receivers])))
    thread.start()
    channels[0][0].send()
    thread.join(LONG)
    assert waiting == [receivers[0]]
    receivers[0].receive(0)
    channels[1][0].close()
    assert motte.select(receivers) is receivers[1], "it is over"
    for count in (0, 65):
        with pytest.raises(RequestError):
            motte.select([receivers[0]] * count)
