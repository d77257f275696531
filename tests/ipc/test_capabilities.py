"""Capabilities: what their holders can do, and how they come to be less."""

import operator
from collections.abc import Iterator
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import motte
from ipc.conftest import GUESTS, LONG, Party, Said, until_it_waits
from motte import CapabilityKind, InvalidCap, NoAccess, Right

ALL_RIGHTS = reduce(operator.or_, Right)


# --- nothing is ambient (a guest can name what it likes) ---


def test_a_million_invented_handles_give_only_clean_errors(machine: motte.Machine, said: Said) -> None:
    sender, receiver = machine.channel()
    program = machine.load(GUESTS / "random_handles.c")
    with machine.spawn(program, ["1000000"], grants={"out": sender, "in": receiver}) as process:
        assert said(process) == "clean"


def test_a_process_that_was_granted_nothing_can_do_nothing(machine: motte.Machine, said: Said) -> None:
    with machine.spawn(machine.load(GUESTS / "nothing.c")) as process:
        assert said(process) == "0"


# --- grants ---


def test_a_grant_is_found_by_its_name_and_leads_to_the_same_channel(machine: motte.Machine, party: Party) -> None:
    sender, receiver = machine.channel()
    party("echo", in_=receiver)
    assert sender.call(b"there", timeout=LONG).data == b"there"


@pytest.mark.parametrize("name", ["", "x" * 64, "\u00e9" * 32, "a\0b"])
def test_a_name_of_no_or_too_many_bytes_is_refused_before_anything_is_made(machine: motte.Machine, name: str) -> None:
    sender, _receiver = machine.channel()
    program = machine.load(GUESTS / "nothing.c")
    before = machine.bank.used
    with pytest.raises(ValueError, match="1 to 63 bytes"):
        machine.spawn(program, grants={name: sender})
    assert machine.bank.used == before


def test_the_longest_name_is_granted(machine: motte.Machine) -> None:
    sender, _receiver = machine.channel()
    machine.spawn(machine.load(GUESTS / "nothing.c"), grants={"x" * 63: sender}, start=False).close()


def test_what_is_no_capability_cannot_be_granted(machine: motte.Machine) -> None:
    program = machine.load(GUESTS / "nothing.c")
    with pytest.raises(TypeError, match="'out' is nothing that a process can be granted: int"):
        machine.spawn(program, grants={"out": 3})


def test_a_capability_of_another_machine_cannot_be_granted(machine: motte.Machine) -> None:
    program = machine.load(GUESTS / "nothing.c")
    with motte.Machine() as other, pytest.raises(ValueError, match="'out' is a capability of another machine"):
        machine.spawn(program, grants={"out": other.channel()[0]})


def test_a_capability_that_is_closed_revoked_or_not_to_be_copied_cannot_be_granted(machine: motte.Machine) -> None:
    program = machine.load(GUESTS / "nothing.c")
    sender, receiver = machine.channel()
    uncopied, revoked = sender.restrict(Right.SEND), receiver.copy()
    receiver.revoke()
    sender.close()
    for unusable, error in ((sender, motte.Closed), (revoked, InvalidCap), (uncopied, InvalidCap)):
        with pytest.raises(error):
            machine.spawn(program, grants={"out": unusable})
    bare = machine.channel()[0].restrict(Right.SEND)
    with pytest.raises(NoAccess):
        machine.spawn(program, grants={"out": bare})


# --- rights only shrink ---


@pytest.fixture(scope="module")
def bare_machine() -> Iterator[motte.Machine]:
    with motte.Machine(workers=1) as machine:
        yield machine


@settings(max_examples=200, deadline=None)
@given(st.booleans(), st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 3), st.booleans()), max_size=8))
def test_no_sequence_of_restrictions_gives_a_right_back(
    bare_machine: motte.Machine, receives: bool, steps: list[tuple[int, int, bool]]
) -> None:
    held: motte.Capability = bare_machine.channel(1)[receives]
    for rights, badge, weak in steps:
        try:
            less = held.restrict(rights, badge=badge, weak=weak)
        except NoAccess:
            assert Right.COPY not in held.rights or (badge and Right.BADGE not in held.rights)
            continue
        assert less.rights & ~held.rights == 0
        assert less.rights & ~rights == 0
        assert less.weak == (held.weak or weak)
        assert less.badge == (badge or held.badge)
        assert not (held.badge and badge), "a badge cannot be exchanged"
        held = less


JOURNEYS = st.sampled_from(["restrict", "copy", "message", "weak message", "forwarder"])


@settings(max_examples=200, deadline=None)
@given(st.booleans(), st.lists(st.tuples(JOURNEYS, st.integers(0, 2**32 - 1)), max_size=8))
def test_no_journey_gives_a_right_back(
    bare_machine: motte.Machine, receives: bool, steps: list[tuple[str, int]]
) -> None:
    carrier, end = bare_machine.channel(1)
    held: motte.Capability = bare_machine.channel(1)[receives]
    for journey, rights in steps:
        try:
            if journey == "forwarder":
                arrived = bare_machine.forwarder(held).given.copy()
            elif "message" in journey:
                carrier.send(capabilities=[held])
                (arrived,) = end.restrict(weak=journey == "weak message").receive(0).capabilities
            else:
                arrived = held.restrict(rights if journey == "restrict" else ALL_RIGHTS)
        except NoAccess:
            assert Right.COPY not in held.rights or (journey == "forwarder" and receives)
            continue
        except motte.TooDeep:
            assert journey == "forwarder"
            continue
        assert arrived.rights & ~held.rights == 0
        assert arrived.weak or not held.weak
        held = arrived


@pytest.mark.parametrize("right", [Right.SEND, Right.COPY, Right.BADGE, Right.REVOKE])
def test_each_right_of_a_sender_is_needed_for_what_it_says(machine: motte.Machine, right: Right) -> None:
    sender, _receiver = machine.channel()
    uses = {
        Right.SEND: lambda capability: capability.send(timeout=0),
        Right.COPY: lambda capability: capability.copy(),
        Right.BADGE: lambda capability: capability.restrict(badge=5),
        Right.REVOKE: lambda capability: capability.revoke(5),
    }
    with pytest.raises(NoAccess):
        uses[right](sender.restrict(ALL_RIGHTS & ~right))
    uses[right](sender)


def test_only_a_receiver_can_receive(machine: motte.Machine) -> None:
    sender, receiver = machine.channel()
    with pytest.raises(NoAccess):
        sender.core.receive(0, None, None)
    with pytest.raises(NoAccess):
        receiver.core.send(b"", 0, 0, (), 0)
    with pytest.raises(NoAccess):
        receiver.restrict(ALL_RIGHTS & ~Right.RECEIVE).receive(0)


# --- badges ---


def test_a_server_tells_three_clients_apart_by_badges_that_they_cannot_change(
    machine: motte.Machine, party: Party
) -> None:
    sender, receiver = machine.channel()
    clients = [sender.restrict(badge=number) for number in (7, 8, 2**32 - 1)]
    party("tell badges", in_=receiver)
    told = [int.from_bytes(client.call(timeout=LONG).data, "little") for client in (sender, *clients)]
    assert told == [0, 7, 8, 2**32 - 1]
    with pytest.raises(NoAccess):
        clients[0].restrict(badge=8)
    assert clients[0].copy().badge == 7


# --- revoking ---


def test_revoking_ends_every_other_capability_and_nothing_that_was_sent(machine: motte.Machine) -> None:
    sender, receiver = machine.channel()
    given = sender.copy(), sender.restrict(badge=3), receiver.copy()
    given[1].send(b"before")
    receiver.revoke()
    assert [each.valid for each in (*given, sender, receiver)] == [False, False, False, False, True]
    assert receiver.receive(0).data == b"before"
    for use in (given[0].send, lambda: given[1].notify(1), lambda: given[2].receive(0), sender.copy):
        with pytest.raises(InvalidCap):
            use()
    with pytest.raises(motte.PeerClosed):
        receiver.receive(0)


def test_one_client_can_be_revoked_by_its_badge(machine: motte.Machine, party: Party, said: Said) -> None:
    sender, receiver = machine.channel()
    first, second = sender.restrict(badge=1), sender.restrict(badge=2)
    copies = first.copy(), second.copy()
    sender.revoke(1)
    assert [each.valid for each in (first, copies[0], second, copies[1], sender)] == [False, False, True, True, True]
    caller, asked = party("call", out=second), receiver.receive(LONG)
    asked.reply()
    assert (asked.badge, said(caller)) == (2, "0")
    again = sender.restrict(badge=1)
    again.send(b"anew")
    assert (receiver.receive(0).badge, first.valid) == (1, False)


def test_who_waits_with_a_capability_that_is_revoked_waits_no_longer(
    machine: motte.Machine, party: Party, said: Said
) -> None:
    sender, receiver = machine.channel()
    waiting = party("echo", in_=receiver)
    until_it_waits(waiting)
    receiver.revoke()
    assert said(waiting) == "-1001"
    sender.close()


def test_a_revoked_capability_in_a_message_arrives_and_is_invalid(machine: motte.Machine) -> None:
    carrier, end = machine.channel()
    sender, receiver = machine.channel()
    carrier.send(capabilities=[sender])
    receiver.revoke()
    (arrived,) = end.receive(0).capabilities
    assert not arrived.valid


# --- weak ---


def test_what_is_fetched_through_a_weak_capability_is_weak_through_every_step(
    machine: motte.Machine, party: Party
) -> None:
    sender, receiver = machine.channel()
    party("echo", in_=receiver)
    (fetched,) = sender.restrict(weak=True).call(capabilities=[sender], timeout=LONG).capabilities
    assert fetched.weak
    assert isinstance(fetched, motte.Sender)
    (further,) = fetched.call(capabilities=[sender], timeout=LONG).capabilities
    assert further.weak
    (strong,) = sender.call(capabilities=[sender], timeout=LONG).capabilities
    assert not strong.weak


def test_what_comes_out_of_a_weak_receiver_is_weak_whether_it_waited_or_not(machine: motte.Machine) -> None:
    sender, receiver = machine.channel()
    weak = receiver.restrict(weak=True)
    sender.send(capabilities=[sender])
    assert weak.receive(0).capabilities[0].weak


def test_who_is_called_learns_that_it_was_through_a_weak_capability(machine: motte.Machine) -> None:
    sender, receiver = machine.channel()
    sender.restrict(weak=True).send()
    sender.send()
    assert [receiver.receive(0).weak for _ in range(2)] == [True, False]


# --- looking ---


def test_equal_are_those_that_lead_to_the_same_object(machine: motte.Machine) -> None:
    sender, receiver = machine.channel()
    other, _ = machine.channel()
    assert sender == sender.restrict(badge=1) == receiver
    assert hash(sender) == hash(receiver)
    assert sender != other
    assert sender != 1
    sender.close()
    assert sender == receiver, "it stands for the same, closed or not"


def test_a_capability_says_what_it_is(machine: motte.Machine) -> None:
    sender, receiver = machine.channel()
    assert (sender.kind, receiver.kind) == (CapabilityKind.SENDER, CapabilityKind.RECEIVER)
    marked = sender.restrict(Right.SEND, badge=4, weak=True)
    assert "SEND, badge 4, weak" in repr(marked)
    marked.close()
    assert repr(marked).endswith("closed>")
    with pytest.raises(motte.Closed):
        _ = marked.rights


def test_all_who_wait_for_a_process_with_a_full_table_learn_of_its_end(machine: motte.Machine) -> None:
    channels = [machine.channel(1) for _ in range(2000)]
    grants = {f"{kind} {i}": each[kind] for i, each in enumerate(channels) for kind in (0, 1)}
    process = machine.spawn(machine.load(GUESTS / "nothing.c"), grants=grants)
    for sender, _receiver in channels:
        sender.close()
    process.wait(LONG)
    for _sender, receiver in channels:
        with pytest.raises(motte.PeerClosed):
            receiver.receive(LONG)
    process.close()


@pytest.mark.parametrize("blocks", [63, 64, 65, 300])
def test_banks_are_destroyed_while_blocks_of_others_are_on_their_way(machine: motte.Machine, blocks: int) -> None:
    """Destroying goes through all blocks in steps: the list changes meanwhile."""
    sender, receiver = machine.channel(4)
    grants = {"in": receiver, "out": sender}
    with machine.spawn(machine.load(GUESTS / "juggler.c"), grants=grants, time=None) as juggler:
        before = machine.bank.used
        for _ in range(20):
            with machine.bank.sub() as bank:
                held = [machine.exchange.allocate(1, bank=bank) for _ in range(blocks)]
            for block in held:
                with pytest.raises(InvalidCap):
                    block.view()
        assert juggler.state != "exited"
        assert machine.bank.used < before + (1 << 20)
