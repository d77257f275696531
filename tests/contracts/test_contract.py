"""What people write, what they are told when it is wrong, and what a contract says of itself."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

import motte
from motte import BadContract, Contract, ContractMessage

FILES: dict[str, Any] = {
    "name": "files",
    "messages": {
        "open": ContractMessage("!", size=256),
        "opened": ContractMessage("?", size=0, capabilities=1),
        "refused": ContractMessage("?", size=1),
        "read": ContractMessage("!", size=16),
        "data": ContractMessage("?", size="4KiB", blocks=2),
        "end": ContractMessage("?", size=0),
        "close": ContractMessage("!", size=0),
    },
    "states": {
        "Start": {"open": "Opening"},
        "Opening": {"opened": "Open", "refused": "Start"},
        "Open": {"read": "Reading", "close": "Closed"},
        "Reading": {"data": "Ending", "end": "Open"},
        "Ending": {"end": "Open"},
    },
    "initial": "Start",
    "final": ["Closed"],
}
EXCHANGE: dict[str, Any] = {
    "messages": {"ask": "!", "answer": "?"},
    "states": {"Idle": {"ask": "Asked"}, "Asked": {"answer": "Idle"}},
    "initial": "Idle",
}


def refusal(**changes: Any) -> BadContract:
    """Of the exchange with something changed."""
    with pytest.raises(BadContract) as caught:
        Contract(**{**EXCHANGE, **changes})
    return caught.value


def test_a_contract_says_who_sends_where_what_is_queued_and_who_may_travel() -> None:
    files = Contract(**FILES)
    assert [files.sender(state) for state in files.states] == ["client", "server", "client", "server", "server", None]
    assert files.capacity("client") == (1, 256)
    assert files.capacity("server") == motte.ContractCapacity(messages=2, size=4096)
    assert files.may_travel("Open", "client")
    assert not files.may_travel("Open", "server")
    assert files.may_travel("Reading", "server")
    assert not files.may_travel("Closed", "client")
    assert not files.may_travel("Closed", "server")


def test_the_core_follows_the_names_through_their_numbers() -> None:
    files = Contract(**FILES)
    for state, exits in files.states.items():
        for message, following in exits.items():
            number = files.state_numbers[state]
            client_receives = files.messages[message].sender == "server"
            assert files.core.step(0, number, client_receives, files.tags[message]) == files.state_numbers[following]
            limits = files.messages[message]
            carried = (limits.size_limit, limits.capabilities, limits.blocks)
            assert files.core.fits(number, files.tags[message], *carried)
            assert not files.core.fits(number, files.tags[message], carried[0] + 1, *carried[1:])
    assert files.core.initial == files.state_numbers["Start"]


def test_tags_count_from_1_in_the_order_of_the_messages_and_new_messages_at_the_end_leave_them_alone() -> None:
    assert dict(Contract(**EXCHANGE).tags) == {"ask": 1, "answer": 2}
    longer = Contract(
        **{
            **EXCHANGE,
            "messages": {**EXCHANGE["messages"], "stop": "!"},
            "states": {**EXCHANGE["states"], "Idle": {"stop": "Over", "ask": "Asked"}},
            "final": ["Over"],
        }
    )
    assert dict(longer.tags) == {"ask": 1, "answer": 2, "stop": 3}


def test_a_tag_may_be_given_and_the_next_one_counts_on_from_it() -> None:
    messages = {"ask": ContractMessage("!", tag=40), "answer": "?"}
    assert dict(Contract(**{**EXCHANGE, "messages": messages}).tags) == {"ask": 40, "answer": 41}


def test_a_message_carries_64_kib_and_nothing_else_unless_it_says_more() -> None:
    message = ContractMessage("!")
    assert (message.size_limit, message.capabilities, message.blocks) == (65536, 0, 0)
    assert ContractMessage("?", size="none").size_limit == 65536
    assert ContractMessage("?", size=0).size_limit == 0


@pytest.mark.parametrize(
    ("changes", "rule", "text"),
    [
        ({"initial": "Nowhere"}, "unknown-initial", "there is no state 'Nowhere' to begin in"),
        (
            {"states": {"Idle": {"ask": "Asked"}, "Asked": {"reply": "Idle"}}},
            "unknown-message",
            "state 'Asked': there is no message 'reply'",
        ),
        (
            {"states": {"Idle": {"ask": "Asked"}, "Asked": {"answer": "Home"}}},
            "unknown-state",
            "state 'Asked': message 'answer' leads to 'Home', which is no state",
        ),
        (
            {"states": {**EXCHANGE["states"], "Alone": {"ask": "Idle"}}},
            "unreachable",
            "nothing leads from 'Idle' to state 'Alone'",
        ),
        (
            {"states": {"Idle": {"ask": "Asked"}, "Asked": {"answer": "Over"}, "Over": {}}},
            "dead-end",
            "nothing leads out of state 'Over', and it is not final",
        ),
        (
            {"final": ["Asked"]},
            "final-with-exits",
            "state 'Asked' is said to be final, but message 'answer' leads out of it",
        ),
        (
            {"messages": {**EXCHANGE["messages"], "stop": "!"}},
            "unused-message",
            "message 'stop' is not sent in any state",
        ),
        (
            {"states": {"Idle": {"ask": "Idle", "answer": "Idle"}}},
            "two-senders",
            "in state 'Idle' both sides may send: the client 'ask', the server 'answer'. "
            "If both did at the same moment, each would receive what it does not expect",
        ),
        (
            {
                "messages": {**EXCHANGE["messages"], "more": "!"},
                "states": {
                    "Idle": {"ask": "Asking"},
                    "Asking": {"more": "Idle", "ask": "Asked"},
                    "Asked": {"answer": "Idle"},
                },
            },
            "endless",
            "the client may send for ever without receiving, and no queue is long enough: "
            "'ask' in 'Idle', 'more' in 'Asking', and again",
        ),
        (
            {"messages": {"ask": ContractMessage("!", tag=2), "answer": ContractMessage("?", tag=2)}},
            "tag-twice",
            "messages 'ask' and 'answer' have the same tag, 2",
        ),
        (
            {"messages": {"ask": ContractMessage("!", tag=2**31 - 1), "answer": "?"}},
            "too-many-tags",
            "message 'answer' has no tag of its own, and there is none after 2147483647",
        ),
        (
            {"messages": {"ask": "!", "Ask": "?"}},
            "name",
            "messages 'ask' and 'Ask' differ in capitals only",
        ),
        ({"name": "a b"}, "name", "contract 'a b': names are ASCII letters, digits and '_', and begin with a letter"),
        (
            {"states": {"*/": {}}},
            "name",
            "state '*/': names are ASCII letters, digits and '_', and begin with a letter",
        ),
        (
            {"messages": {f"m{number}": "!" for number in range(1025)}, "states": {"Idle": {}}, "final": ["Idle"]},
            "unused-message",
            "message 'm0' is not sent in any state",
        ),
        (
            {
                "messages": {f"m{number}": "!" for number in range(1025)},
                "states": {"Idle": {f"m{number}": "Over" for number in range(1025)}},
                "final": ["Over"],
            },
            "too-many-messages",
            "too many messages: 2 states, 1025 messages, 1025 transitions",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_a_contract_that_cannot_be_is_refused_in_the_names_that_it_uses(
    changes: dict[str, Any], rule: str, text: str
) -> None:
    refused = refusal(**changes)
    assert (refused.rule, str(refused)) == (rule, text)
    assert isinstance(refused, ValueError)
    assert isinstance(refused, motte.MotteError)


def test_a_refusal_has_state_message_and_witness_for_programs() -> None:
    refused = refusal(states={"Idle": {"ask": "Idle"}}, messages={"ask": "?"})
    assert (refused.rule, refused.state, refused.sent) == ("endless", "Idle", "ask")
    assert refused.cycle == (("Idle", "ask"),)
    refused = refusal(states={"Idle": {"ask": "Asked"}, "Asked": {"reply": "Idle"}})
    assert (refused.state, refused.sent, refused.cycle) == ("Asked", "reply", ())


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"direction": ">"}, "a message's direction is '!' (the client sends it) or '?'; got '>'"),
        ({"direction": "!", "size": 65537}, "size: a message has at most 64 KiB; got 65537"),
        ({"direction": "!", "size": -1}, "size: -1 is not greater than zero"),
        ({"direction": "!", "capabilities": 5}, "capabilities: 5 is not in [0, 4]"),
        ({"direction": "!", "blocks": -1}, "blocks: -1 is not in [0, 4]"),
        ({"direction": "!", "tag": 0}, "tag: 0 is not in [1, 2147483647]"),
        ({"direction": "!", "tag": 2**31}, "tag: 2147483648 is not in [1, 2147483647]"),
    ],
)
def test_what_no_message_can_carry_is_refused_where_it_is_written(arguments: Any, problem: str) -> None:
    with pytest.raises(ValueError) as caught:
        ContractMessage(**arguments)
    assert problem in str(caught.value)


def test_wrong_types_are_told_apart_from_wrong_contracts() -> None:
    with pytest.raises(TypeError, match="final: expected a collection of states; got 'Over'"):
        Contract(**{**EXCHANGE, "final": "Over"})
    with pytest.raises(TypeError, match="capabilities: expected an int; got True"):
        ContractMessage("!", capabilities=True)
    with pytest.raises(ValueError, match="contract contract has no state 'Nowhere'"):
        Contract(**EXCHANGE).sender("Nowhere")
    with pytest.raises(ValueError, match="a side is 'client' or 'server'; got 'me'"):
        Contract(**EXCHANGE).capacity("me")  # type: ignore[arg-type]


def test_a_contract_cannot_be_changed_through_what_it_was_made_of_or_shows() -> None:
    states = {"Idle": {"ask": "Asked"}, "Asked": {"answer": "Idle"}}
    contract = Contract(**{**EXCHANGE, "states": states})
    states["Idle"]["answer"] = "Idle"
    assert dict(contract.states["Idle"]) == {"ask": "Asked"}
    for mapping in (contract.states, contract.states["Idle"], contract.tags, contract.messages, contract.state_numbers):
        with pytest.raises(TypeError):
            mapping["new"] = 1  # type: ignore[index]


def test_final_states_are_numbered_in_one_order_however_they_are_given() -> None:
    names = [f"End{number}" for number in range(8)]
    exits = {f"m{number}": name for number, name in enumerate(names)}
    for final in (set(names), names, reversed(names)):
        contract = Contract(
            messages=dict.fromkeys(exits, "!"), states={"Start": exits}, initial="Start", final=tuple(final)
        )
        assert list(contract.states) == ["Start", *names]


def test_a_description_is_the_contract_for_people() -> None:
    assert repr(Contract(**FILES)) == "<Contract files: 6 states, 7 messages, from Start>"
    assert Contract(**FILES).describe() == textwrap.dedent("""\
        contract files, from Start
          Start    client sends open -> Opening
          Opening  server sends opened -> Open, refused -> Start
          Open     client sends read -> Reading, close -> Closed
          Reading  server sends data -> Ending, end -> Open
          Ending   server sends end -> Open
          Closed   final
          queued at most: 1 message (256 B) of the client, 2 messages (4 KiB) of the server""")


def test_a_guest_in_c_compiles_the_header_and_knows_the_tags(tmp_path: Path) -> None:
    files = Contract(**FILES)
    (tmp_path / "files.h").write_text(files.header())
    prints = "".join(f'    printf("{name} %d\\n", FILES_{name.upper()});\n' for name in files.tags)
    source = tmp_path / "tags.c"
    source.write_text(
        '#include <stdio.h>\n#include "files.h"\n#include "files.h"\n'
        f"int main(void) {{\n    enum files_tag tag = FILES_DATA;\n    (void)tag;\n{prints}    return 0;\n}}\n"
    )
    done = motte.run(source, options=motte.BuildOptions(flags=("-Wall", "-Wextra", "-Werror", "-Wpedantic")))
    assert done.stdout.decode() == "".join(f"{name} {tag}\n" for name, tag in files.tags.items())
    assert "FILES_DATA    = 5, /* by the server; at most 4096 bytes, 2 blocks */" in files.header()
    assert "FILES_OPENED  = 2, /* by the server; at most 1 capability */" in files.header()
    assert "FILES_CLOSE   = 7, /* by the client; empty */" in files.header()


def test_a_contract_without_messages_is_over_before_it_begins() -> None:
    contract = Contract(messages={}, states={}, initial="Over", final=["Over"])
    assert contract.capacity("client") == contract.capacity("server") == (0, 0)
    assert "enum" not in contract.header()
