"""The height of the native stack before every item: one constant for each, or the code is unreachable.

LLVM lays blocks out in any order, so a block may stand before the jumps that lead to it.
The sweep from top to bottom is repeated until it learns nothing new; nearly always once is enough.
"""

from collections.abc import Iterable

from motte.abi.layout import MAX_FRAME_HEIGHT
from motte.compiler.confine.function import Function
from motte.compiler.confine.items import (
    BRANCH,
    CHECKED_JUMP,
    END,
    JUMP,
    LABEL,
    TABLE_JUMP,
    Item,
)

_TRANSFERS = (BRANCH, JUMP, END, CHECKED_JUMP, TABLE_JUMP)


class Heights:
    """Heights in bytes above the return address: by label, and before each item (``None``: unreachable)."""

    def __init__(self, function: Function, table_targets: dict[int, tuple[str, ...]]) -> None:
        """``table_targets`` are the labels that each table jump is known to reach, by the item's index."""
        self._function = function
        self._table_targets = table_targets
        self.by_label: dict[str, int] = {}
        self.before: list[int | None] = [None] * len(function.items)

    def sweep_until_stable(self) -> None:
        """Find every height; raises :class:`ConfineError` where two paths disagree."""
        while any(label in self.by_label for label in self._sweep()):
            pass

    def _sweep(self) -> list[str]:
        """One pass in layout order; the labels whose height was not known when they were passed."""
        known, before = self.by_label, self.before
        height: int | None = 0
        unknown: list[str] = []
        for position, item in enumerate(self._function.items):
            kind = item.kind
            if kind == LABEL:
                here = known.get(item.target)
                if height is None:
                    height = here
                    if here is None:
                        unknown.append(item.target)
                elif here != height:
                    self._reach(item.target, height, position)
            before[position] = height
            if height is None:
                continue
            if item.stack_change:
                height += item.stack_change
                if not 0 <= height <= MAX_FRAME_HEIGHT:
                    raise self._function.error(f"the native stack frame would be {height} bytes", position)
            elif kind in _TRANSFERS:
                height = self._after_transfer(item, height, position)
        return unknown

    def _after_transfer(self, item: Item, height: int, position: int) -> int | None:
        """Hand ``height`` on to the targets of a transfer; the height behind it."""
        if item.kind == TABLE_JUMP:
            for label in self._table_targets[position]:
                self._reach(label, height, position)
        elif item.target:
            self._reach(item.target, height, position)
        return height if item.kind == BRANCH else None

    def _reach(self, label: str, height: int, position: int) -> None:
        known = self.by_label.get(label)
        if known is None:
            self.by_label[label] = height
        elif known != height:
            raise self._function.error(f"{label} is reached at stack heights {known} and {height}", position)

    def reach_unknown(self, labels: Iterable[str], height: int) -> None:
        """Take ``height`` for those of ``labels`` that nothing else gives one, and find what follows from it."""
        unknown = [label for label in labels if label not in self.by_label]
        if unknown:
            self.by_label.update(dict.fromkeys(unknown, height))
            self.sweep_until_stable()
