"""Gives every section of every native object its address, and every symbol its value."""

from __future__ import annotations

from typing import Final

from motte.abi.kernel_calls import KERNEL_CALL_BY_NAME
from motte.abi.layout import NATIVE_CODE_BASE, NATIVE_GATE_BASE
from motte.abi.limits import Limits
from motte.image.elf import LOCAL, SECTION_ABSOLUTE, SECTION_COMMON, SECTION_UNDEFINED, ElfSymbol
from motte.image.layout import Layout, SectionPlace, place_window
from motte.image.native.objects import NativeObject
from motte.image.objects import FUNCTION_ALIGNMENT
from motte.image.sections import SectionKind
from motte.image.sizes import check_code_size, check_image_end, round_up
from motte.image.symbols import Resolution

_ROOM: Final = NATIVE_GATE_BASE - NATIVE_CODE_BASE


def lay_out_native(resolution: Resolution[NativeObject], limits: Limits) -> Layout:
    """Places code from ``NATIVE_CODE_BASE``, the objects' ``.text`` first, and the rest as in confined programs.

    Raises :class:`~motte.errors.LimitReached` if code or image exceed their limits.
    """
    layout = Layout(addresses=[{} for _ in resolution.objects])
    position = 0
    for number, each in enumerate(resolution.objects):
        text = each.section(each.text_index)
        position = round_up(position, max(text.alignment, FUNCTION_ALIGNMENT))
        layout.text_offsets.append(position)
        if each.text_index is not None:
            position = _place_code(layout, resolution, number, each.text_index, position)
    for number, each in enumerate(resolution.objects):
        for index, kind in enumerate(each.kinds):
            if kind is SectionKind.TEXT and index != each.text_index:
                position = _place_code(layout, resolution, number, index, position)
    layout.code_size = position
    check_code_size(position, limits, _ROOM)
    place_window(layout, resolution)
    check_image_end(layout.image_end, limits, NATIVE_CODE_BASE)
    return layout


def _place_code(layout: Layout, resolution: Resolution[NativeObject], number: int, index: int, position: int) -> int:
    """Where the next section's code may begin, as an offset in the code."""
    section = resolution.objects[number].section(index)
    position = round_up(position, max(section.alignment, FUNCTION_ALIGNMENT))
    address = NATIVE_CODE_BASE + position
    layout.sections.append(SectionPlace(number, index, SectionKind.TEXT, address, section.size))
    layout.addresses[number][index] = address
    return position + section.size


class Values:
    """What each symbol stands for: an address, or a number."""

    def __init__(self, resolution: Resolution[NativeObject], layout: Layout) -> None:
        """Names are looked up when they are asked for."""
        self._resolution = resolution
        self._layout = layout
        self._known: dict[str, int | None] = {}
        self.imports: dict[str, int] = {}
        """The kernel calls that were asked for, by name, in order: the addresses of their gates."""

    def of_symbol(self, number: int, symbol_number: int) -> int | None:
        """``None`` for a symbol in a section that is no part of the program; 0 for an absent weak one."""
        symbol = self._resolution.objects[number].elf.symbols[symbol_number]
        return self.of_name(symbol.name) if symbol.binding != LOCAL else self._in_object(number, symbol)

    def of_name(self, name: str) -> int | None:
        """The same for a global name."""
        if name not in self._known:
            self._known[name] = self._global(name)
        return self._known[name]

    def _global(self, name: str) -> int | None:
        definition = self._resolution.definitions.get(name)
        if definition is not None:
            if name in self._layout.commons:
                return self._layout.commons[name]
            owner = self._resolution.objects[definition.object_number]
            return self._in_object(definition.object_number, owner.elf.symbols[definition.symbol_number])
        if name in KERNEL_CALL_BY_NAME:
            return self.imports.setdefault(name, KERNEL_CALL_BY_NAME[name].native_gate_address)
        return self._layout.boundaries.get(name, 0)

    def _in_object(self, number: int, symbol: ElfSymbol) -> int | None:
        if symbol.section == SECTION_ABSOLUTE:
            return symbol.value
        if symbol.section in (SECTION_UNDEFINED, SECTION_COMMON):
            return 0 if not symbol.name else None
        address = self._layout.addresses[number].get(symbol.section)
        return None if address is None else address + symbol.value
