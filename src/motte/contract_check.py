"""What is checked about a contract before the core is asked: its names fit together, and nothing in it is idle.

The core decides about the rest: one sender a state, finiteness, tags, limits (``core/contracts``).
"""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from motte.contract_terms import TAG_LIMIT, ContractMessage, Direction
from motte.errors import BadContract

States = Mapping[str, Mapping[str, str]]
"""State → message → next state."""

NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)


def check_names(names: Iterable[str], what: str) -> None:
    """They are identifiers of C and Python, and stay different when they are written in capitals."""
    seen: dict[str, str] = {}
    for name in names:
        if not isinstance(name, str) or not NAME.fullmatch(name):
            text = f"{what} {name!r}: names are ASCII letters, digits and '_', and begin with a letter"
            raise BadContract(text, "name")
        other = seen.setdefault(name.upper(), name)
        if other != name:
            raise BadContract(f"{what}s {other!r} and {name!r} differ in capitals only", "name")


def check_messages(messages: Mapping[str, ContractMessage | Direction]) -> dict[str, ContractMessage]:
    """The same, with directions alone made messages."""
    check_names(messages, "message")
    return {
        name: message if isinstance(message, ContractMessage) else ContractMessage(message)
        for name, message in messages.items()
    }


def number_messages(messages: Mapping[str, ContractMessage]) -> dict[str, int]:
    """A tag for each: like the constants of an ``enum`` in C, but from 1 on."""
    tags: dict[str, int] = {}
    last_tag = 0
    for name, message in messages.items():
        last_tag = last_tag + 1 if message.tag is None else message.tag
        if last_tag > TAG_LIMIT:
            text = f"message {name!r} has no tag of its own, and there is none after {TAG_LIMIT}"
            raise BadContract(text, "too-many-tags", sent=name)
        tags[name] = last_tag
    return tags


def check_states(states: States, messages: Collection[str], initial: str, final: Collection[str]) -> None:
    """Every name is there, every state and message of use, and the ends are those that are meant to be ends.

    ``states`` has the final ones, too.
    """
    check_names(states, "state")
    if initial not in states:
        raise BadContract(f"there is no state {initial!r} to begin in", "unknown-initial", state=initial)
    for state, exits in states.items():
        for message, following in exits.items():
            _check_link(state, message, following, states, messages)
        _check_end(state, exits, final)
    reached = reachable(states, initial)
    for state in states:
        if state not in reached:
            raise BadContract(f"nothing leads from {initial!r} to state {state!r}", "unreachable", state=state)
    used = {message for exits in states.values() for message in exits}
    for message in messages:
        if message not in used:
            raise BadContract(f"message {message!r} is not sent in any state", "unused-message", sent=message)


def _check_link(state: str, message: str, following: str, states: States, messages: Collection[str]) -> None:
    if message not in messages:
        text = f"state {state!r}: there is no message {message!r}"
        raise BadContract(text, "unknown-message", state=state, sent=message)
    if following not in states:
        text = f"state {state!r}: message {message!r} leads to {following!r}, which is no state"
        raise BadContract(text, "unknown-state", state=state, sent=message)


def _check_end(state: str, exits: Mapping[str, str], final: Collection[str]) -> None:
    if exits and state in final:
        message = next(iter(exits))
        text = f"state {state!r} is said to be final, but message {message!r} leads out of it"
        raise BadContract(text, "final-with-exits", state=state, sent=message)
    if not exits and state not in final:
        raise BadContract(f"nothing leads out of state {state!r}, and it is not final", "dead-end", state=state)


def reachable(states: States, initial: str) -> set[str]:
    """Everything that a conversation can come to."""
    reached, ahead = {initial}, [initial]
    while ahead:
        found = set(states[ahead.pop()].values()) - reached
        reached |= found
        ahead += found
    return reached
