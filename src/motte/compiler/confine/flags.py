"""Whether the arithmetic flags are dead at some labels.

The mask of an indirect jump may be an ``and``, which destroys the flags, only where nobody reads
them afterwards: LLVM does keep a comparison alive across a switch.  The search is conservative: an instruction
ends it only if it surely writes all flags and reads none.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final

from motte.compiler.confine.function import Function
from motte.compiler.confine.items import (
    BRANCH,
    CALL,
    CHECKED_CALL,
    CHECKED_JUMP,
    END,
    JUMP,
    MEMORY_JUMP,
    PLAIN,
    REGISTER_JUMP,
    TABLE_JUMP,
)

_WRITERS: Final = re.compile(r"\t(?:(?:add|sub|and|or|xor|cmp|test|neg|imul|mul|popcnt)[bwlq]|v?u?comis[sd])\t")
_READERS: Final = re.compile(r"\t(?:lock\s+)?(?:cmov|set|adc|sbb|rcl|rcr|adox|cmc)")


def flags_are_dead(
    function: Function,
    labels: Iterable[str],
    positions: dict[str, int],
    table_targets: Callable[[int], Iterable[str]],
) -> bool:
    """Whether no path from any of ``labels`` reads a flag before writing all of them."""
    pending = [positions[label] for label in labels if label in positions]
    visited: set[int] = set()
    items = function.items
    while pending:
        position = pending.pop()
        while position < len(items) and position not in visited:
            visited.add(position)
            item = items[position]
            kind = item.kind
            if kind == BRANCH or (kind == PLAIN and _READERS.match(item.source)):
                return False
            if kind in (CALL, END, CHECKED_CALL, CHECKED_JUMP) or (kind == PLAIN and _WRITERS.match(item.source)):
                break
            if kind == JUMP:
                pending.append(positions[item.target])
                break
            if kind in (TABLE_JUMP, REGISTER_JUMP, MEMORY_JUMP):
                pending.extend(positions[label] for label in table_targets(position))
                break
            position += 1
    return True
