"""Copies every section to its place and fills in what the assembler left open.

A number that names a place means one of four things, and the target decides which:

* a direct call or jump goes to a function, to a gate, or (absent weak function) to a trap;
* a function used as a value is its function-table pointer, 0 if absent;
* data is its window address plus the addend;
* a table is a host address, known only at load: the field holds the offset in the tables, and
  its place is recorded.

Everything else is an error that names object, section, offset and target.
"""

from __future__ import annotations

import struct
from collections.abc import Container, Iterator
from typing import Final, NamedTuple

from motte.abi.layout import FUNCTION_TABLE_ENTRY_SIZE, IMAGE_BASE, JUMP_TABLE_ENTRY_SIZE
from motte.errors import CompileError
from motte.image.constructors import reverse_pointers
from motte.image.elf import TYPE_SECTION
from motte.image.function_table import FunctionTable, class_named_at
from motte.image.layout import TRAP_STUB, Layout
from motte.image.objects import ConfinedObject
from motte.image.program import GateCall
from motte.image.relocation_types import CALLS, R_X86_64_32S, R_X86_64_64, VALUES, relocation_name
from motte.image.sections import SectionKind
from motte.image.targets import Target, TargetKind, Targets, symbol_label

_DISPLACEMENT_TO_END: Final = -4
"""The addend of a call: its displacement counts from the end of its own four bytes."""

_CLASS_OFFSET: Final = 8
"""Of the class in a function-table entry."""

_CODE_FILL: Final = 0xCC


class Place(NamedTuple):
    """Where a relocation stands, for errors."""

    owner: ConfinedObject
    section_index: int
    offset: int
    symbol_number: int

    def error(self, problem: str) -> CompileError:
        """An error that says where."""
        section = self.owner.elf.sections[self.section_index].name
        label = symbol_label(self.owner, self.symbol_number)
        return self.owner.error(f"{section}+{self.offset:#x}: {problem}: {label}")


def address_taken(objects: list[ConfinedObject], layout: Layout, targets: Targets) -> Iterator[Target]:
    """The functions and gates that some object uses as values, in order of first use."""
    callable_kinds = (TargetKind.CODE, TargetKind.GATE)
    for number, owner in enumerate(objects):
        meaning = targets.by_object[number]
        sections = [owner.text_index, *layout.addresses[number]]
        for index in sections:
            for _, info, addend in owner.relocations(index) if index is not None else ():
                if info & 0xFFFF_FFFF in VALUES:
                    target = meaning[info >> 32]
                    if target.kind in callable_kinds:
                        yield Target(target.kind, target.value + addend)


class Relocator:
    """Fills the code, the window image and the jump tables of one program."""

    def __init__(
        self,
        objects: list[ConfinedObject],
        layout: Layout,
        targets: Targets,
        functions: dict[int, int],
        table: FunctionTable[Target],
    ) -> None:
        """``functions`` gives each function's index by code offset."""
        self._objects = objects
        self._layout = layout
        self._targets = targets
        self._functions = functions
        self._table = table
        self._jump_tables_start = FUNCTION_TABLE_ENTRY_SIZE << table.log2
        self.code = bytearray([_CODE_FILL]) * layout.code_size
        self.read_only = bytearray(layout.read_only_size)
        self.writable = bytearray(layout.writable_size)
        self.jump_targets = [0] * (layout.jump_tables_size // JUMP_TABLE_ENTRY_SIZE)
        self.table_references: list[int] = []
        self.gate_calls: list[GateCall] = []
        self.called_classes: set[int] = set()

    def relocate(self) -> None:
        """Raises :class:`~motte.errors.CompileError` for a relocation without meaning, or out of range."""
        self.code[self._layout.trap_stub : self._layout.code_size] = TRAP_STUB
        for number in range(len(self._objects)):
            self._relocate_text(number)
            self._relocate_tables(number)
        for place in self._layout.sections:
            if place.kind is not SectionKind.ZERO:
                contents = self._relocated_data(place.object_number, place.section_index)
                if place.kind is SectionKind.LEGACY_CONSTRUCTORS:
                    reverse_pointers(contents)
                if place.kind is SectionKind.WRITABLE:
                    start, segment = place.address - self._layout.writable_base, self.writable
                else:
                    start, segment = place.address - IMAGE_BASE, self.read_only
                segment[start : start + place.size] = contents

    def _relocate_text(self, number: int) -> None:
        owner = self._objects[number]
        index = owner.text_index
        if index is None:
            return
        text, start = owner.section(index), self._layout.text_offsets[number]
        code = self.code
        code[start : start + text.size] = text.data
        meaning = self._targets.by_object[number]
        for offset, info, addend in owner.relocations(index):
            kind, symbol_number = info & 0xFFFF_FFFF, info >> 32
            place = Place(owner, index, offset, symbol_number)
            target = meaning[symbol_number]
            self._check_field(place, kind, text.size, allowed=(*CALLS, *VALUES))
            if kind in CALLS:
                self._call(place, target, addend, start + offset)
            elif target.kind in (TargetKind.TABLES, TargetKind.FUNCTION_TABLE):
                if kind == R_X86_64_64:
                    raise place.error("a table's address is 32 bits wide")
                self._store(place, kind, code, start + offset, self._table_reference(place, target, addend))
                self.table_references.append(start + offset)
                if target.kind is TargetKind.FUNCTION_TABLE and addend == _CLASS_OFFSET:
                    self._note_class(place, start + offset)
            elif target.kind is TargetKind.FUNCTION_TABLE_MASK:
                self._store(place, kind, code, start + offset, self._table.mask)
            else:
                self._store(place, kind, code, start + offset, self._value(place, target, addend))

    def _call(self, place: Place, target: Target, addend: int, position: int) -> None:
        destination = self._call_destination(place, target, addend)
        if target.kind is TargetKind.GATE:
            self.gate_calls.append(GateCall(position, target.value))
        else:
            struct.pack_into("<i", self.code, position, destination - (position + 4))

    def _relocated_data(self, number: int, index: int) -> bytearray:
        owner = self._objects[number]
        contents = bytearray(owner.section(index).data)
        meaning = self._targets.by_object[number]
        for offset, info, addend in owner.relocations(index):
            kind, symbol_number = info & 0xFFFF_FFFF, info >> 32
            place = Place(owner, index, offset, symbol_number)
            self._check_field(place, kind, len(contents), allowed=VALUES)
            self._store(place, kind, contents, offset, self._value(place, meaning[symbol_number], addend))
        return contents

    def _relocate_tables(self, number: int) -> None:
        owner = self._objects[number]
        index = owner.tables_index
        if index is None:
            return
        first = self._layout.table_offsets[number] // JUMP_TABLE_ENTRY_SIZE
        meaning = self._targets.by_object[number]
        size = owner.section(index).size
        for offset, info, addend in owner.relocations(index):
            place = Place(owner, index, offset, info >> 32)
            target = meaning[info >> 32]
            self._check_field(place, info & 0xFFFF_FFFF, size, allowed=(R_X86_64_64,))
            destination = target.value + addend
            if target.kind is not TargetKind.CODE or not 0 <= destination < self._layout.code_size or offset % 8:
                raise place.error("a jump table holds something else than code")
            self.jump_targets[first + offset // JUMP_TABLE_ENTRY_SIZE] = destination

    def _call_destination(self, place: Place, target: Target, addend: int) -> int:
        """The code offset that a call goes to; for a gate, 0."""
        if target.kind is TargetKind.CODE:
            destination = target.value + addend - _DISPLACEMENT_TO_END
            if destination in self._functions:
                return destination
        elif addend == _DISPLACEMENT_TO_END:
            if target.kind is TargetKind.ABSENT:
                return self._layout.trap_stub
            if target.kind is TargetKind.GATE:
                return 0
        raise place.error("a call goes to something that is not a function")

    def _value(self, place: Place, target: Target, addend: int) -> int:
        if target.kind is TargetKind.DATA:
            return target.value + addend
        if target.kind is TargetKind.ABSENT:
            return addend
        if target.kind is TargetKind.CODE:
            # A section symbol with an addend is how assemblers write a local function.
            is_section = place.owner.elf.symbols[place.symbol_number].type == TYPE_SECTION
            destination = Target(TargetKind.CODE, target.value + addend)
            if destination.value in self._functions and (addend == 0 or is_section):
                return self._table.pointer(destination)
            raise place.error("an address inside a function, or of no function, is used as a value")
        if target.kind is TargetKind.GATE and addend == 0:
            return self._table.pointer(target)
        raise place.error("has no value here")

    def _table_reference(self, place: Place, target: Target, addend: int) -> int:
        if target.kind is TargetKind.FUNCTION_TABLE:
            if not 0 <= addend < FUNCTION_TABLE_ENTRY_SIZE:
                raise place.error(f"addend {addend:#x} leaves the function table's first entry")
            return addend
        position = target.value + addend
        if not 0 <= position < self._layout.jump_tables_size or position % JUMP_TABLE_ENTRY_SIZE:
            raise place.error(f"addend {addend:#x} leaves the jump tables")
        return self._jump_tables_start + position

    def _note_class(self, place: Place, position: int) -> None:
        number = class_named_at(self.code, position)
        if number is None:
            raise place.error("a class check has an unknown shape")
        self.called_classes.add(number)

    def _check_field(self, place: Place, kind: int, section_size: int, allowed: Container[int]) -> None:
        if kind not in allowed:
            raise place.error(f"{relocation_name(kind)} is not for this section")
        if place.offset + VALUES.get(kind, 4) > section_size:
            raise place.error("a relocation lies outside its section")

    def _store(self, place: Place, kind: int, field: bytearray, position: int, value: int) -> None:
        try:
            if kind == R_X86_64_64:
                struct.pack_into("<Q", field, position, value & 0xFFFF_FFFF_FFFF_FFFF)
            elif kind == R_X86_64_32S:
                struct.pack_into("<i", field, position, value)
            else:
                struct.pack_into("<I", field, position, value)
        except struct.error:
            raise place.error(f"value {value:#x} does not fit {relocation_name(kind)}") from None
