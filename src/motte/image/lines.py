"""Source lines of a whole program: the line tables of all objects, joined and thinned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from motte.image.line_program import LineProgramError, Row, decode_lines
from motte.image.objects import InputObject
from motte.image.program import LineRows
from motte.image.sections import SectionKind

_MOST_FILES: Final = 50_000
_HIGHEST_LINE: Final = 0xFFFF_FFFF
_HIGHEST_COLUMN: Final = 0xFFFF_FFFF


def line_rows(objects: Sequence[InputObject], text_offsets: Sequence[int]) -> LineRows:
    """The line rows of ``objects``, whose texts are at ``text_offsets`` in the code.

    Raises :class:`~motte.errors.CompileError` for malformed debug information.
    """
    joined = _JoinedRows()
    for each, start in zip(objects, text_offsets, strict=True):
        size = each.section(each.text_index).size
        for address, file, line, column in _rows_of(each):
            if address < size:
                joined.add(start + address, file, line, column)
        joined.add(start + size, "", 0, 0)
    return joined.rows


def _rows_of(owner: InputObject) -> list[Row]:
    lines = owner.section_of(SectionKind.LINES)
    if lines is None:
        return []
    strings = owner.section_of(SectionKind.LINE_STRINGS)
    relocated = {
        place: owner.elf.symbols[info >> 32].value + addend
        for place, info, addend in owner.relocations(owner.kinds.index(SectionKind.LINES))
    }
    try:
        return decode_lines(bytes(lines.data), relocated, bytes(strings.data) if strings else b"")
    except LineProgramError as problem:
        raise owner.error(f"section .debug_line {problem}") from None


class _JoinedRows:
    """Rows in ascending order: of equal offsets the last counts, and repetitions are dropped."""

    def __init__(self) -> None:
        self.rows = LineRows()
        self._file_numbers = {"": 0}

    def add(self, offset: int, file: str, line: int, column: int) -> None:
        rows = self.rows
        number = self._file_number(file)
        line = line if number and 0 <= line <= _HIGHEST_LINE else 0
        column = column if line and column <= _HIGHEST_COLUMN else 0
        if rows.offsets and rows.offsets[-1] == offset:
            rows.offsets.pop(), rows.files.pop(), rows.lines.pop(), rows.columns.pop()
        previous = (rows.files[-1], rows.lines[-1], rows.columns[-1]) if rows.offsets else (0, 0, 0)
        if (number, line, column) != previous:
            rows.offsets.append(offset)
            rows.files.append(number)
            rows.lines.append(line)
            rows.columns.append(column)

    def _file_number(self, file: str) -> int:
        number = self._file_numbers.get(file)
        if number is None:
            if len(self._file_numbers) >= _MOST_FILES:
                return 0
            number = self._file_numbers[file] = len(self._file_numbers)
            self.rows.file_names.append(file)
        return number
