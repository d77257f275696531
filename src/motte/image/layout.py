"""Gives every section of every object its place: in the code, in the tables, in the window.

Placing needs sizes and alignments only, so it happens before any byte is copied.  The window
image is, from ``IMAGE_BASE``: the read-only segment (with the constructor arrays: they are
relocated here, so no guest needs to write them), then on its own pages the writable segment,
then what starts as zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from motte.abi.layout import IMAGE_BASE, PAGE_SIZE
from motte.abi.limits import Limits
from motte.errors import CompileError
from motte.image.constructors import in_running_order
from motte.image.names import printable
from motte.image.objects import FUNCTION_ALIGNMENT, ConfinedObject, InputObject
from motte.image.sections import LARGEST_ALIGNMENT, SectionKind
from motte.image.sizes import check_code_size, check_image_end, round_up
from motte.image.symbols import COMMON, AnyObject, Resolution

TRAP_STUB: Final = b"\x0f\x0b"
"""``ud2``: where unused table entries and calls of absent weak functions lead."""
TRAP_STUB_NAME: Final = "__motte_trap"

BOUNDARY_NAMES: Final = (
    *(f"__{name}_array_{side}" for name in ("preinit", "init", "fini") for side in ("start", "end")),
    *("_edata", "edata", "__bss_start", "_end", "end", "__dso_handle"),
)
"""Names that the linker defines, if nobody else does, as window addresses."""


class SectionPlace(NamedTuple):
    """Where one data section goes; ``address`` is a window address."""

    object_number: int
    section_index: int
    kind: SectionKind
    address: int
    size: int


@dataclass(slots=True)
class Layout:
    """Every place in a program.  Code and table offsets are from the start of the code and of the jump tables."""

    text_offsets: list[int] = field(default_factory=list)
    """By object: the offset of its ``.text`` in the code."""
    trap_stub: int = 0
    code_size: int = 0
    table_offsets: list[int] = field(default_factory=list)
    """By object: the offset of its ``.motte.tables`` among all jump tables."""
    jump_tables_size: int = 0
    sections: list[SectionPlace] = field(default_factory=list)
    """In address order."""
    addresses: list[dict[int, int]] = field(default_factory=list)
    """By object: section index → window address."""
    commons: dict[str, int] = field(default_factory=dict)
    """Window addresses of the common blocks."""
    boundaries: dict[str, int] = field(default_factory=dict)
    """Window addresses of the linker's own names."""
    read_only_size: int = 0
    writable_base: int = 0
    writable_size: int = 0
    image_end: int = 0


def lay_out(resolution: Resolution[ConfinedObject], limits: Limits) -> Layout:
    """Places everything in ``resolution``, in its order.

    Raises :class:`~motte.errors.LimitReached` if code or image exceed their limits.
    """
    layout = Layout(addresses=[{} for _ in resolution.objects])
    _place_code(layout, resolution.objects, limits)
    _place_tables(layout, resolution.objects)
    place_window(layout, resolution)
    check_image_end(layout.image_end, limits)
    return layout


def _place_code(layout: Layout, objects: Sequence[ConfinedObject], limits: Limits) -> None:
    position = 0
    for each in objects:
        text = each.section(each.text_index)
        position = round_up(position, max(text.alignment, FUNCTION_ALIGNMENT))
        layout.text_offsets.append(position)
        position += text.size
    layout.trap_stub = round_up(position, FUNCTION_ALIGNMENT)
    layout.code_size = layout.trap_stub + len(TRAP_STUB)
    check_code_size(layout.code_size, limits)


def _place_tables(layout: Layout, objects: Sequence[ConfinedObject]) -> None:
    position = 0
    for each in objects:
        layout.table_offsets.append(position)
        position = round_up(position + each.section(each.tables_index).size, 8)
    layout.jump_tables_size = position


def place_window(layout: Layout, resolution: Resolution[AnyObject]) -> None:
    """Places everything but code, from ``IMAGE_BASE``."""
    position = _place_kind(layout, resolution.objects, (SectionKind.READ_ONLY,), IMAGE_BASE)
    position = _place_arrays(layout, resolution.objects, position)
    layout.read_only_size = position - IMAGE_BASE
    layout.writable_base = round_up(position, PAGE_SIZE)
    position = _place_kind(layout, resolution.objects, (SectionKind.WRITABLE,), layout.writable_base)
    layout.writable_size = position - layout.writable_base
    layout.boundaries.update(dict.fromkeys(("_edata", "edata", "__bss_start"), position))
    position = _place_kind(layout, resolution.objects, (SectionKind.ZERO,), position)
    position = _place_commons(layout, resolution, position)
    layout.boundaries.update(dict.fromkeys(("_end", "end"), position))
    # C++ passes the address of __dso_handle to name "this program"; it is never read.
    layout.boundaries["__dso_handle"] = IMAGE_BASE
    layout.image_end = position


def _place_kind(layout: Layout, objects: Sequence[InputObject], kinds: Iterable[SectionKind], position: int) -> int:
    for number, each in enumerate(objects):
        for index, section, kind in each.data_sections():
            if kind in kinds:
                position = round_up(position, section.alignment)
                _place(layout, SectionPlace(number, index, kind, position, section.size))
                position += section.size
    return position


def _place_arrays(layout: Layout, objects: Sequence[InputObject], position: int) -> int:
    """The arrays of functions that run before ``main`` and after it, each without gaps."""
    position = round_up(position, 8)
    layout.boundaries.update(dict.fromkeys(("__preinit_array_start", "__preinit_array_end"), position))
    for name, kinds in (
        ("init", (SectionKind.CONSTRUCTORS, SectionKind.LEGACY_CONSTRUCTORS)),
        ("fini", (SectionKind.DESTRUCTORS,)),
    ):
        layout.boundaries[f"__{name}_array_start"] = position
        for number, index, section, kind in in_running_order(objects, kinds):
            _place(layout, SectionPlace(number, index, kind, position, section.size))
            position += section.size
        layout.boundaries[f"__{name}_array_end"] = position
    return position


def _place_commons(layout: Layout, resolution: Resolution[AnyObject], position: int) -> int:
    for name, block in resolution.commons.items():
        if resolution.definitions[name].strength == COMMON:
            if block.alignment & (block.alignment - 1) or not 0 < block.alignment <= LARGEST_ALIGNMENT:
                raise CompileError(f"common symbol {printable(name)} wants impossible alignment {block.alignment}")
            position = round_up(position, block.alignment)
            layout.commons[name] = position
            position += block.size
    return position


def _place(layout: Layout, place: SectionPlace) -> None:
    layout.sections.append(place)
    layout.addresses[place.object_number][place.section_index] = place.address
