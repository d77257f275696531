"""Any sequence of operations on a tree of banks, beside a model that is a few lines of Python."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from motte import core
from motte.errors import BadState, InvalidCap, LimitReached

DEPTH = 5
"""Levels that the model goes beyond; the core's own limit is tested by itself."""

LIMITS = st.none() | st.integers(0, 40)


@dataclass(eq=False)
class Model:
    """One bank: what it says about itself, and what was drawn from it directly."""

    core: core.Bank
    parent: Model | None
    limit: int | None
    own: int = 0
    peak: int = 0
    children: list[Model] = field(default_factory=list)
    state: str = "alive"

    @property
    def path(self) -> list[Model]:
        """From here to the root."""
        return [self, *(self.parent.path if self.parent else [])]

    @property
    def subtree(self) -> list[Model]:
        return [self, *(each for child in self.children for each in child.subtree)]

    @property
    def used(self) -> int:
        cost = sum(child.state == "alive" for child in self.children)
        return self.own + sum(child.used for child in self.children) + (cost if self.state == "alive" else 0)

    @property
    def room(self) -> float:
        return float("inf") if self.limit is None else max(0, self.limit - self.used)

    def refusing(self, pages: int) -> Model | None:
        """Who refuses so many pages, as the core has to say it."""
        if pages <= min(each.room for each in self.path):
            return None
        return min(self.path, key=lambda each: each.room)  # the nearest of several

    def note_peaks(self) -> None:
        for each in self.path:
            each.peak = max(each.peak, each.used)


class Banks(RuleBasedStateMachine):
    """Three trees, and handles of all their banks, of the dead ones too."""

    banks = Bundle("banks")

    def __init__(self) -> None:
        super().__init__()
        self.all: list[Model] = []

    @initialize(target=banks, limits=st.lists(LIMITS, min_size=1, max_size=3))
    def plant(self, limits: list[int | None]) -> object:
        roots = [Model(core.Bank(limit), None, limit) for limit in limits]
        self.all += roots
        return multiple(*roots)

    @rule(target=banks, parent=banks, limit=LIMITS)
    def sub(self, parent: Model, limit: int | None) -> object:
        if self.fails_when_dead(parent, lambda: parent.core.sub(limit)) or len(parent.path) == DEPTH:
            return multiple()
        if refusing := parent.refusing(1):
            with pytest.raises(LimitReached) as refusal:
                parent.core.sub(limit)
            assert refusal.value.bank_identity == refusing.core.identity
            return multiple()
        child = Model(parent.core.sub(limit), parent, limit)
        parent.children.append(child)
        parent.note_peaks()
        self.all.append(child)
        return child

    @rule(bank=banks, pages=st.integers(0, 50))
    def charge(self, bank: Model, pages: int) -> None:
        if self.fails_when_dead(bank, lambda: bank.core.charge(pages)):
            return
        if refusing := bank.refusing(pages):
            with pytest.raises(LimitReached) as refusal:
                bank.core.charge(pages)
            assert refusal.value.bank_identity == refusing.core.identity
            return
        bank.core.charge(pages)
        bank.own += pages
        bank.note_peaks()

    @rule(bank=banks, part=st.integers(0, 100))
    def refund(self, bank: Model, part: int) -> None:
        if bank.state == "forgotten":
            return
        if bank.state == "removed":  # all that was charged there is the parent's
            with pytest.raises(ValueError, match="more pages than were charged here"):
                bank.core.refund(1)
            return
        pages = bank.own * part // 100
        bank.core.refund(pages)
        bank.own -= pages

    @rule(bank=banks, limit=LIMITS)
    def set_limit(self, bank: Model, limit: int | None) -> None:
        if not self.fails_when_dead(bank, lambda: bank.core.set_limit(limit)):
            bank.core.set_limit(limit)
            bank.limit = limit

    @rule(bank=banks)
    def remove(self, bank: Model) -> None:
        if self.fails_when_dead(bank, lambda: bank.core.remove(bank.parent.core if bank.parent else None)):
            return
        if bank.parent is None:
            with pytest.raises(BadState):
                bank.core.remove(None)
            return
        bank.core.remove(bank.parent.core)
        bank.parent.own += bank.own
        bank.parent.children.remove(bank)
        bank.parent.children += bank.children
        for child in bank.children:
            child.parent = bank.parent
        bank.own, bank.children, bank.state = 0, [], "removed"

    @rule(bank=banks)
    def destroy(self, bank: Model) -> None:
        if not self.fails_when_dead(bank, lambda: bank.core.destroy()):  # noqa: PLW0108 (some banks have no core any more)
            bank.core.destroy()
            for each in bank.subtree:
                each.state = "destroyed"

    @rule(bank=banks)
    def forget(self, bank: Model) -> None:
        """The last handle goes, and with it what was drawn through it."""
        if bank.parent is None or bank.state == "forgotten" or any(each.parent is bank for each in self.all):
            return  # the last one: a tree stays; the banks below it, and those it inherited from, know it
        if bank.state != "removed":
            bank.parent.children.remove(bank)
        del bank.core
        bank.state = "forgotten"
        self.all.remove(bank)

    @invariant()
    def every_bank_agrees_with_the_model(self) -> None:
        for bank in self.all:
            assert bank.core.state == bank.state
            if bank.state == "alive":
                room = min(each.room for each in bank.path)
                available = None if room == float("inf") else room
                limits = [each.limit for each in bank.path if each.limit is not None]
                assert bank.core.effective_limit == min(limits, default=None)
                below = sum(each.state == "alive" for each in bank.subtree) - 1
                assert bank.core.figures() == (bank.limit, bank.used, bank.peak, available, below)
                assert bank.core.parent_identity == (bank.parent.core.identity if bank.parent else None)

    @invariant()
    def what_is_used_is_what_was_drawn_here_and_below(self) -> None:
        for bank in self.all:
            if bank.state == "alive" and all(child.state == "alive" for child in bank.children):
                assert bank.core.used == bank.own + sum(child.core.used + 1 for child in bank.children)

    def fails_when_dead(self, bank: Model, action: Callable[[], object]) -> bool:
        """Whether the bank has ended; then the action says so, and changes nothing."""
        if bank.state in ("removed", "destroyed"):
            with pytest.raises(InvalidCap, match=bank.state):
                action()
        return bank.state != "alive"


TestBanks = Banks.TestCase
TestBanks.settings = settings(max_examples=150, stateful_step_count=40, deadline=None, derandomize=True)
