"""The core's automaton: what it refuses to be made of, and every step of it against a dict of dicts."""

from __future__ import annotations

import random
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motte.core import ContractAutomaton, ContractRefusal, MessageLimits, compile_contract
from motte.core._core import compile_contract as compile_numbers

CLIENT, SERVER, NOBODY = 0, 1, 2
SEND, RECEIVE = False, True
STATES, MESSAGES, TRANSITIONS = 1024, 1024, 8192
BYTES, CAPABILITIES, BLOCKS = 65536, 4, 4


class Description(NamedTuple):
    """What compile_contract takes; by itself an exchange of a question (tag 7) and an answer (tag 5)."""

    states: int = 2
    initial: int = 0
    messages: tuple[MessageLimits, ...] = (MessageLimits(7, CLIENT, 10, 1, 2), MessageLimits(5, SERVER, 20, 0, 0))
    transitions: tuple[tuple[int, int, int], ...] = ((0, 0, 1), (1, 1, 0))

    def with_message(self, **changes: int) -> Description:
        """Its second message changed."""
        return self._replace(messages=(self.messages[0], self.messages[1]._replace(**changes)))


EXCHANGE = Description()


def compiled(description: Description) -> ContractAutomaton:
    answer = compile_contract(*description)
    assert not isinstance(answer, ContractRefusal), answer
    return answer


def chain(states: int, sender: int = CLIENT) -> Description:
    """One side sends the same message, from one state to the next."""
    transitions = tuple((state, 0, state + 1) for state in range(states - 1))
    return Description(states, 0, (MessageLimits(1, sender, BYTES, 0, 0),), transitions)


def fan(messages: int) -> Description:
    """So many messages lead from one state to another."""
    limits = tuple(MessageLimits(tag * 3, CLIENT, 1, 0, 0) for tag in range(messages))
    return Description(2, 0, limits, tuple((0, message, 1) for message in range(messages)))


def wide(transitions: int) -> Description:
    """So many transitions: 1,000 messages in some states, the rest in one more."""
    limits = tuple(MessageLimits(tag, CLIENT, 1, 0, 0) for tag in range(1000))
    return Description(20, 0, limits, tuple((i // 1000, i % 1000, 19) for i in range(transitions)))


@pytest.mark.parametrize(
    ("refused", "rule", "place"),
    [
        (chain(STATES + 1), "too-many-states", 0),
        (fan(MESSAGES + 1), "too-many-messages", 0),
        (wide(TRANSITIONS + 1), "too-many-transitions", 0),
        (Description(0, 0, (), ()), "unknown-initial", 0),
        (EXCHANGE._replace(initial=2), "unknown-initial", 0),
        (EXCHANGE.with_message(sender=NOBODY), "unknown-sender", 1),
        (EXCHANGE.with_message(sender=2**32 - 1), "unknown-sender", 1),
        (EXCHANGE.with_message(size=BYTES + 1), "message-too-large", 1),
        (EXCHANGE.with_message(capabilities=CAPABILITIES + 1), "message-too-large", 1),
        (EXCHANGE.with_message(blocks=BLOCKS + 1), "message-too-large", 1),
        (EXCHANGE.with_message(tag=7), "tag-twice", 1),
        (EXCHANGE._replace(transitions=((0, 0, 1), (2, 1, 0))), "unknown-state", 1),
        (EXCHANGE._replace(transitions=((0, 0, 1), (1, 1, 2))), "unknown-state", 1),
        (EXCHANGE._replace(transitions=((0, 0, 1), (1, 2, 0))), "unknown-message", 1),
        (EXCHANGE._replace(transitions=((0, 0, 1), (1, 1, 0), (1, 1, 1))), "message-twice", 1),
        (EXCHANGE._replace(transitions=((0, 0, 1), (1, 1, 0), (1, 0, 0))), "two-senders", 1),
        (EXCHANGE._replace(transitions=((0, 0, 1), (1, 1, 1))), "endless", 1),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_description_that_breaks_a_rule_is_refused_with_rule_and_place(
    refused: Description, rule: str, place: int
) -> None:
    assert compile_contract(*refused) == ContractRefusal(rule, place)


@pytest.mark.parametrize(
    "accepted",
    [
        chain(STATES),
        fan(MESSAGES),
        wide(TRANSITIONS),
        EXCHANGE,
        EXCHANGE._replace(initial=1),
        EXCHANGE.with_message(sender=SERVER, size=BYTES, capabilities=CAPABILITIES, blocks=BLOCKS),
        EXCHANGE.with_message(tag=0),
        EXCHANGE.with_message(tag=2**32 - 1),
        Description(1, 0, (), ()),
    ],
)
def test_its_twin_within_the_limits_is_accepted(accepted: Description) -> None:
    assert compiled(accepted).initial == accepted.initial


def test_a_cycle_is_found_behind_others_that_are_none_and_the_place_lies_on_it() -> None:
    messages = (MessageLimits(1, CLIENT, 0, 0, 0), MessageLimits(2, CLIENT, 0, 0, 0), MessageLimits(3, SERVER, 0, 0, 0))
    # 0 and 1 take turns; 2 leads into the cycle 3, 4, and is on none.
    before = ((0, 0, 1), (1, 2, 0), (0, 1, 2), (2, 0, 3), (3, 0, 4))
    refusal = compile_contract(5, 0, messages, (*before, (4, 0, 3)))
    assert isinstance(refusal, ContractRefusal)
    assert refusal.rule == "endless"
    assert refusal.place in (3, 4)
    assert not isinstance(compile_contract(5, 0, messages, (*before, (4, 0, 1))), ContractRefusal)


def test_the_longest_and_the_largest_way_count_each_for_itself() -> None:
    messages = (
        MessageLimits(1, CLIENT, 1, 0, 0),
        MessageLimits(2, CLIENT, 100, 0, 0),
        MessageLimits(3, SERVER, 5, 0, 0),
    )
    # Three small ones, or one large one, and then the server's.
    automaton = compiled(Description(4, 0, messages, ((0, 0, 1), (1, 0, 2), (2, 0, 3), (0, 1, 3), (3, 2, 0))))
    assert automaton.capacity(CLIENT) == (3, 100)
    assert automaton.capacity(SERVER) == (1, 5)


@pytest.mark.parametrize("sender", [CLIENT, SERVER])
def test_the_longest_contract_is_measured_without_a_deep_stack(sender: int) -> None:
    automaton = compiled(chain(STATES, sender))
    assert automaton.capacity(sender) == (STATES - 1, (STATES - 1) * BYTES)
    assert automaton.capacity(1 - sender) == (0, 0)


def test_memory_is_that_of_its_parts_and_at_most_a_few_pages() -> None:
    least = compiled(Description(1, 0, (), ())).memory_bytes
    # 20 bytes a message, 8 a transition, 3 a state.
    assert compiled(EXCHANGE).memory_bytes - least == 2 * 20 + 2 * 8 + 1 * 3
    assert compiled(wide(TRANSITIONS)).memory_bytes < 100_000


def test_a_message_fits_up_to_each_of_its_limits_and_only_where_it_is_sent() -> None:
    automaton = compiled(EXCHANGE)
    assert automaton.fits(0, 7, 10, 1, 2)
    assert automaton.fits(0, 7, 0, 0, 0)
    assert not automaton.fits(0, 7, 11, 1, 2)
    assert not automaton.fits(0, 7, 10, 2, 2)
    assert not automaton.fits(0, 7, 10, 1, 3)
    assert not automaton.fits(0, 7, 2**64 - 1, 0, 0)
    assert not automaton.fits(1, 7, 0, 0, 0)
    assert not automaton.fits(0, 5, 0, 0, 0)
    assert not automaton.fits(0, 6, 0, 0, 0)


@st.composite
def descriptions(draw: st.DrawFn) -> Description:
    """Ones that are accepted: a state's number says whose it is, and leads to the other side's or upwards."""
    states = draw(st.integers(1, 12))
    tags = draw(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=8, unique=True))
    messages = tuple(MessageLimits(tag, draw(st.sampled_from([CLIENT, SERVER])), 1, 0, 0) for tag in tags)
    transitions = []
    for state in range(states):
        sender = state % 2
        targets = [target for target in range(states) if target > state or target % 2 != sender]
        for number, message in enumerate(messages):
            if targets and message.sender == sender and draw(st.booleans()):
                transitions.append((state, number, draw(st.sampled_from(targets))))
    return Description(states, draw(st.integers(0, states - 1)), messages, tuple(draw(st.permutations(transitions))))


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(descriptions(), st.integers(0, 2**32 - 1))
def test_every_step_is_that_of_the_table(description: Description, seed: int) -> None:
    chance = random.Random(seed)
    automaton = compiled(description)
    table = {(state, description.messages[i].tag): following for state, i, following in description.transitions}
    senders = {message.tag: message.sender for message in description.messages}
    near = {tag + change for tag in senders for change in (-1, 0, 1) if 0 <= tag + change < 2**32}
    for state in range(description.states):
        senders_here = {senders[tag] for where, tag in table if where == state}
        assert automaton.sender(state) == (senders_here.pop() if senders_here else None)
        for side in (CLIENT, SERVER):
            assert automaton.may_travel(side, state) == (automaton.sender(state) == side)
            for direction in (SEND, RECEIVE):
                sender = side if direction is SEND else 1 - side
                for tag in near | {chance.randrange(2**32)}:
                    expected = table.get((state, tag)) if senders.get(tag) == sender else None
                    assert automaton.step(side, state, direction, tag) == expected


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(descriptions(), st.integers(0, 2**32 - 1))
def test_two_ends_that_take_turns_at_random_stay_on_one_path(description: Description, seed: int) -> None:
    chance = random.Random(seed)
    automaton = compiled(description)
    states = [description.initial, description.initial]
    queues: list[list[int]] = [[], []]  # by sender
    for _ in range(200):
        side = chance.choice((CLIENT, SERVER))
        queue = queues[1 - side]
        if queue:
            following = automaton.step(side, states[side], RECEIVE, queue.pop(0))
            assert following is not None
        else:
            tag = chance.choice(description.messages).tag
            following = automaton.step(side, states[side], SEND, tag)
            if following is None:
                continue
            queues[side].append(tag)
            assert len(queues[side]) <= automaton.capacity(side)[0]
        states[side] = following
        assert not (queues[CLIENT] and queues[SERVER])
        if queues == [[], []]:
            assert states[CLIENT] == states[SERVER]


def test_what_a_peer_sends_out_of_turn_is_caught_by_whoever_receives_it() -> None:
    automaton = compiled(EXCHANGE)
    assert automaton.step(SERVER, 0, RECEIVE, 5) is None  # its own message
    assert automaton.step(SERVER, 0, RECEIVE, 6) is None  # nobody's
    assert automaton.step(CLIENT, 0, RECEIVE, 5) is None  # an answer before the question
    assert automaton.step(CLIENT, 1, RECEIVE, 5) == 0


def test_numbers_that_are_no_states_sides_or_records_are_misuse() -> None:
    automaton = compiled(EXCHANGE)
    with pytest.raises(ValueError, match="there is no state 2"):
        automaton.step(CLIENT, 2, SEND, 7)
    with pytest.raises(ValueError, match="there is no state 2"):
        automaton.sender(2)
    with pytest.raises(ValueError, match="there is no state 2"):
        automaton.fits(2, 7, 0, 0, 0)
    with pytest.raises(ValueError, match="there is no state 2"):
        automaton.may_travel(CLIENT, 2)
    with pytest.raises(ValueError, match="2 is no side"):
        automaton.capacity(2)
    with pytest.raises(OverflowError, match="does not fit into 32 bits"):
        automaton.step(CLIENT, 0, SEND, 2**32)
    with pytest.raises(ValueError, match="19 bytes are no array of records of 5 numbers"):
        compile_numbers(1, 0, bytes(19), b"")
    with pytest.raises(ValueError, match="13 bytes are no array of records of 3 numbers"):
        compile_numbers(1, 0, b"", bytes(13))
    with pytest.raises(TypeError):
        ContractAutomaton()
