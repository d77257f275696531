"""Reads a relocatable ELF file into tuples, believing nothing.

An object comes out of a compiler that worked on hostile input, so every offset and count
is checked against the file before use, and time and memory stay proportional to the file's
size.  A general ELF library does far more than this and is an order of magnitude slower;
the linker needs sections, symbols and relocations with explicit addends, and nothing else.

This file knows ELF; it does not know which sections Motte permits (``objects`` does).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from motte.errors import CompileError
from motte.image.names import printable

_FILE_HEADER: Final = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION_HEADER: Final = struct.Struct("<IIQQQQIIQQ")
_SYMBOL: Final = struct.Struct("<IBBHQQ")
RELOCATION: Final = struct.Struct("<QQq")
"""{offset, symbol << 32 | type, addend}"""

_IDENTITY: Final = b"\x7fELF\x02\x01\x01"
_RELOCATABLE: Final = 1
_X86_64: Final = 62

SHT_PROGBITS: Final = 1
SHT_SYMTAB: Final = 2
SHT_STRTAB: Final = 3
SHT_RELA: Final = 4
SHT_NOBITS: Final = 8

SHF_WRITE: Final = 0x1
SHF_ALLOC: Final = 0x2
SHF_EXECINSTR: Final = 0x4

SECTION_UNDEFINED: Final = 0
SECTION_ABSOLUTE: Final = 0xFFF1
SECTION_COMMON: Final = 0xFFF2
_FIRST_RESERVED_SECTION: Final = 0xFF00

LOCAL: Final = 0
GLOBAL: Final = 1
WEAK: Final = 2

TYPE_NONE: Final = 0
TYPE_OBJECT: Final = 1
TYPE_FUNCTION: Final = 2
TYPE_SECTION: Final = 3
TYPE_FILE: Final = 4
TYPE_COMMON: Final = 5
TYPE_THREAD_LOCAL: Final = 6
TYPE_INDIRECT_FUNCTION: Final = 10

_NAME_BYTES_PER_TABLE_BYTE: Final = 16
"""Names may share tails in a string table; a table that is shared more than this is an attack."""


class ElfSection(NamedTuple):
    """One section; ``data`` is empty for a section without contents in the file."""

    name: str
    type: int
    flags: int
    alignment: int
    size: int
    data: memoryview


class ElfSymbol(NamedTuple):
    """One symbol; ``section`` may be one of the ``SECTION_…`` values."""

    name: str
    binding: int
    type: int
    section: int
    value: int
    size: int


@dataclass(frozen=True, slots=True)
class ElfObject:
    """Sections and symbols by index, and each section's relocation records."""

    name: str
    sections: Sequence[ElfSection]
    symbols: Sequence[ElfSymbol]
    relocations: dict[int, memoryview]
    """Section index → whole ``RELOCATION`` records; every symbol index in them is valid."""


def read_elf(name: str, data: bytes) -> ElfObject:
    """The object ``data``; ``name`` is what errors call it.

    Raises :class:`~motte.errors.CompileError` if it is not a well-formed relocatable x86-64 file.
    """
    return _Reader(name, memoryview(data)).read()


class _Reader:
    def __init__(self, name: str, data: memoryview) -> None:
        self.name = name
        self.data = data

    def read(self) -> ElfObject:
        sections, links = self._sections()
        tables = [index for index, section in enumerate(sections) if section.type == SHT_SYMTAB]
        if len(tables) != 1:
            raise self._malformed(f"has {len(tables)} symbol tables, not one")
        symbol_table = tables[0]
        strings = self._linked_section(sections, links[symbol_table][0], SHT_STRTAB)
        symbols = self._symbols(sections, sections[symbol_table].data, bytes(strings.data))
        relocations: dict[int, memoryview] = {}
        for index, section in enumerate(sections):
            if section.type == SHT_RELA:
                link, target = links[index]
                if link != symbol_table or not 0 < target < len(sections) or target in relocations:
                    raise self._malformed(f"relocation section {printable(section.name)} is attached wrongly")
                relocations[target] = self._relocations(section, len(symbols))
        return ElfObject(self.name, sections, symbols, relocations)

    def _sections(self) -> tuple[list[ElfSection], list[tuple[int, int]]]:
        if len(self.data) < _FILE_HEADER.size:
            raise self._malformed("is shorter than an ELF header")
        identity, kind, machine, _, _, _, table, _, _, _, _, entry_size, count, names = _FILE_HEADER.unpack_from(
            self.data
        )
        if not identity.startswith(_IDENTITY) or kind != _RELOCATABLE or machine != _X86_64:
            raise self._malformed("is not a relocatable ELF file for x86-64")
        if entry_size != _SECTION_HEADER.size or not 0 < count < _FIRST_RESERVED_SECTION or names >= count:
            raise self._malformed("has an unusual section table")
        records = self._slice(table, count * entry_size, "section table")
        headers = list(_SECTION_HEADER.iter_unpack(records))
        name_table = bytes(self._slice(headers[names][4], headers[names][5], "section names"))
        section_names = _Strings(self, name_table)
        sections = [self._section(header, section_names) for header in headers]
        return sections, [(header[6], header[7]) for header in headers]

    def _section(self, header: tuple[int, ...], names: _Strings) -> ElfSection:
        name_offset, kind, flags, _, offset, size, _, _, alignment, _ = header
        name = names.at(name_offset)
        if kind == 0:
            return ElfSection(name, kind, flags, 1, 0, self.data[:0])
        alignment = alignment or 1
        if alignment & (alignment - 1):
            raise self._malformed(f"section {printable(name)} has alignment {alignment}, not a power of two")
        contents = self.data[:0] if kind == SHT_NOBITS else self._slice(offset, size, f"section {printable(name)}")
        return ElfSection(name, kind, flags, alignment, size, contents)

    def _linked_section(self, sections: Sequence[ElfSection], index: int, kind: int) -> ElfSection:
        if index >= len(sections) or sections[index].type != kind:
            raise self._malformed("symbol table without its string table")
        return sections[index]

    def _symbols(self, sections: Sequence[ElfSection], table: memoryview, strings: bytes) -> list[ElfSymbol]:
        if len(table) % _SYMBOL.size or not table:
            raise self._malformed("has a symbol table of odd size")
        names = _Strings(self, strings)
        symbols = []
        for name_offset, info, _, section, value, size in _SYMBOL.iter_unpack(table):
            if section < _FIRST_RESERVED_SECTION:
                if section >= len(sections):
                    raise self._malformed(f"symbol {printable(names.at(name_offset))} is in section {section} of none")
            elif section not in (SECTION_ABSOLUTE, SECTION_COMMON):
                raise self._malformed(f"symbol {printable(names.at(name_offset))} is in reserved section {section:#x}")
            symbols.append(ElfSymbol(names.at(name_offset), info >> 4, info & 15, section, value, size))
        return symbols

    def _relocations(self, section: ElfSection, symbol_count: int) -> memoryview:
        records = section.data
        if len(records) % RELOCATION.size:
            raise self._malformed(f"relocation section {printable(section.name)} has an odd size")
        highest = max((info >> 32 for _, info, _ in RELOCATION.iter_unpack(records)), default=0)
        if highest >= symbol_count:
            raise self._malformed(f"relocation section {printable(section.name)} names symbol {highest} of none")
        return records

    def _slice(self, offset: int, size: int, what: str) -> memoryview:
        if offset + size > len(self.data):
            raise self._malformed(f"{what} lies outside the file")
        return self.data[offset : offset + size]

    def _malformed(self, problem: str) -> CompileError:
        return CompileError(f"object {printable(self.name)}: {problem}")


class _Strings:
    """A string table, with the total length of all names bounded by its size."""

    def __init__(self, reader: _Reader, table: bytes) -> None:
        self._reader = reader
        self._table = table
        self._known: dict[int, str] = {}
        self._budget = _NAME_BYTES_PER_TABLE_BYTE * len(table)

    def at(self, offset: int) -> str:
        known = self._known.get(offset)
        if known is not None:
            return known
        end = self._table.find(b"\0", offset)
        if end < 0:
            raise self._reader._malformed("a name lies outside its string table")
        self._budget -= end - offset
        if self._budget < 0:
            raise self._reader._malformed("names overlap without end")
        name = self._table[offset:end].decode("utf-8", "surrogateescape")
        self._known[offset] = name
        return name
