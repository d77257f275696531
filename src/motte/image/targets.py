"""What each symbol of each object means, once everything has its place."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final, NamedTuple

from motte.abi.kernel_calls import KERNEL_CALL_BY_NAME
from motte.abi.symbols import FUNCTION_TABLE, FUNCTION_TABLE_MASK
from motte.image.elf import LOCAL, SECTION_COMMON, SECTION_UNDEFINED, ElfSymbol
from motte.image.layout import BOUNDARY_NAMES, Layout
from motte.image.names import printable
from motte.image.objects import ConfinedObject, InputObject
from motte.image.symbols import Resolution


class TargetKind(Enum):
    """What a relocation can be against."""

    CODE = auto()
    """``value`` is a code offset."""
    GATE = auto()
    """``value`` is the index of a kernel call."""
    DATA = auto()
    """``value`` is a window address."""
    TABLES = auto()
    """``value`` is an offset among the jump tables."""
    ABSENT = auto()
    """A weak reference that nobody defines."""
    FUNCTION_TABLE = auto()
    FUNCTION_TABLE_MASK = auto()
    NOWHERE = auto()
    """In a section that is not part of the program."""


class Target(NamedTuple):
    """The meaning of one symbol."""

    kind: TargetKind
    value: int = 0


_RESERVED: Final = {
    FUNCTION_TABLE: Target(TargetKind.FUNCTION_TABLE),
    FUNCTION_TABLE_MASK: Target(TargetKind.FUNCTION_TABLE_MASK),
}

PROVIDED_NAMES: Final[Mapping[str, object]] = dict.fromkeys((*_RESERVED, *BOUNDARY_NAMES, *KERNEL_CALL_BY_NAME))
"""Names that need no definition in any object."""


class Targets:
    """The targets of all symbols, by object and symbol number."""

    def __init__(self, resolution: Resolution[ConfinedObject], layout: Layout) -> None:
        """Raises :class:`~motte.errors.CompileError` if an object defines one of the linker's reserved names."""
        self._resolution = resolution
        self._layout = layout
        self._globals: dict[str, Target] = {}
        for name in _RESERVED.keys() & resolution.definitions.keys():
            owner = resolution.objects[resolution.definitions[name].object_number]
            raise owner.error(f"defines {name}, a name that is the linker's own")
        self.by_object = [
            [self._of_symbol(number, each, symbol) for symbol in each.elf.symbols]
            for number, each in enumerate(resolution.objects)
        ]

    def of_name(self, name: str) -> Target:
        """The target of a global name; ``ABSENT`` if nothing defines it."""
        known = self._globals.get(name)
        if known is None:
            known = self._globals[name] = self._resolve(name)
        return known

    def _resolve(self, name: str) -> Target:
        definition = self._resolution.definitions.get(name)
        if definition is not None:
            if name in self._layout.commons:
                return Target(TargetKind.DATA, self._layout.commons[name])
            owner = self._resolution.objects[definition.object_number]
            return self._in_object(definition.object_number, owner, owner.elf.symbols[definition.symbol_number])
        if name in _RESERVED:
            return _RESERVED[name]
        if name in self._layout.boundaries:
            return Target(TargetKind.DATA, self._layout.boundaries[name])
        if name in KERNEL_CALL_BY_NAME:
            return Target(TargetKind.GATE, KERNEL_CALL_BY_NAME[name].index)
        return Target(TargetKind.ABSENT)

    def _of_symbol(self, number: int, owner: ConfinedObject, symbol: ElfSymbol) -> Target:
        if symbol.binding != LOCAL:
            return self.of_name(symbol.name)
        return self._in_object(number, owner, symbol)

    def _in_object(self, number: int, owner: ConfinedObject, symbol: ElfSymbol) -> Target:
        section = symbol.section
        if section in (SECTION_UNDEFINED, SECTION_COMMON):
            return Target(TargetKind.NOWHERE)
        if section == owner.text_index:
            return Target(TargetKind.CODE, self._layout.text_offsets[number] + symbol.value)
        if section == owner.tables_index:
            return Target(TargetKind.TABLES, self._layout.table_offsets[number] + symbol.value)
        address = self._layout.addresses[number].get(section)
        return Target(TargetKind.NOWHERE) if address is None else Target(TargetKind.DATA, address + symbol.value)


def symbol_label(owner: InputObject, symbol_number: int) -> str:
    """What errors call a symbol: its name, or its section's."""
    symbol = owner.elf.symbols[symbol_number]
    known_section = symbol.section < len(owner.elf.sections)
    return printable(symbol.name or (owner.elf.sections[symbol.section].name if known_section else ""))
