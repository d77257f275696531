"""The core's refusals of contracts, in words: it knows states and messages by their numbers."""

from collections import deque
from collections.abc import Mapping

from motte.contract_check import States
from motte.contract_terms import ContractMessage
from motte.core import ContractRefusal
from motte.errors import BadContract, InternalError

Messages = Mapping[str, ContractMessage]


def explain(refusal: ContractRefusal, states: States, messages: Messages, tags: Mapping[str, int]) -> BadContract:
    """The core's refusal, with names for its numbers."""
    match refusal.rule:
        case "two-senders":
            return _two_senders(list(states)[refusal.place], states, messages)
        case "endless":
            return _endless(list(states)[refusal.place], states, messages)
        case "tag-twice":
            name = list(messages)[refusal.place]
            other = next(other for other, tag in tags.items() if tag == tags[name] and other != name)
            text = f"messages {other!r} and {name!r} have the same tag, {tags[name]}"
            return BadContract(text, refusal.rule, sent=name)
    transitions = sum(map(len, states.values()))
    return BadContract(
        f"{refusal.rule.replace('-', ' ')}: {len(states)} states, {len(messages)} messages, {transitions} transitions",
        refusal.rule,
    )


def _two_senders(state: str, states: States, messages: Messages) -> BadContract:
    ours, theirs = (
        next(name for name in states[state] if messages[name].sender == side) for side in ("client", "server")
    )
    text = (
        f"in state {state!r} both sides may send: the client {ours!r}, the server {theirs!r}. "
        "If both did at the same moment, each would receive what it does not expect"
    )
    return BadContract(text, "two-senders", state=state, sent=ours)


def _endless(state: str, states: States, messages: Messages) -> BadContract:
    cycle = witness(state, states, messages)
    sender = messages[cycle[0][1]].sender
    path = ", ".join(f"{message!r} in {where!r}" for where, message in cycle)
    text = f"the {sender} may send for ever without receiving, and no queue is long enough: {path}, and again"
    return BadContract(text, "endless", state=state, sent=cycle[0][1], cycle=cycle)


def witness(state: str, states: States, messages: Messages) -> tuple[tuple[str, str], ...]:
    """The shortest way from a state back to it on which one side alone sends: (state, message) for each step."""
    sender = messages[next(iter(states[state]))].sender
    ways: deque[tuple[tuple[str, str], ...]] = deque([()])
    seen: set[str] = set()
    while ways:
        way = ways.popleft()
        here = states[way[-1][0]][way[-1][1]] if way else state
        if way and here == state:
            return way
        if here not in seen:
            seen.add(here)
            ways += [(*way, (here, message)) for message in states[here] if messages[message].sender == sender]
    raise InternalError(f"no cycle leads through state {state!r}, and the core says that there is one")
