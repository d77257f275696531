"""Lines of data: numbers and strings pass, symbols pass with code labels turned into their numbers.

Tables of code labels are also remembered as such, because a jump through one of them can go straight to
a copy of it among the jump tables.  LLVM's own switch tables are written only if something
reads them as data.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from motte.compiler.confine import directives
from motte.compiler.confine.code_labels import CODE_LABEL, CodeLabels
from motte.compiler.confine.errors import Unconfinable
from motte.compiler.confine.jump_tables import LabelTable
from motte.compiler.confine.sections import Section, SectionKind

_TABLE_ENTRY: Final = re.compile(rf"\t\.quad\t(?:({CODE_LABEL})|0)")
_SWITCH_TABLE: Final = ".LJTI"


@dataclass(slots=True)
class DataTable:
    """A label of constant data and the code labels that follow it, as far as nothing else comes between."""

    name: str
    labels: list[str] = field(default_factory=list)


class DataWriter:
    """Turns lines of data sections into confined ones."""

    def __init__(self, labels: CodeLabels) -> None:
        """``labels`` notes which code labels the data refers to."""
        self._labels = labels
        self._tables: list[DataTable] = []
        self._open: DataTable | None = None

    def label_tables(self) -> dict[str, LabelTable]:
        """Every constant table that holds code labels, by its symbol."""
        return {table.name: LabelTable(table.name, tuple(table.labels)) for table in self._tables if any(table.labels)}

    def start_label(self, symbol: str, section: Section) -> DataTable | None:
        """Begin what ``symbol`` labels; a switch table is returned to be written when all uses are known."""
        self._open = None
        if section.kind != SectionKind.CONSTANT:
            return None
        self._open = DataTable(symbol)
        self._tables.append(self._open)
        return self._open if symbol.startswith(_SWITCH_TABLE) else None

    def end_label(self) -> None:
        """What follows does not belong to the last label."""
        self._open = None

    def line(self, line: str, section: Section) -> str:
        """The confined form of one line, "" if it is written later; raises :class:`Unconfinable`."""
        if self._open is not None:
            entry = _TABLE_ENTRY.fullmatch(line)
            if entry is None:
                self._open = None
            else:
                self._open.labels.append(entry.group(1) or "")
                if self._open.name.startswith(_SWITCH_TABLE):
                    return ""
        if directives.NUMBERS.fullmatch(line) or directives.DATA.fullmatch(line):
            return line
        value = directives.VALUE.fullmatch(line)
        if value is None:
            raise Unconfinable("directive not accepted")
        if section.kind == SectionKind.DEBUG:
            return line
        expression = value["value"]
        if (value["less"] or "").startswith(_SWITCH_TABLE):
            raise Unconfinable("a position-independent jump table")
        self._labels.note_table(expression)
        return value["directive"] + self._labels.as_data(expression)

    def use_read_tables(self) -> None:
        """Note the labels in switch tables that code reads as data; call when all code is read."""
        for table in self._tables:
            if table.name in self._labels.used_tables:
                for label in table.labels:
                    self._labels.as_data(label)

    def table_text(self, table: DataTable) -> str:
        """A switch table as data: nothing, or the numbers of its labels."""
        if table.name not in self._labels.used_tables:
            return ""
        entries = (f"\t.quad\t{self._labels.as_data(label) or 0}" for label in table.labels)
        return "\n".join([f"{table.name}:", *entries])
