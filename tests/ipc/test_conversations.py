"""Conversations: what the contract does not allow is refused to its sender, whoever holds the ends."""

import threading
from collections.abc import Callable, Iterator

import pytest

import motte
from ipc.conftest import GUESTS, LONG, Said, until_it_waits
from motte import ContractMessage, ContractViolation, InvalidCap, NoAccess, PeerClosed, RequestError, Timeout

VIOLATION, REQUEST_ERROR, NO_ACCESS, PEER_CLOSED = -1009, -1004, -1002, -1008

FILES = motte.Contract(
    name="files",
    messages={
        "open": ContractMessage("!", size=256),
        "opened": ContractMessage("?", size=0, capabilities=1),
        "refused": "?",
        "read": ContractMessage("!", size=16),
        "data": ContractMessage("?", size="4KiB"),
        "end": ContractMessage("?", size=0),
        "close": ContractMessage("!", size=0),
    },
    states={
        "Start": {"open": "Opening"},
        "Opening": {"opened": "Open", "refused": "Start"},
        "Open": {"read": "Reading", "close": "Closed"},
        "Reading": {"data": "Ending", "end": "Open"},
        "Ending": {"end": "Open"},
    },
    initial="Start",
    final=["Closed"],
)
OPEN, OPENED, REFUSED, READ, DATA, END, CLOSE = range(1, 8)

Ends = tuple[motte.ConversationEnd, motte.ConversationEnd]
Talk = Callable[..., motte.Process]


@pytest.fixture
def ends(machine: motte.Machine) -> Ends:
    return machine.conversation(FILES)


@pytest.fixture
def talk(machine: motte.Machine) -> Iterator[Talk]:
    """A guest with one end, that does what it is told."""
    started = []
    program = machine.load(GUESTS / "talker.c")

    def start(end: motte.ConversationEnd, *orders: str, **grants: motte.Capability) -> motte.Process:
        started.append(machine.spawn(program, orders, grants={"end": end, **grants}))
        return started[-1]

    yield start
    for process in started:
        process.close()


def numbers(text: str) -> list[int]:
    return [int(each) for each in text.split()]


# --- in Python ---


def test_both_sides_follow_the_contract_to_its_end(ends: Ends) -> None:
    client, server = ends
    assert (client.side, server.side, client.state) == ("client", "server", "Start")
    client.send("open", b"name")
    assert (client.state, server.state) == ("Opening", "Start"), "each side knows what it has seen"
    request = server.receive(0)
    assert (server.name_of(request), request.data, server.state) == ("open", b"name", "Opening")
    server.send("opened")
    client.receive(0)
    client.send(READ)
    server.receive(0)
    server.send("data", b"x" * 4096)
    server.send("end")
    assert [client.name_of(client.receive(0)) for _ in range(2)] == ["data", "end"]
    client.send("close")
    server.receive(0)
    assert (client.state, server.state) == ("Closed", "Closed")
    with pytest.raises(ContractViolation):
        client.send("open")


@pytest.mark.parametrize("wrong", ["opened", "read", "close", 0, 99, 2**32 - 1, "unheard of"])
def test_what_the_contract_does_not_allow_now_is_refused_to_its_sender(ends: Ends, wrong: str | int) -> None:
    client, server = ends
    with pytest.raises(ContractViolation):
        client.send(wrong)
    assert client.state == "Start"
    with pytest.raises(Timeout):
        server.receive(0)
    client.send("open")


def test_a_side_that_is_not_about_to_send_cannot(ends: Ends) -> None:
    client, server = ends
    with pytest.raises(ContractViolation):
        server.send("opened")
    client.send("open")
    with pytest.raises(ContractViolation):
        client.send("open")


@pytest.mark.parametrize(("size", "carried", "fits"), [(256, 0, True), (257, 0, False), (0, 1, False)])
def test_a_message_carries_what_its_contract_says_and_no_more(
    machine: motte.Machine, ends: Ends, size: int, carried: int, fits: bool
) -> None:
    capabilities = [machine.channel()[0]] * carried
    if fits:
        ends[0].send("open", bytes(size), capabilities=capabilities)
    else:
        with pytest.raises(ContractViolation):
            ends[0].send("open", bytes(size), capabilities=capabilities)
        assert ends[0].state == "Start"


def test_what_would_go_past_the_contract_has_no_place(ends: Ends) -> None:
    core = ends[0].core
    for operation in (
        lambda: core.call(b"", OPEN, 0, (), 0),
        lambda: core.notify(1),
        lambda: core.send(b"", OPEN, 1, (), 0),
        lambda: core.receive(0, OPENED, None),
        lambda: core.receive(0, None, 0),
    ):
        with pytest.raises(RequestError):
            operation()
    for forbidden in (ends[0].copy, ends[0].revoke, lambda: ends[0].restrict(badge=1)):
        with pytest.raises(NoAccess):
            forbidden()
    assert ends[0].state == "Start"


def test_the_end_of_a_peer_is_told_after_its_last_message(ends: Ends) -> None:
    client, server = ends
    client.send("open")
    client.close()
    server.receive(0)
    with pytest.raises(PeerClosed):
        server.receive(0)
    server.send("opened")


# --- travelling ---


def test_an_end_travels_only_while_its_side_is_about_to_send(machine: motte.Machine, ends: Ends) -> None:
    client, server = ends
    sender, receiver = machine.channel()
    with pytest.raises(ContractViolation):
        sender.send(capabilities=[server])
    assert (server.may_travel, server.valid) == (False, True)
    sender.send(capabilities=[client])
    with pytest.raises(motte.Closed):
        client.send("open")
    (moved,) = receiver.receive(0).capabilities
    assert isinstance(moved, motte.ConversationEnd)
    assert moved == client
    moved.send("open")
    assert not moved.may_travel


def test_an_end_that_is_handed_on_three_times_goes_on_where_it_was(machine: motte.Machine, ends: Ends) -> None:
    client, server = ends
    hops = [machine.channel() for _ in range(3)]
    said: list[str] = []

    def hand_on(number: int) -> None:
        (end,) = hops[number][1].receive(LONG).capabilities
        assert isinstance(end, motte.ConversationEnd)
        end.send("open")
        said.append(end.name_of(end.receive(LONG)))
        if number < 2:
            hops[number + 1][0].send(capabilities=[end])

    threads = [threading.Thread(target=hand_on, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    hops[0][0].send(capabilities=[client])
    for _ in range(3):
        server.receive(LONG)
        server.send("refused")
    for thread in threads:
        thread.join(LONG)
    assert said == ["refused"] * 3


def test_who_waits_at_an_end_does_not_take_what_belongs_to_its_next_holder(machine: motte.Machine, ends: Ends) -> None:
    client, server = ends
    sender, receiver = machine.channel()
    completions = motte.core.Completions()
    waiting = client.core.begin_receive(completions, None, None)
    sender.send(capabilities=[client])
    with pytest.raises(InvalidCap):
        waiting.result()
    (moved,) = receiver.receive(0).capabilities
    assert isinstance(moved, motte.ConversationEnd)
    moved.send("open")
    server.receive(0)
    server.send("refused")
    assert moved.name_of(moved.receive(0)) == "refused"


def test_no_end_is_sent_through_its_own_conversation(ends: Ends, talk: Talk, said: Said) -> None:
    client, _server = ends
    with pytest.raises((InvalidCap, ContractViolation)):
        client.send("open", capabilities=[client])
    assert client.state == "Start"
    assert numbers(said(talk(client, f"o{OPEN}", f"s{OPEN}"))) == [1, VIOLATION, 0]


def test_a_wait_that_is_given_up_after_the_message_came_has_not_received_it(ends: Ends) -> None:
    client, server = ends
    completions = motte.core.Completions()
    waiting = server.core.begin_receive(completions, None, None)
    client.send("open", b"kept")
    assert server.state == "Opening"
    waiting.cancel()
    assert server.state == "Start"
    assert server.receive(0).data == b"kept"


# --- guests ---


def test_a_guest_that_breaks_the_contract_is_told_and_python_sees_none_of_it(
    ends: Ends, talk: Talk, said: Said
) -> None:
    client, server = ends
    orders = [
        f"s{READ}",
        f"l{OPEN}",
        f"c{OPEN}",
        "n0",
        "k0",
        f"s{OPEN}",
        f"s{OPEN}",
        "r0",
        f"s{CLOSE}",
        f"s{OPEN}",
        "r0",
    ]
    process = talk(client, *orders)
    assert server.name_of(server.receive(LONG)) == "open"
    server.send("opened")
    assert server.name_of(server.receive(LONG)) == "close"
    server.close()
    violations = [VIOLATION, VIOLATION, REQUEST_ERROR, REQUEST_ERROR, NO_ACCESS, 0, VIOLATION, OPENED, 0, VIOLATION]
    assert numbers(said(process)) == [1, *violations, PEER_CLOSED]


def test_two_guests_converse_and_an_end_moves_between_them(
    machine: motte.Machine, ends: Ends, talk: Talk, said: Said
) -> None:
    client, server = ends
    sender, receiver = machine.channel()
    first = talk(client, f"s{OPEN}", f"g{OPEN}", "r0", f"g{OPEN}", "r0", out=sender)
    request = server.receive(LONG)
    assert server.name_of(request) == "open"
    until_it_waits(first)
    server.send("opened")
    (moved,) = receiver.receive(LONG).capabilities
    assert numbers(said(first)) == [1, 0, VIOLATION, OPENED, 0, -1001]
    assert isinstance(moved, motte.ConversationEnd)
    second = talk(moved, f"s{READ}", "r0", f"s{CLOSE}")
    server.receive(LONG)
    server.send("end")
    assert numbers(said(second)) == [1, 0, END, 0]
    assert server.name_of(server.receive(LONG)) == "close"


def test_an_end_goes_round_three_guests_while_the_other_side_answers_and_nothing_is_lost(
    machine: motte.Machine, said: Said
) -> None:
    """Ten thousand hand-offs on two workers: each question has its answer, at whoever asked, in order."""
    hops = 10_000
    contract = motte.Contract(
        messages={
            "ask": ContractMessage("!", size=4),
            "answer": ContractMessage("?", size=4),
            "ready": ContractMessage("?", size=0),
        },
        states={"Begun": {"ready": "Mine"}, "Mine": {"ask": "Theirs"}, "Theirs": {"answer": "Mine"}},
        initial="Begun",
    )
    client, server = machine.conversation(contract)
    program = machine.load(GUESTS / "relay.c")
    serving = machine.spawn(program, ["serves"], grants={"end": server})
    client.receive(LONG)
    ring = [machine.channel(2) for _ in range(3)]
    done, last = machine.channel(1)
    relays = [
        machine.spawn(
            program,
            ["passes", str(hops)],
            grants={"in": ring[place][1], "out": ring[(place + 1) % 3][0], "done": done},
        )
        for place in range(3)
    ]
    ring[0][0].send(capabilities=[client])
    message = last.receive(LONG)
    assert message.tag == hops
    ring[0][0].send()  # no end comes with it: it is over
    assert [said(relay) for relay in relays] == [""] * 3
    message.close()
    assert said(serving) == f"{hops} then {PEER_CLOSED}"
    for process in (*relays, serving):
        process.close()


def test_a_grant_moves_an_end_and_only_one_that_may_travel(ends: Ends, talk: Talk, said: Said) -> None:
    client, server = ends
    with pytest.raises(ContractViolation):
        talk(server)
    assert server.valid
    assert numbers(said(talk(client, f"s{OPEN}"))) == [1, 0]
    with pytest.raises(motte.Closed):
        client.send("open")


def test_the_death_of_a_guest_is_seen_by_the_other_side_and_everything_comes_back(
    machine: motte.Machine, talk: Talk
) -> None:
    bank = machine.bank.sub("1MiB")
    client, server = machine.conversation(FILES, bank=bank)
    process = talk(client, f"s{OPEN}", "r0")
    until_it_waits(process)
    process.kill()
    process.wait(LONG)
    server.receive(0)
    with pytest.raises(PeerClosed):
        server.receive(LONG)
    server.close()
    assert bank.used == 0


def test_a_conversation_is_paid_for_at_once_or_not_made(machine: motte.Machine) -> None:
    bank = machine.bank.sub("4KiB")
    with pytest.raises(motte.LimitReached):
        machine.conversation(FILES, bank=bank)
    assert bank.used == 0


def test_a_conversation_ends_with_its_bank(machine: motte.Machine) -> None:
    bank = machine.bank.sub("1MiB")
    client, server = machine.conversation(FILES, bank=bank)
    client.send("open")
    bank.destroy()
    for use in (lambda: client.send("close"), lambda: server.receive(0)):
        with pytest.raises(InvalidCap):
            use()


# --- who pays for the contract ---


def long_contract() -> motte.Contract:
    """Eight messages to choose from in each of a thousand states, and nothing in them."""
    asked = {f"ask_{i}": ContractMessage("!", size=0) for i in range(8)}
    said = {f"say_{i}": ContractMessage("?", size=0) for i in range(8)}
    states = {f"S{n}": dict.fromkeys(said if n % 2 else asked, f"S{n + 1}") for n in range(1000)}
    return motte.Contract(messages=asked | said, states=states, initial="S0", final=["S1000"])


def test_each_conversation_pays_for_its_contract_as_if_it_were_the_last_one(machine: motte.Machine) -> None:
    contract = long_contract()
    assert contract.core.memory_bytes > 64 << 10
    bank = machine.bank.sub()
    queues = 4096  # for a message each, and the ends
    conversations = []
    for count in range(1, 11):
        conversations.append(machine.conversation(contract, bank=bank))
        assert count * contract.core.memory_bytes <= bank.used <= count * (contract.core.memory_bytes + queues)
    del contract
    for client, server in conversations:
        client.send(1)
        before = bank.used
        client.close()
        server.receive(0)
        assert bank.used > before - (64 << 10), "the other end follows it still"
        server.close()
        assert bank.used <= before - (64 << 10)
    assert bank.used == 0


def test_a_bank_without_room_for_the_contract_has_no_conversation(machine: motte.Machine) -> None:
    contract = long_contract()
    bank = machine.bank.sub("64KiB")
    with pytest.raises(motte.LimitReached) as refusal:
        machine.conversation(contract, bank=bank)
    assert refusal.value.bank == bank
    assert bank.used == 0
    bank.limit = "80KiB"
    ends = machine.conversation(contract, bank=bank)
    with pytest.raises(motte.LimitReached):
        machine.conversation(contract, bank=bank)
    for end in ends:
        end.close()
    assert bank.used == 0


def test_a_contract_goes_with_the_bank_though_its_ends_are_held(machine: motte.Machine, talk: Talk) -> None:
    before, contract = machine.bank.used, long_contract()
    bank = machine.bank.sub("1MiB")
    client, server = machine.conversation(contract, bank=bank)
    client.send(1)
    message = server.receive(0)
    bank.destroy()
    assert machine.bank.used == before
    assert (client.state, server.state) == ("S1", "S1")
    assert not client.may_travel
    assert not server.may_travel
    message.close()
    with pytest.raises(InvalidCap):
        talk(server)
