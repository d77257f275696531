"""What was inlined where: a compact table from an object's debug information, for exact backtraces.

A backtrace has a line for every function of the source, and optimised code has one frame for many of them.  DWARF
says which instructions come from which inlined call, in a form that takes a large parser.  That parser runs here,
where nobody trusts the result, and what leaves is simple to check.

The table is a section ``.motte.inlined`` of the object, all numbers little-endian u32:

    count of places, count of calls
    places: {offset in .text, number of the innermost inlined call from there on (0: none)}, ascending
    calls (number 1 is the first): {number of the call around it (0: none), name, file, line of the call}
    texts, each ended by a NUL; names and files are numbers of texts, and text 0 is empty
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from elftools.dwarf.ranges import RangeEntry
from elftools.elf.elffile import ELFFile

from motte.compiler.object_section import append_section

SECTION: Final = ".motte.inlined"

_CALL: Final = "DW_TAG_inlined_subroutine"
_NAMES: Final = ("DW_AT_linkage_name", "DW_AT_name")
_REFERENCES: Final = ("DW_AT_abstract_origin", "DW_AT_specification")
_LONGEST_CHAIN: Final = 8
"""References from a call to the function's name; there are two or three."""


class _Range(NamedTuple):
    """The code [low, high) of the inlined call ``call``; ``depth`` calls surround it."""

    low: int
    high: int
    depth: int
    call: int


def with_inlined_functions(image: bytes) -> bytes:
    """The object with its table, if it has debug information."""
    elf = ELFFile(io.BytesIO(image))
    if elf.get_section_by_name(".debug_info") is None:
        return image
    dwarf = elf.get_dwarf_info()
    table = _Table()
    for unit in dwarf.iter_CUs():
        _Unit(dwarf, unit, table).read()
    return append_section(image, SECTION, table.encoded())


class _Table:
    """Calls and texts by number, and the code of each call."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, int, int, int]] = []
        self.ranges: list[_Range] = []
        self._texts = {b"": 0}

    def text(self, text: bytes) -> int:
        """The number of a text."""
        return self._texts.setdefault(text, len(self._texts))

    def encoded(self) -> bytes:
        """The section's bytes."""
        places = [number for place in self._places() for number in place]
        calls = [number for call in self.calls for number in call]
        numbers = (len(places) // 2, len(self.calls), *places, *calls)
        return struct.pack(f"<{len(numbers)}I", *numbers) + b"".join(text + b"\0" for text in self._texts)

    def _places(self) -> Iterator[tuple[int, int]]:
        """Where another call becomes the innermost one: ranges lie inside one another, or side by side."""
        last = (-1, 0)
        waiting: tuple[int, int] | None = None
        for place in self._changes():
            if waiting is not None and place[0] > waiting[0] and waiting[1] != last[1]:
                yield waiting
                last = waiting
            waiting = place
        if waiting is not None and waiting[1] != last[1]:
            yield waiting

    def _changes(self) -> Iterator[tuple[int, int]]:
        around: list[_Range] = []
        for each in sorted(self.ranges, key=lambda item: (item.low, item.depth)):
            while around and around[-1].high <= each.low:
                high = around.pop().high
                yield high, around[-1].call if around else 0
            high = min(each.high, around[-1].high) if around else each.high
            if each.low < high:
                around.append(each._replace(high=high))
                yield each.low, each.call
        while around:
            high = around.pop().high
            yield high, around[-1].call if around else 0


class _Unit:
    """One compilation unit's debug information (pyelftools has no types)."""

    def __init__(self, dwarf: Any, unit: Any, table: _Table) -> None:
        self._dwarf = dwarf
        self._unit = unit
        self._table = table
        self._files: dict[int, int] = {}

    def read(self) -> None:
        """Add every inlined call with code of its own to the table."""
        waiting = [(self._unit.get_top_DIE(), 0, 0)]
        while waiting:
            entry, around, depth = waiting.pop()
            if entry.tag == _CALL:
                ranges = list(self._ranges(entry))
                if ranges:
                    around, depth = self._add(entry, around), depth + 1
                    self._table.ranges += [_Range(low, high, depth, around) for low, high in ranges]
            waiting += [(child, around, depth) for child in entry.iter_children()]

    def _add(self, entry: Any, around: int) -> int:
        file, line = (self._number(entry, name) for name in ("DW_AT_call_file", "DW_AT_call_line"))
        calls = self._table.calls
        calls.append((around, self._table.text(self._name(entry)), self._file(file), line))
        return len(calls)

    @staticmethod
    def _number(entry: Any, name: str) -> int:
        attribute = entry.attributes.get(name)
        return 0 if attribute is None else int(attribute.value) & 0xFFFF_FFFF

    @staticmethod
    def _name(entry: Any) -> bytes:
        for _ in range(_LONGEST_CHAIN):
            for name in _NAMES:
                if name in entry.attributes:
                    return bytes(entry.attributes[name].value)
            reference = next((name for name in _REFERENCES if name in entry.attributes), None)
            if reference is None:
                break
            entry = entry.get_DIE_from_attribute(reference)
        return b""

    def _ranges(self, entry: Any) -> Iterator[tuple[int, int]]:
        attributes = entry.attributes
        if "DW_AT_ranges" in attributes:
            lists = self._dwarf.range_lists()
            base = self._number(self._unit.get_top_DIE(), "DW_AT_low_pc")
            for item in lists.get_range_list_at_offset(attributes["DW_AT_ranges"].value, cu=self._unit):
                if not isinstance(item, RangeEntry):
                    base = item.base_address
                elif item.is_absolute:
                    yield item.begin_offset, item.end_offset
                else:
                    yield base + item.begin_offset, base + item.end_offset
        elif "DW_AT_low_pc" in attributes and "DW_AT_high_pc" in attributes:
            low, high = self._number(entry, "DW_AT_low_pc"), self._number(entry, "DW_AT_high_pc")
            is_size = attributes["DW_AT_high_pc"].form != "DW_FORM_addr"
            yield low, low + high if is_size else high

    def _file(self, number: int) -> int:
        known = self._files.get(number)
        if known is None:
            known = self._files[number] = self._table.text(self._path(number))
        return known

    def _path(self, number: int) -> bytes:
        """As the reader of line tables spells it: names in the compilation directory (number 0) stay short."""
        program = self._dwarf.line_program_for_CU(self._unit)
        if program is None:
            return b""
        header = program.header
        first = 0 if header.version >= 5 else 1  # up to version 4, file 0 and directory 0 are not in the lists
        if not first <= number < len(header.file_entry) + first:
            return b""
        entry = header.file_entry[number - first]
        name, directory = bytes(entry.name), entry.dir_index - first
        if entry.dir_index == 0 or directory >= len(header.include_directory) or name.startswith(b"/"):
            return name
        return bytes(header.include_directory[directory]) + b"/" + name
