"""Labels of code that are used as data: each is a small number, never an address.

``&&label`` in C, and the entries of a jump table that LLVM loads in one place and jumps
through in another, are addresses of code.  A guest must not see any, so such a label is
replaced by its index in the one table that its function has for this purpose.  The index can travel
through registers, spill slots and guest memory, and differences of two labels still work.

A reference may come before the label's function is complete, so the text refers to an absolute symbol
for each label, which is given its value at the end.
"""

import re
from typing import Final

CODE_LABEL: Final = r"\.L(?:BB[0-9]+_[0-9]+|tmp[0-9]+)"

_CODE_LABEL = re.compile(rf"({CODE_LABEL})(?![\w.$])")
_PREFIXES: Final = (".LBB", ".Ltmp")
_TABLE_LABEL = re.compile(r"\.LJTI[0-9]+_[0-9]+")


class CodeLabels:
    """The labels and the jump tables that one assembly text uses as data."""

    def __init__(self) -> None:
        """Nothing is used yet."""
        self.used: set[str] = set()
        self.used_tables: set[str] = set()

    def as_data(self, expression: str) -> str:
        """``expression``, with the number's symbol in place of a code label."""
        if not expression.startswith(_PREFIXES):
            return expression
        return _CODE_LABEL.sub(self._number_symbol, expression)

    def note_table(self, expression: str) -> None:
        """Remember that a jump table is read as data, if ``expression`` names one."""
        if expression.startswith(".LJTI"):
            table = _TABLE_LABEL.match(expression)
            if table is not None:
                self.used_tables.add(table.group())

    def _number_symbol(self, match: re.Match[str]) -> str:
        label = match.group(1)
        self.used.add(label)
        return number_symbol(label)


def number_symbol(label: str) -> str:
    """Name of the absolute symbol whose value is the number of ``label``."""
    return f".Lmotte_number{label}"
