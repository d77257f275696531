"""Messages that were paid for before there was anything to say: they have a place wherever they are sent."""

import pytest

import motte
from ipc.conftest import LONG
from motte.abi.capabilities import MessageFlag
from motte.core import PrepaidMessage


def prepaid(machine: motte.Machine, bank: motte.SpaceBank) -> PrepaidMessage:
    return PrepaidMessage(machine._scheduler, bank.account_for_anything().core)


def send(
    message: PrepaidMessage, sender: motte.Sender, data: bytes = b"promised", tag: int = 1, flags: int = 0
) -> None:
    message.send(sender.core, data, tag, flags, ())


def receive_all(receiver: motte.Receiver) -> list[bytes]:
    received = []
    while True:
        try:
            received.append(receiver.receive(0).data)
        except motte.Timeout:
            return received


def test_it_finds_a_place_in_a_full_channel_in_its_order_and_takes_none(machine: motte.Machine) -> None:
    sender, receiver = machine.channel(2)
    with machine.bank.sub() as bank:
        promises = [prepaid(machine, bank) for _ in range(3)]
        sender.send(b"one")
        send(promises[0], sender, b"first")
        sender.send(b"two")
        with pytest.raises(motte.Full):
            sender.send(b"three", timeout=0)
        send(promises[1], sender, b"second")
        send(promises[2], sender, b"third", tag=7)
        sender_is_urgent = receiver.receive(LONG, tag=7)
        assert (sender_is_urgent.data, receiver.receive(LONG).data) == (b"third", b"one")
        sender.send(b"three", timeout=0)
        with pytest.raises(motte.Full):
            sender.send(b"four", timeout=0)
        assert receive_all(receiver) == [b"first", b"two", b"second", b"three"]
        assert bank.used == 0


def test_whoever_promised_pays_from_then_on_until_it_is_received(machine: motte.Machine) -> None:
    sender, receiver = machine.channel(1)
    with machine.bank.sub() as bank:
        several = [prepaid(machine, bank) for _ in range(100)]
        paid = bank.used
        assert paid >= 100 * 256
        for each in several[:50]:
            send(each, sender)
        assert bank.used == paid
        assert len(receive_all(receiver)) == 50
        assert 0 < bank.used <= paid // 2 + 4096
        for each in several[50:]:
            each.close()
        assert bank.used == 0


def test_it_is_refused_when_it_is_promised_and_not_later(machine: motte.Machine) -> None:
    sender, receiver = machine.channel(1)
    with machine.bank.sub("16KiB", name="small") as bank:
        promises = []
        with machine._population.banks.named_refusals(), pytest.raises(motte.LimitReached):
            for _ in range(1000):
                promises.append(prepaid(machine, bank))
        assert len(promises) > 16
        for each in promises:
            send(each, sender)
        assert len(receive_all(receiver)) == len(promises)


def test_who_waits_for_it_has_it_at_once_and_who_waits_no_longer_gives_it_back(machine: motte.Machine) -> None:
    sender, receiver = machine.channel(1)
    from motte.core import Completions

    with machine.bank.sub() as bank:
        completions = Completions()
        waiting = receiver.core.begin_receive(completions, None, None)
        send(prepaid(machine, bank), sender)
        assert bank.used > 0
        waiting.cancel()
        sender.send(b"beside it", timeout=0)
        assert bank.used > 0
        assert receive_all(receiver) == [b"promised", b"beside it"]
        assert bank.used == 0


def test_those_of_a_bank_that_ends_are_not_delivered_and_others_are(machine: motte.Machine) -> None:
    sender, receiver = machine.channel(1)
    with machine.bank.sub() as kept, machine.bank.sub() as ended:
        used, below = machine.bank.used, ended.sub()
        for bank in (kept, ended, below, kept, ended):
            send(prepaid(machine, bank), sender, (b"of the kept" if bank is kept else b"of the other"))
        sender.send(b"paid by the channel")
        late = prepaid(machine, below)
        ended.destroy()
        with pytest.raises(motte.InvalidCap):
            send(late, sender, b"of the other, and late")
        assert receive_all(receiver) == [b"of the kept", b"of the kept", b"paid by the channel"]
        assert machine.bank.used == used - 4096  # what the bank itself has cost


def test_it_is_gone_where_nobody_receives_and_where_nothing_leads(machine: motte.Machine) -> None:
    sender, receiver = machine.channel(1)
    with machine.bank.sub() as bank:
        send(prepaid(machine, bank), sender)
        receiver.close()
        assert bank.used == 0
        send(prepaid(machine, bank), sender)
        assert bank.used == 0
        other, end = machine.channel(1)
        copy = other.copy()
        other.revoke()
        message = prepaid(machine, bank)
        with pytest.raises(motte.InvalidCap):
            send(message, copy)
        assert bank.used == 0
        with pytest.raises(motte.InvalidCap):
            send(message, other)
        end.close()


def test_it_is_small_and_sent_once(machine: motte.Machine) -> None:
    sender, receiver = machine.channel(4)
    message = prepaid(machine, machine.bank)
    with pytest.raises(motte.RequestError):
        send(message, sender, bytes(257))
    send(message, sender, bytes(256))
    with pytest.raises(motte.InvalidCap):
        send(message, sender)
    message.close()
    assert receive_all(receiver) == [bytes(256)]


def test_capabilities_go_with_it_as_copies(machine: motte.Machine) -> None:
    sender, receiver = machine.channel(4)
    with machine.channel(1)[0] as other:
        prepaid(machine, machine.bank).send(sender.core, b"", 0, 0, (other.core, other.core))
        assert receiver.receive(LONG).capabilities == (other, other)
        message = prepaid(machine, machine.bank)
        with pytest.raises(motte.NoAccess):
            message.send(sender.core, b"", 0, 0, (other.restrict(motte.Right.SEND).core,))


def test_an_urgent_one_overtakes_what_waits_and_no_other_flag_is_taken(machine: motte.Machine) -> None:
    sender, receiver = machine.channel(1)
    sender.send(b"waits")
    send(prepaid(machine, machine.bank), sender, b"urgent", flags=MessageFlag.PRIORITY)
    with pytest.raises(motte.RequestError):
        send(prepaid(machine, machine.bank), sender, b"wrong", flags=MessageFlag.WEAK)
    assert receive_all(receiver) == [b"urgent", b"waits"]
