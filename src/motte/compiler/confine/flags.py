"""At which labels an arithmetic flag may still be read.

The mask of an indirect jump may be an ``and``, which destroys the flags, only where nobody reads
them afterwards: LLVM does keep a comparison alive across a switch.  The answer is conservative: only an
instruction that surely writes every flag and reads none ends their life.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from motte.compiler.confine.function import Function
from motte.compiler.confine.items import (
    BRANCH,
    CALL,
    CHECKED_CALL,
    CHECKED_JUMP,
    END,
    JUMP,
    LABEL,
    PLAIN,
    TABLE_JUMP,
    Item,
)

_WRITER: Final = re.compile(r"\t(?:(?:add|sub|and|or|xor|cmp|test|neg|imul|mul|popcnt)[bwlq]|v?u?comis[sd])\t")
_READER: Final = re.compile(r"\t(?:cmov|set|adc|sbb|rcl|rcr|adox|cmc|lock\s+(?:adc|sbb))")

# Where the flags end: nowhere in this line, read here, or written here.
_PASSED: Final = 0
_READ: Final = 1
_WRITTEN: Final = 2

Labels = tuple[str, ...]

_BY_KIND: Final = {BRANCH: _READ, CALL: _WRITTEN, END: _WRITTEN, CHECKED_CALL: _WRITTEN, CHECKED_JUMP: _WRITTEN}


class FlagLiveness:
    """The labels of one function from which some path reads a flag before all are written.

    ``table_targets`` gives the labels to which the table jump at an index may lead.
    """

    def __init__(self, function: Function, table_targets: Callable[[int], Labels]) -> None:
        """Reads every item of ``function`` once."""
        self._predecessors: dict[str | Labels, list[str | Labels]] = {}
        self._open: list[str] = []
        self._live: set[str | Labels] = set()
        for position, item in enumerate(function.items):
            kind = item.kind
            if kind == LABEL:
                self._leave_to(item.target)
                self._open.append(item.target)
            elif not self._open:
                continue
            elif kind == JUMP:
                self._leave_to(item.target)
            elif kind == TABLE_JUMP:
                self._leave_to_table(table_targets(position))
            else:
                self._pass(item)
        self._spread()

    def are_dead_at(self, labels: Labels) -> bool:
        """Whether nobody reads a flag that is set before a jump to any of ``labels``."""
        return self._live.isdisjoint(labels)

    def _pass(self, item: Item) -> None:
        end = _end_of_plain(item.source) if item.kind == PLAIN else _BY_KIND.get(item.kind, _PASSED)
        if end == _READ:
            self._live.update(self._open)
        if end != _PASSED:
            self._open.clear()

    def _leave_to(self, label: str) -> None:
        """The flags of all open labels arrive at ``label`` untouched."""
        self._predecessors.setdefault(label, []).extend(self._open)
        self._open.clear()

    def _leave_to_table(self, labels: Labels) -> None:
        """The same for a table, which is a place of its own that leads to all its labels."""
        if labels not in self._predecessors:
            self._predecessors[labels] = []
            for label in set(labels):
                self._predecessors.setdefault(label, []).append(labels)
        self._predecessors[labels].extend(self._open)
        self._open.clear()

    def _spread(self) -> None:
        pending = list(self._live)
        while pending:
            for place in self._predecessors.get(pending.pop(), ()):
                if place not in self._live:
                    self._live.add(place)
                    pending.append(place)


@lru_cache(maxsize=1 << 16)
def _end_of_plain(source: str) -> int:
    if _READER.match(source):
        return _READ
    return _WRITTEN if _WRITER.match(source) else _PASSED
