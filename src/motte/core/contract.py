"""Contracts as the core follows them: states, sides and messages are numbers here."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

from motte.core._core import ContractAutomaton
from motte.core._core import compile_contract as compile_numbers


class MessageLimits(NamedTuple):
    """A message of a contract: its tag, who sends it (0: the client, 1: the server), and what it carries at most."""

    tag: int
    sender: int
    size: int
    capabilities: int
    blocks: int


class ContractRefusal(NamedTuple):
    """The rule that a contract breaks, and where: the number of a message, a transition or a state."""

    rule: str
    place: int


def compile_contract(
    states: int, initial: int, messages: Sequence[MessageLimits], transitions: Sequence[tuple[int, int, int]]
) -> ContractAutomaton | ContractRefusal:
    """An automaton; or why there is none.

    ``transitions`` are (state, message, next state), where the message is its place in ``messages``.  What the rules
    are, and which kind of place belongs to each, is said in ``core/contracts/contract.h``.  Raises ``OverflowError``
    for numbers beyond 32 bits.
    """
    answer = compile_numbers(states, initial, _numbers(messages), _numbers(transitions))
    return ContractRefusal(*answer) if isinstance(answer, tuple) else answer


def _numbers(records: Sequence[tuple[int, ...]]) -> bytes:
    return array("I", chain.from_iterable(records)).tobytes()
