"""Decodes one object's ``.debug_line``: which source line each code offset came from.

DWARF's line tables are programs for a small state machine.  Versions 2 to 5 occur; of their
columns Motte keeps address, file, line and column.  The input is as untrusted as the object that
holds it: every read is bounded, and work is proportional to the section's size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

_VERSION_5: Final = 5
_LONGEST_NAME: Final = 256
_MOST_FILES: Final = 0xFFFF

_FORM_DATA2: Final = 0x05
_FORM_DATA4: Final = 0x06
_FORM_DATA8: Final = 0x07
_FORM_STRING: Final = 0x08
_FORM_BLOCK: Final = 0x09
_FORM_DATA1: Final = 0x0B
_FORM_UDATA: Final = 0x0F
_FORM_DATA16: Final = 0x1E
_FORM_LINE_STRING: Final = 0x1F
_FIXED_FORMS: Final = {_FORM_DATA1: 1, _FORM_DATA2: 2, _FORM_DATA4: 4, _FORM_DATA8: 8, _FORM_DATA16: 16}

_CONTENT_PATH: Final = 1
_CONTENT_DIRECTORY: Final = 2

_COPY, _ADVANCE_PC, _ADVANCE_LINE, _SET_FILE = 1, 2, 3, 4
_SET_COLUMN = 5
_CONST_ADD_PC, _FIXED_ADVANCE_PC = 8, 9
_END_SEQUENCE, _SET_ADDRESS = 1, 2


class LineProgramError(Exception):
    """The section is malformed, or uses something that this reader does not know."""


class Row(NamedTuple):
    """From ``address`` (an offset in ``.text``) on, code came from this place; no file ends a run."""

    address: int
    file: str
    line: int
    column: int = 0
    """From 1 on; 0 is unknown."""


class RelocatedBytes:
    """A cursor over a section whose relocated fields are given by place."""

    def __init__(self, data: bytes, relocated: Mapping[int, int], line_strings: bytes) -> None:
        """``relocated`` maps places of ``data`` to values; ``line_strings`` is ``.debug_line_str``."""
        self.data = data
        self.position = 0
        self._relocated = relocated
        self._line_strings = line_strings

    def unsigned(self, size: int) -> int:
        """A little-endian integer, with its relocation applied if it has one."""
        start, end = self.position, self.position + size
        if end > len(self.data):
            raise LineProgramError("ends in the middle of a field")
        self.position = end
        if size >= 4 and start in self._relocated:
            return self._relocated[start] & ((1 << 8 * size) - 1)
        return int.from_bytes(self.data[start:end], "little")

    def leb128(self, *, signed: bool = False) -> int:
        """A variable-length integer of at most 64 bits."""
        value = 0
        for shift in range(0, 70, 7):
            byte = self.unsigned(1)
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value - (1 << shift + 7) if signed and byte & 0x40 else value
        raise LineProgramError("has an endless integer")

    def string(self) -> str:
        """A NUL-terminated string here."""
        text, self.position = _string_at(self.data, self.position)
        return text

    def field(self, form: int) -> int | str:
        """A field in one of the forms that line tables use."""
        if form in _FIXED_FORMS:
            return self.unsigned(_FIXED_FORMS[form])
        if form == _FORM_UDATA:
            return self.leb128()
        if form == _FORM_STRING:
            return self.string()
        if form == _FORM_LINE_STRING:
            return _string_at(self._line_strings, self.unsigned(4))[0]
        if form == _FORM_BLOCK:
            self.position += self.leb128()
            return 0
        raise LineProgramError(f"uses form {form:#x}")


@dataclass(slots=True)
class _Header:
    """What a line program's header says; ``files`` are paths by file number."""

    end: int
    opcode_base: int = 0
    line_base: int = 0
    line_range: int = 0
    instruction_unit: int = 1
    operand_counts: bytes = b""
    files: dict[int, str] = field(default_factory=dict)


def decode_lines(data: bytes, relocated: Mapping[int, int], line_strings: bytes) -> list[Row]:
    """All rows of a ``.debug_line`` section, ascending by address.

    ``relocated`` gives the final value of each relocated field by its place.
    Raises :class:`LineProgramError`.
    """
    cursor = RelocatedBytes(data, relocated, line_strings)
    rows: list[Row] = []
    while cursor.position < len(data):
        header = _read_header(cursor)
        _Machine(cursor, header, rows).run()
    return sorted(rows, key=lambda row: row.address)


def _string_at(data: bytes, start: int) -> tuple[str, int]:
    end = data.find(b"\0", start)
    if end < 0:
        raise LineProgramError("has a string without end")
    return data[start : min(end, start + _LONGEST_NAME)].decode("utf-8", "surrogateescape"), end + 1


def _read_header(cursor: RelocatedBytes) -> _Header:
    length = cursor.unsigned(4)
    header = _Header(end=cursor.position + length)
    version = cursor.unsigned(2)
    if header.end > len(cursor.data) or not 2 <= version <= _VERSION_5:
        raise LineProgramError(f"has a unit of version {version} and length {length:#x}")
    if version == _VERSION_5 and (cursor.unsigned(1), cursor.unsigned(1)) != (8, 0):
        raise LineProgramError("has addresses that are not 64 bits wide")
    program = cursor.unsigned(4) + cursor.position
    header.instruction_unit = cursor.unsigned(1)
    if version >= 4 and cursor.unsigned(1) != 1:
        raise LineProgramError("is for a machine with instruction bundles")
    cursor.unsigned(1)
    header.line_base = (cursor.unsigned(1) ^ 0x80) - 0x80
    header.line_range = cursor.unsigned(1)
    header.opcode_base = cursor.unsigned(1)
    header.operand_counts = bytes(cursor.unsigned(1) for _ in range(1, header.opcode_base))
    if header.line_range == 0 or header.opcode_base <= _FIXED_ADVANCE_PC:
        raise LineProgramError("has an unusual header")
    header.files = _files_of_version_5(cursor) if version == _VERSION_5 else _files_before_version_5(cursor)
    if not cursor.position <= program <= header.end:
        raise LineProgramError("has a header longer than it says")
    cursor.position = program
    return header


def _files_before_version_5(cursor: RelocatedBytes) -> dict[int, str]:
    directories = [""]
    while directory := cursor.string():
        directories.append(directory)
    files: dict[int, str] = {}
    while name := cursor.string():
        directory_number, _, _ = cursor.leb128(), cursor.leb128(), cursor.leb128()
        files[len(files) + 1] = _path(directories, directory_number, name)
    return files


def _files_of_version_5(cursor: RelocatedBytes) -> dict[int, str]:
    directories = [str(entry.get(_CONTENT_PATH, "")) for entry in _entries(cursor)]
    files = {}
    for number, entry in enumerate(_entries(cursor)):
        directory, name = entry.get(_CONTENT_DIRECTORY, 0), entry.get(_CONTENT_PATH, "")
        files[number] = _path(directories, directory if isinstance(directory, int) else 0, str(name))
    return files


def _entries(cursor: RelocatedBytes) -> list[dict[int, int | str]]:
    formats = [(cursor.leb128(), cursor.leb128()) for _ in range(cursor.unsigned(1))]
    count = cursor.leb128()
    # An entry without fields takes no bytes: only a bound on the count ends the loop below.
    if count and (not formats or count > _MOST_FILES):
        raise LineProgramError(f"claims {count} files")
    return [{content: cursor.field(form) for content, form in formats} for _ in range(count)]


def _path(directories: list[str], number: int, name: str) -> str:
    """Paths in the compilation directory (number 0) stay as short as the user wrote them."""
    directory = directories[number] if 0 < number < len(directories) else ""
    return f"{directory}/{name}" if directory and not name.startswith("/") else name


class _Machine:
    """The state machine that runs one line program, appending a row for each row it emits."""

    def __init__(self, cursor: RelocatedBytes, header: _Header, rows: list[Row]) -> None:
        self._cursor = cursor
        self._header = header
        self._rows = rows
        self._address, self._file, self._line, self._column = 0, 1, 1, 0

    def run(self) -> None:
        """Up to the end of the program's unit."""
        cursor, header = self._cursor, self._header
        while cursor.position < header.end:
            opcode = cursor.unsigned(1)
            if opcode >= header.opcode_base:
                advance, step = divmod(opcode - header.opcode_base, header.line_range)
                self._address += advance * header.instruction_unit
                self._line += header.line_base + step
                self._emit()
            elif opcode:
                self._standard(opcode)
            else:
                self._extended()

    def _emit(self) -> None:
        self._rows.append(Row(self._address, self._header.files.get(self._file, ""), self._line, self._column))

    def _standard(self, opcode: int) -> None:
        cursor, header = self._cursor, self._header
        if opcode == _COPY:
            self._emit()
        elif opcode == _ADVANCE_PC:
            self._address += cursor.leb128() * header.instruction_unit
        elif opcode == _ADVANCE_LINE:
            self._line += cursor.leb128(signed=True)
        elif opcode == _SET_FILE:
            self._file = cursor.leb128()
        elif opcode == _SET_COLUMN:
            self._column = cursor.leb128()
        elif opcode == _CONST_ADD_PC:
            self._address += (255 - header.opcode_base) // header.line_range * header.instruction_unit
        elif opcode == _FIXED_ADVANCE_PC:
            self._address += cursor.unsigned(2)
        else:
            # Statement marks and the like: the header says how many operands to pass over.
            for _ in range(header.operand_counts[opcode - 1]):
                cursor.leb128()

    def _extended(self) -> None:
        cursor = self._cursor
        length = cursor.leb128()
        end = cursor.position + length
        if not cursor.position < end <= self._header.end:
            raise LineProgramError("has an extended opcode of impossible length")
        opcode = cursor.unsigned(1)
        if opcode == _END_SEQUENCE:
            self._rows.append(Row(self._address, "", 0))
            self._address, self._file, self._line, self._column = 0, 1, 1, 0
        elif opcode == _SET_ADDRESS:
            self._address = cursor.unsigned(8)
        cursor.position = end
