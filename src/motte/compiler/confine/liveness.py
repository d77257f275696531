"""At which labels something (the flags, a register) may still be read before it is written.

An indirect jump needs a mask, which may destroy the flags, or a register to load into.  LLVM does keep both
alive across a switch, so each is taken only where nobody reads it afterwards.  The answer is conservative:
whatever is not surely a write of the whole thing, without a read of it, counts as no write.
"""

from collections.abc import Callable
from typing import Final

from motte.compiler.confine.function import Function
from motte.compiler.confine.items import BRANCH, JUMP, LABEL, TABLE_JUMP, Item

# What an item does to the thing in question.
PASSES: Final = 0
READS: Final = 1
WRITES: Final = 2

Labels = tuple[str, ...]
Effect = Callable[[Item], int]


class Liveness:
    """The labels of one function from which some path reads a thing before it is written."""

    def __init__(self, function: Function, effect: Effect, table_targets: Callable[[int], Labels]) -> None:
        """``table_targets`` gives the labels to which the table jump at an index may lead."""
        self._predecessors: dict[str | Labels, list[str | Labels]] = {}
        # Labels since which no item has decided the question.
        self._open: list[str] = []
        self._live: set[str | Labels] = set()
        for position, item in enumerate(function.items):
            if item.kind == LABEL:
                self._lead_to(item.target)
                self._open.append(item.target)
            elif self._open:
                self._follow(item, effect(item), table_targets, position)
        self._spread()

    def is_dead_at(self, labels: Labels) -> bool:
        """Whether nobody reads what is left in it by a jump to any of ``labels``."""
        return self._live.isdisjoint(labels)

    def _follow(self, item: Item, effect: int, table_targets: Callable[[int], Labels], position: int) -> None:
        if effect == READS:
            self._live.update(self._open)
        elif effect == PASSES and item.kind in (BRANCH, JUMP):
            self._lead_to(item.target)
        elif effect == PASSES and item.kind == TABLE_JUMP:
            self._lead_to_table(table_targets(position))
        if effect != PASSES or item.kind in (JUMP, TABLE_JUMP):
            self._open.clear()

    def _lead_to(self, label: str) -> None:
        """From every open label the thing arrives at ``label`` untouched."""
        self._predecessors.setdefault(label, []).extend(self._open)

    def _lead_to_table(self, labels: Labels) -> None:
        """The same for a table, which is a place of its own that leads to all its labels."""
        if labels not in self._predecessors:
            self._predecessors[labels] = []
            for label in set(labels):
                self._predecessors.setdefault(label, []).append(labels)
        self._predecessors[labels].extend(self._open)

    def _spread(self) -> None:
        pending = list(self._live)
        while pending:
            for place in self._predecessors.get(pending.pop(), ()):
                if place not in self._live:
                    self._live.add(place)
                    pending.append(place)
