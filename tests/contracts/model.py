"""Two peers and two queues, in the plainest words; and contracts drawn at random.

Nothing here asks the core: a contract is a dict of dicts, and what may happen is tried out, all of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from hypothesis import strategies as st

States = dict[str, dict[str, str]]
Queue = tuple[str, ...]


@dataclass(frozen=True)
class Drawn:
    """A contract that may break a rule. Sizes belong to messages; senders are "!" and "?"."""

    senders: dict[str, str]
    sizes: dict[str, int]
    states: States
    initial: str = "S0"

    @property
    def final(self) -> list[str]:
        return [state for state, exits in self.states.items() if not exits]

    def sendable(self, state: str, sender: str) -> list[str]:
        return [message for message in self.states[state] if self.senders[message] == sender]

    def has_two_senders(self) -> bool:
        return any(self.sendable(state, "!") and self.sendable(state, "?") for state in self.states)

    def is_endless(self) -> bool:
        """Somebody can send more messages in a row than there are states."""
        return any(
            self._can_send(state, sender, len(self.states) + 1) for state in self.states for sender in ("!", "?")
        )

    def _can_send(self, state: str, sender: str, count: int) -> bool:
        reached = {state}
        for _ in range(count):
            reached = {self.states[here][message] for here in reached for message in self.sendable(here, sender)}
        return bool(reached)


class Moment(NamedTuple):
    """Where each side believes the conversation to be, and what is under way to the server and to the client."""

    client: str
    server: str
    to_server: Queue = ()
    to_client: Queue = ()


class UnexpectedError(Exception):
    """A side received what its state does not know."""


def following(contract: Drawn, now: Moment) -> Iterator[Moment]:
    """Every next moment: somebody sends what it may, or receives what has come."""
    states = contract.states
    for message in contract.sendable(now.client, "!"):
        yield now._replace(client=states[now.client][message], to_server=(*now.to_server, message))
    for message in contract.sendable(now.server, "?"):
        yield now._replace(server=states[now.server][message], to_client=(*now.to_client, message))
    if now.to_server:
        if now.to_server[0] not in contract.sendable(now.server, "!"):
            raise UnexpectedError(now)
        yield now._replace(server=states[now.server][now.to_server[0]], to_server=now.to_server[1:])
    if now.to_client:
        if now.to_client[0] not in contract.sendable(now.client, "?"):
            raise UnexpectedError(now)
        yield now._replace(client=states[now.client][now.to_client[0]], to_client=now.to_client[1:])


def all_moments(contract: Drawn, queue_limit: int | None = None) -> set[Moment]:
    """Every moment of every run; runs end where a queue is longer than the limit."""
    start = Moment(contract.initial, contract.initial)
    seen, ahead = {start}, [start]
    while ahead:
        now = ahead.pop()
        if queue_limit is not None and max(len(now.to_server), len(now.to_client)) > queue_limit:
            continue
        found = set(following(contract, now)) - seen
        seen |= found
        ahead += found
    return seen


def without_idle_parts(contract: Drawn) -> Drawn:
    """The same conversations, without states and messages that none of them has."""
    reached, ahead = {contract.initial}, [contract.initial]
    while ahead:
        found = set(contract.states[ahead.pop()].values()) - reached
        reached |= found
        ahead += found
    states = {state: exits for state, exits in contract.states.items() if state in reached}
    used = {message for exits in states.values() for message in exits}
    return Drawn(
        {message: sender for message, sender in contract.senders.items() if message in used},
        {message: size for message, size in contract.sizes.items() if message in used},
        states,
    )


@dataclass
class Share:
    """How many of the contracts drawn were of which kind: a test of nothing would show here."""

    accepted: int = 0
    endless: int = 0
    two_senders: int = 0
    capacities: set[int] = field(default_factory=set)


@st.composite
def contracts(draw: st.DrawFn) -> Drawn:
    """Small ones, of all three kinds; most have one sender a state."""
    names = [f"m{number}" for number in range(draw(st.integers(1, 5)))]
    senders = {name: draw(st.sampled_from("!?")) for name in names}
    sizes = {name: draw(st.integers(0, 9)) for name in names}
    state_names = [f"S{number}" for number in range(draw(st.integers(1, 7)))]
    mixed = draw(st.integers(0, 2)) == 0
    states: States = {}
    for state in state_names:
        owner = draw(st.sampled_from("!?"))
        possible = [name for name in names if mixed or senders[name] == owner]
        sent = draw(st.lists(st.sampled_from(possible), max_size=3, unique=True)) if possible else []
        states[state] = {message: draw(st.sampled_from(state_names)) for message in sent}
    return without_idle_parts(Drawn(senders, sizes, states))
