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
)

_DIRECT = (BRANCH, JUMP)
_LEAVING = (END, CHECKED_JUMP)


class Heights:
    """Heights in bytes above the return address: by label, and before each item (``None``: unreachable)."""

    def __init__(self, function: Function, table_targets: dict[int, tuple[str, ...]]) -> None:
        """``table_targets`` are the labels that each table jump is known to reach, by the item's index."""
        self._function = function
        self._table_targets = table_targets
        self._changed = False
        self.by_label: dict[str, int] = {}
        self.before: list[int | None] = [None] * len(function.items)

    def sweep_until_stable(self) -> None:
        """Find every height; raises :class:`ConfineError` where two paths disagree."""
        while True:
            self._changed = False
            if not self._sweep() or not self._changed:
                return

    def _sweep(self) -> bool:
        """One pass in layout order; whether a label was passed whose height was not known there."""
        known, before = self.by_label, self.before
        height: int | None = 0
        unknown_label = False
        for position, item in enumerate(self._function.items):
            kind = item.kind
            if kind == LABEL:
                here = known.get(item.target)
                if height is None:
                    height = here
                    unknown_label |= here is None
                elif here != height:
                    self._reach(item.target, height, position)
            before[position] = height
            if height is None:
                continue
            if item.stack_change:
                height += item.stack_change
                if not 0 <= height <= MAX_FRAME_HEIGHT:
                    raise self._function.error(f"the native stack frame would be {height} bytes", position)
            elif kind in _DIRECT:
                if item.target:
                    self._reach(item.target, height, position)
                if kind == JUMP:
                    height = None
            elif kind == TABLE_JUMP:
                self._reach_all(self._table_targets[position], height, position)
                height = None
            elif kind in _LEAVING:
                height = None
        return unknown_label

    def _reach_all(self, labels: Iterable[str], height: int, position: int) -> None:
        for label in labels:
            self._reach(label, height, position)

    def _reach(self, label: str, height: int, position: int) -> None:
        known = self.by_label.get(label)
        if known is None:
            self.by_label[label] = height
            self._changed = True
        elif known != height:
            raise self._function.error(f"{label} is reached at stack heights {known} and {height}", position)

    def reach_unknown(self, labels: Iterable[str], height: int) -> None:
        """Take ``height`` for those of ``labels`` that nothing else gives one, and find what follows from it."""
        unknown = [label for label in labels if label not in self.by_label]
        if unknown:
            self.by_label.update(dict.fromkeys(unknown, height))
            self.sweep_until_stable()
