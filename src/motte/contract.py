"""Contracts: what may be said in a conversation, by whom, and when.

Two programs that exchange messages agree on an order of them.  Where it is only in their authors' heads, the first bug
or the first hostile peer breaks it, and the error shows up far from its cause.  A contract writes the order down as a
state machine that both ends can ask: whether a message may be sent, and whether one that came may be received.

The idea is Singularity's: Fähndrich et al., "Language Support for Fast and Reliable Message-based Communication in
Singularity OS", EuroSys 2006.  Its two rules are kept: queues of finite, known length, and an end of a conversation
that is given away only by the side that is about to send.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType

from motte.contract_check import check_messages, check_names, check_states, number_messages
from motte.contract_refusals import explain
from motte.contract_terms import SIDES, ContractCapacity, ContractMessage, Direction, Side
from motte.contract_text import describe, render_header
from motte.core import ContractAutomaton, ContractRefusal, MessageLimits, compile_contract


class Contract:
    """A state machine of messages between a client and a server.

    ::

        files = motte.Contract(
            name="files",
            messages={"open": "!", "opened": "?", "refused": "?", "close": "!"},
            states={
                "Start": {"open": "Opening"},
                "Opening": {"opened": "Open", "refused": "Start"},
                "Open": {"close": "Closed"},
            },
            initial="Start",
            final=["Closed"],
        )

    ``messages`` says of each message who sends it: ``"!"`` the client, ``"?"`` the server, or a
    :class:`motte.ContractMessage` with what it may carry.  Tags count from 1 in their order, so new messages belong at
    the end.  ``states`` says which messages may be sent in each state, and what the state is then.  A conversation
    begins in ``initial`` and ends in a state of ``final``.

    Raises :class:`motte.BadContract` (a ``ValueError``) unless all names fit together, every state can be reached and,
    but for the final ones, left, in each state one side alone may send, and each cycle has messages of both sides.

    Immutable: any number of conversations and threads may use one.
    """

    __slots__ = ("__weakref__", "core", "final", "initial", "messages", "name", "state_numbers", "states", "tags")

    def __init__(
        self,
        *,
        messages: Mapping[str, ContractMessage | Direction],
        states: Mapping[str, Mapping[str, str]],
        initial: str,
        final: Collection[str] = (),
        name: str = "contract",
    ) -> None:
        """Checks everything."""
        if isinstance(final, str):
            raise TypeError(f"final: expected a collection of states; got {final!r}")
        check_names([name], "contract")
        all_states = {state: MappingProxyType(dict(exits)) for state, exits in states.items()}
        for state in sorted(final):  # sets have no order, and states are numbered
            all_states.setdefault(state, MappingProxyType({}))

        self.name = name
        self.messages: Mapping[str, ContractMessage] = MappingProxyType(check_messages(messages))
        self.tags: Mapping[str, int] = MappingProxyType(number_messages(self.messages))
        """The number that stands for each message."""
        self.states: Mapping[str, Mapping[str, str]] = MappingProxyType(all_states)
        """State → message → next state."""
        self.state_numbers: Mapping[str, int] = MappingProxyType({state: i for i, state in enumerate(all_states)})
        """The core's numbers of states."""
        self.initial = initial
        self.final = frozenset(final)

        check_states(self.states, self.messages, initial, self.final)
        self.core = self._compile()

    def sender(self, state: str) -> Side | None:
        """Who sends in this state; ``None``: it is final."""
        side = self.core.sender(self._number(state))
        return None if side is None else SIDES[side]

    def may_travel(self, state: str, side: Side) -> bool:
        """Whether this side's end of the conversation may be given to somebody else in this state.

        Only where the side is about to send: then nothing is on its way to it, nor will be before it has sent.
        """
        return self.core.may_travel(_side_number(side), self._number(state))

    def capacity(self, sender: Side) -> ContractCapacity:
        """What the queue of this side's messages holds at most, however fast either side is; some run fills it."""
        return ContractCapacity(*self.core.capacity(_side_number(sender)))

    def describe(self) -> str:
        """The whole contract, for people: a line for each state, and one about the queues."""
        return describe(self)

    def header(self) -> str:
        """A header for guests written in C: the tags as an ``enum``, named after contract and message."""
        return render_header(self)

    def __repr__(self) -> str:
        """Name and size."""
        return f"<Contract {self.name}: {len(self.states)} states, {len(self.messages)} messages, from {self.initial}>"

    def _number(self, state: str) -> int:
        if state not in self.state_numbers:
            raise ValueError(f"contract {self.name} has no state {state!r}")
        return self.state_numbers[state]

    def _compile(self) -> ContractAutomaton:
        limits = [
            MessageLimits(
                self.tags[name],
                _side_number(message.sender),
                message.size_limit,
                message.capabilities,
                message.blocks,
            )
            for name, message in self.messages.items()
        ]
        message_numbers = {name: number for number, name in enumerate(self.messages)}
        transitions = [
            (self.state_numbers[state], message_numbers[name], self.state_numbers[following])
            for state, exits in self.states.items()
            for name, following in exits.items()
        ]
        answer = compile_contract(len(self.states), self.state_numbers[self.initial], limits, transitions)
        if isinstance(answer, ContractRefusal):
            raise explain(answer, self.states, self.messages, self.tags)
        return answer


def _side_number(side: Side) -> int:
    if side not in SIDES:
        raise ValueError(f"a side is 'client' or 'server'; got {side!r}")
    return SIDES.index(side)
