"""Copies every section of a native program to its place and fills in what the assembler left open."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

from motte.abi.layout import IMAGE_BASE, NATIVE_CODE_BASE
from motte.image.constructors import reverse_pointers
from motte.image.layout import Layout, SectionPlace
from motte.image.native.layout import Values
from motte.image.native.objects import NativeObject
from motte.image.relocation_types import relocation_name
from motte.image.sections import SectionKind
from motte.image.targets import symbol_label


class _Field(NamedTuple):
    """How one type of relocation is stored."""

    form: struct.Struct
    is_relative: bool
    """To its own address."""


class _Relocation(NamedTuple):
    """A relocation whose symbol's value is known, or known to be nothing."""

    offset: int
    kind: int
    symbol: int | None
    addend: int


_SIGNED_32: Final = struct.Struct("<i")
_FIELDS: Final = {
    1: _Field(struct.Struct("<Q"), is_relative=False),  # 64
    2: _Field(_SIGNED_32, is_relative=True),  # PC32
    4: _Field(_SIGNED_32, is_relative=True),  # PLT32
    10: _Field(struct.Struct("<I"), is_relative=False),  # 32
    11: _Field(_SIGNED_32, is_relative=False),  # 32S
    12: _Field(struct.Struct("<H"), is_relative=False),  # 16
    14: _Field(struct.Struct("<B"), is_relative=False),  # 8
    24: _Field(struct.Struct("<q"), is_relative=True),  # PC64
}
_NONE: Final = 0
_WIDE: Final = 1

_CODE_FILL: Final = 0xCC


class Images:
    """The bytes of a native program: code and the two parts of its window's image."""

    def __init__(self, objects: Sequence[NativeObject], layout: Layout, values: Values) -> None:
        """Nothing is filled in yet."""
        self._objects = objects
        self._layout = layout
        self._values = values
        self.code = bytearray([_CODE_FILL]) * layout.code_size
        self.read_only = bytearray(layout.read_only_size)
        self.writable = bytearray(layout.writable_size)

    def relocate(self) -> None:
        """Raises :class:`~motte.errors.CompileError` for a relocation without meaning, or out of range."""
        for place in self._layout.sections:
            if place.kind is not SectionKind.ZERO:
                contents = self._relocated(place)
                if place.kind is SectionKind.LEGACY_CONSTRUCTORS:
                    reverse_pointers(contents)
                base, segment = self._segment(place.kind)
                segment[place.address - base : place.address - base + place.size] = contents

    def _segment(self, kind: SectionKind) -> tuple[int, bytearray]:
        if kind is SectionKind.TEXT:
            return NATIVE_CODE_BASE, self.code
        if kind is SectionKind.WRITABLE:
            return self._layout.writable_base, self.writable
        return IMAGE_BASE, self.read_only

    def _relocated(self, place: SectionPlace) -> bytearray:
        owner = self._objects[place.object_number]
        contents = bytearray(owner.section(place.section_index).data)
        for offset, info, addend in owner.relocations(place.section_index):
            kind, symbol_number = info & 0xFFFF_FFFF, info >> 32
            if kind != _NONE:
                symbol = self._values.of_symbol(place.object_number, symbol_number)
                problem = _apply(contents, place.address, _Relocation(offset, kind, symbol, addend))
                if problem is not None:
                    where = f"{owner.section(place.section_index).name}+{offset:#x}"
                    raise owner.error(f"{where}: {problem}: {symbol_label(owner, symbol_number)}")
        return contents


def _apply(contents: bytearray, address: int, relocation: _Relocation) -> str | None:
    """Fills in one field of what lies at ``address``; returns what is wrong, if something is."""
    field = _FIELDS.get(relocation.kind)
    if field is None:
        return f"{relocation_name(relocation.kind)} is not supported in a program that is linked statically"
    if relocation.offset + field.form.size > len(contents):
        return "a relocation lies outside its section"
    if relocation.symbol is None:
        return "refers to what is no part of the program"
    value = relocation.symbol + relocation.addend
    if field.is_relative:
        value -= address + relocation.offset
    elif relocation.kind == _WIDE:
        value &= 0xFFFF_FFFF_FFFF_FFFF
    try:
        field.form.pack_into(contents, relocation.offset, value)
    except struct.error:
        return f"value {value:#x} does not fit {relocation_name(relocation.kind)}"
    return None
