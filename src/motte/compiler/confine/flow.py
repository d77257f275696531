"""One function through all passes: recognise, find heights, rewrite what depends on them, write."""

from collections.abc import Callable

from motte.compiler.confine.code_labels import CodeLabels, number_symbol
from motte.compiler.confine.errors import ConfineError
from motte.compiler.confine.function import Function
from motte.compiler.confine.heights import Heights
from motte.compiler.confine.indirect_calls import checked_transfer, recognise_indirect_calls
from motte.compiler.confine.items import CHECKED_CALL, CHECKED_JUMP, TABLE_JUMP, Item
from motte.compiler.confine.jump_tables import (
    Dispatch,
    DispatchWriter,
    JumpTables,
    LabelTable,
    as_table_jumps,
    find_dispatches,
)
from motte.compiler.confine.layout import FunctionLayout
from motte.compiler.confine.stack_alignment import round_up_odd_frame
from motte.compiler.confine.stack_copies import undo_stack_copies


class FunctionPasses:
    """What the functions of one assembly text share."""

    def __init__(
        self,
        labels: CodeLabels,
        label_tables: dict[str, LabelTable],
        layout: FunctionLayout,
        rewrite: Callable[[str], Item],
    ) -> None:
        """``labels`` and ``label_tables`` must be complete: the whole text has been read.

        ``rewrite`` makes the item of one instruction.
        """
        self._rewrite = rewrite
        self._labels = labels
        self._label_tables = label_tables
        self._layout = layout
        self.tables = JumpTables()
        self.label_numbers: list[str] = []
        self._numbered: set[str] = set()

    def confined(self, function: Function) -> str:
        """The confined text of ``function``; raises :class:`ConfineError`."""
        recognise_indirect_calls(function)
        undo_stack_copies(function, self._rewrite)
        positions = function.label_positions()
        numbered = self._number_labels(positions)
        dispatches = find_dispatches(function, self._label_tables, positions, numbered)
        as_table_jumps(function, dispatches)
        heights = _heights(function, dispatches)
        round_up_odd_frame(function, heights.before)
        writer = DispatchWriter(function, self.tables, dispatches, heights.by_label)
        for position, item in enumerate(function.items):
            height = heights.before[position]
            if height is None:
                continue
            if item.kind in (CHECKED_CALL, CHECKED_JUMP):
                function.items[position] = Item(item.kind, checked_transfer(function, item, height), item.source)
            elif item.kind == TABLE_JUMP:
                function.items[position] = Item(TABLE_JUMP, writer.text(position, height), item.source)
        return self._layout.text(function, heights.before)

    def check_all_labels_numbered(self) -> None:
        """Raise :class:`ConfineError` if something refers to a code label that no function has."""
        missing = self._labels.used - self._numbered
        if missing:
            raise ConfineError(f"{min(missing)} is used as data but is no label of a function")

    def _number_labels(self, positions: dict[str, int]) -> tuple[str, ...]:
        """Number this function's labels that are data, from 1, so that none is a null pointer."""
        numbered = tuple(label for label in positions if label in self._labels.used)
        self._numbered.update(numbered)
        for number, label in enumerate(numbered, 1):
            self.label_numbers.append(f"\t.set\t{number_symbol(label)}, {number}")
        return numbered


def _heights(function: Function, dispatches: dict[int, Dispatch]) -> Heights:
    """Heights of a function, of which some labels may be reached by number only."""
    known_targets = {
        position: () if dispatch.numbered else tuple(filter(None, dispatch.labels))
        for position, dispatch in dispatches.items()
    }
    heights = Heights(function, known_targets)
    heights.sweep_until_stable()
    for position, dispatch in dispatches.items():
        height = heights.before[position]
        if dispatch.numbered and height is not None:
            heights.reach_unknown(filter(None, dispatch.labels), height)
    return heights
