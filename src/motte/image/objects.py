"""Confined objects: what one relocatable file contributes to a program.

A confined object has one ``.text`` that holds all its functions, plain data sections, jump
tables, and records that say each function's incoming stack bytes and each table's owner.
Reading one resolves everything that the object alone decides; symbols of other objects are
left to the linker.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from motte.errors import CompileError
from motte.image.elf import (
    RELOCATION,
    SECTION_ABSOLUTE,
    SHF_ALLOC,
    TYPE_FILE,
    TYPE_FUNCTION,
    TYPE_INDIRECT_FUNCTION,
    TYPE_THREAD_LOCAL,
    ElfObject,
    ElfSection,
    ElfSymbol,
    read_elf,
)
from motte.image.names import printable
from motte.image.relocation_types import R_X86_64_64
from motte.image.sections import DATA_KINDS, SINGLE_KINDS, SectionKind, classify, objection

FUNCTION_ALIGNMENT: Final = 16

_FUNCTION_RECORD: Final = struct.Struct("<QII")
_JUMP_TABLE_RECORD: Final = struct.Struct("<QQII")


class ObjectFunction(NamedTuple):
    """One function; ``offset`` and ``size`` in bytes of the object's ``.text``."""

    offset: int
    size: int
    stack_arguments: int
    function_class: int
    name: str


class ObjectJumpTable(NamedTuple):
    """One jump table: ``offset`` in ``.motte.tables``; ``owner`` is its function's offset in ``.text``."""

    offset: int
    entries: int
    owner: int


@dataclass(frozen=True, slots=True)
class InputObject:
    """One object, read and checked as far as it alone can be."""

    name: str
    elf: ElfObject
    kinds: tuple[SectionKind, ...]
    """Kind of each section, by section index."""
    text_index: int | None
    """Of ``.text``."""

    def section(self, index: int | None) -> ElfSection:
        """The section, or the null section for ``None``."""
        return self.elf.sections[index or 0]

    def section_of(self, kind: SectionKind) -> ElfSection | None:
        """The section of a kind that occurs at most once."""
        return self.elf.sections[self.kinds.index(kind)] if kind in self.kinds else None

    def data_sections(self) -> Iterator[tuple[int, ElfSection, SectionKind]]:
        """Index, section and kind of everything that becomes part of the window."""
        for index, (section, kind) in enumerate(zip(self.elf.sections, self.kinds, strict=True)):
            if kind in DATA_KINDS:
                yield index, section, kind

    def relocations(self, index: int) -> Iterator[tuple[int, int, int]]:
        """(offset, symbol << 32 | type, addend) of each relocation of a section."""
        records = self.elf.relocations.get(index)
        return iter(()) if records is None else RELOCATION.iter_unpack(records)

    def error(self, problem: str) -> CompileError:
        """An error that names this object."""
        return CompileError(f"object {printable(self.name)}: {problem}")


@dataclass(frozen=True, slots=True)
class ConfinedObject(InputObject):
    """An object of confined code, with what it says of its functions."""

    tables_index: int | None
    functions: dict[int, ObjectFunction]
    """By offset in ``.text``, ascending."""
    jump_tables: dict[int, ObjectJumpTable]
    """By offset in ``.motte.tables``, ascending."""


def read_object(name: str, data: bytes) -> ConfinedObject:
    """The confined object in ``data``; ``name`` is what errors call it.

    Raises :class:`~motte.errors.CompileError` naming whatever is malformed or unknown.
    """
    elf = read_elf(name, data)
    reader = _ObjectReader(elf)
    return ConfinedObject(name, elf, reader.kinds, reader.text, reader.tables, reader.functions(), reader.jump_tables())


class _ObjectReader:
    def __init__(self, elf: ElfObject) -> None:
        self.elf = elf
        self.kinds = tuple(self._kind(section) for section in elf.sections)
        self.text = self._single(SectionKind.TEXT)
        self.tables = self._single(SectionKind.TABLES)
        for symbol in elf.symbols:
            self._check_symbol(symbol)

    def functions(self) -> dict[int, ObjectFunction]:
        """Joins the function symbols (name, size) with the records (A, class)."""
        records = self._function_records()
        sizes: dict[int, int] = {}
        names: dict[int, str] = {}
        for symbol in self.elf.symbols:
            if symbol.type == TYPE_FUNCTION and symbol.section == self.text and symbol.section:
                sizes[symbol.value] = max(symbol.size, sizes.get(symbol.value, 0))
                names.setdefault(symbol.value, symbol.name)
        if sizes.keys() != records.keys():
            odd = min(sizes.keys() ^ records.keys())
            problem = "has no function record" if odd in sizes else "has a function record but no function symbol"
            raise self._error(f"{printable(names.get(odd, f'.text+{odd:#x}'))} {problem}")
        functions = {
            offset: ObjectFunction(offset, sizes[offset], *records[offset], names[offset]) for offset in sorted(records)
        }
        self._check_disjoint(functions)
        return functions

    def jump_tables(self) -> dict[int, ObjectJumpTable]:
        """Tables by offset, each with its owner's offset in ``.text``."""
        size = self.elf.sections[self.tables or 0].size
        tables: dict[int, ObjectJumpTable] = {}
        for place, entries, addresses in self._records(SectionKind.JUMP_TABLE_RECORDS, _JUMP_TABLE_RECORD):
            table = self._local_offset(addresses.get(place), self.tables, "a jump table record")
            owner = self._local_offset(addresses.get(place + 8), self.text, "a jump table's owner")
            _, _, count, _ = entries
            if table in tables or table + 8 * count > size:
                raise self._error(f"jump table at {table:#x} is described wrongly")
            tables[table] = ObjectJumpTable(table, count, owner)
        return dict(sorted(tables.items()))

    def _function_records(self) -> dict[int, tuple[int, int]]:
        records: dict[int, tuple[int, int]] = {}
        for place, (_, stack_arguments, number), addresses in self._records(
            SectionKind.FUNCTION_RECORDS, _FUNCTION_RECORD
        ):
            offset = self._local_offset(addresses.get(place), self.text, "a function record")
            if records.setdefault(offset, (stack_arguments, number)) != (stack_arguments, number):
                raise self._error(f"two function records for .text+{offset:#x} disagree")
        return records

    def _records(
        self, kind: SectionKind, layout: struct.Struct
    ) -> Iterator[tuple[int, tuple[int, ...], dict[int, tuple[int, int, int]]]]:
        """(place, fields, relocations by place) of each record in the section of this kind."""
        index = self._single(kind)
        if index is None:
            return
        section = self.elf.sections[index]
        if len(section.data) % layout.size:
            raise self._error(f"section {section.name} has an odd size")
        relocations = RELOCATION.iter_unpack(self.elf.relocations.get(index, section.data[:0]))
        by_place = {place: (info & 0xFFFF_FFFF, info >> 32, addend) for place, info, addend in relocations}
        for number, fields in enumerate(layout.iter_unpack(section.data)):
            yield number * layout.size, fields, by_place

    def _local_offset(self, relocation: tuple[int, int, int] | None, section: int | None, what: str) -> int:
        """Where a record points: an offset in one of this object's own sections."""
        if relocation is not None and section is not None:
            kind, symbol_index, addend = relocation
            symbol = self.elf.symbols[symbol_index]
            offset = symbol.value + addend
            if kind == R_X86_64_64 and symbol.section == section and 0 <= offset < self.elf.sections[section].size:
                return offset
        raise self._error(f"{what} does not point into this object")

    def _check_disjoint(self, functions: dict[int, ObjectFunction]) -> None:
        end = 0
        for function in functions.values():
            if function.offset < end or function.size == 0:
                raise self._error(f"function {printable(function.name)} is empty or overlaps another")
            end = function.offset + function.size
        if end > self.elf.sections[self.text or 0].size:
            raise self._error("a function extends past the end of .text")

    def _check_symbol(self, symbol: ElfSymbol) -> None:
        if symbol.type in (TYPE_THREAD_LOCAL, TYPE_INDIRECT_FUNCTION) or symbol.type > TYPE_INDIRECT_FUNCTION:
            raise self._error(f"symbol {printable(symbol.name)} has type {symbol.type}, which confined code lacks")
        if symbol.binding > 2:
            raise self._error(f"symbol {printable(symbol.name)} has unknown binding {symbol.binding}")
        if symbol.section == SECTION_ABSOLUTE and symbol.type != TYPE_FILE:
            raise self._error(f"symbol {printable(symbol.name)} is an absolute value")
        if symbol.type == TYPE_FUNCTION and symbol.section and symbol.section != self.text:
            raise self._error(f"function {printable(symbol.name)} is not in .text")

    def _kind(self, section: ElfSection) -> SectionKind:
        kind = classify(section)
        if kind is None or (kind is SectionKind.IGNORED and section.flags & SHF_ALLOC):
            raise self._error(f"unknown section {printable(section.name)}")
        problem = objection(section, kind)
        if problem is not None:
            raise self._error(f"section {printable(section.name)} {problem}")
        return kind

    def _single(self, kind: SectionKind) -> int | None:
        if kind in SINGLE_KINDS and self.kinds.count(kind) > 1:
            raise self._error(f"more than one {kind.name.lower()} section")
        return self.kinds.index(kind) if kind in self.kinds else None

    def _error(self, problem: str) -> CompileError:
        return CompileError(f"object {printable(self.elf.name)}: {problem}")
