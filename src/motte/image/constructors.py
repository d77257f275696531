"""The order of constructors and destructors.

``.init_array.N`` runs in ascending order of N, then plain ``.init_array``; entries with equal
priority run in link order.  The older ``.ctors.N`` counts the other way round: N is 65535
minus the priority, and the entries inside each section run last to first.  It is what LLVM
writes by default, so the objects keep their link order here, too: sources initialise in the
order in which they were given.  Both kinds of one program meet in one array.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from motte.image.elf import ElfSection
from motte.image.objects import InputObject
from motte.image.sections import SectionKind

_LOWEST_PRIORITY: Final = 65536
"""Of sections without a number: after all numbered ones."""
_LEGACY_TOP: Final = 65535

_POINTER_SIZE: Final = 8


def in_running_order(
    objects: Sequence[InputObject], kinds: Collection[SectionKind]
) -> list[tuple[int, int, ElfSection, SectionKind]]:
    """(object number, section index, section, kind) of all arrays of these kinds.

    Destructor arrays are returned in array order; C libraries walk them from the end.
    Raises :class:`~motte.errors.CompileError` for an array that is no array of pointers.
    """
    found = []
    for number, each in enumerate(objects):
        for index, section, kind in each.data_sections():
            if kind in kinds:
                if section.size % _POINTER_SIZE:
                    raise each.error(f"section {section.name} is not an array of pointers")
                legacy = kind is SectionKind.LEGACY_CONSTRUCTORS
                priority = _priority(section.name, legacy)
                found.append(((priority, legacy, number, index), (number, index, section, kind)))
    return [array for _, array in sorted(found, key=lambda each: each[0])]


def reverse_pointers(array: bytearray) -> None:
    """Turns the entries of a ``.ctors`` section into the order in which they run."""
    pointers = memoryview(array).cast("Q")
    pointers[:] = memoryview(bytes(array)).cast("Q")[::-1]


def _priority(name: str, legacy: bool) -> int:
    number = name.rpartition(".")[2]
    if not number.isdigit():
        return _LOWEST_PRIORITY
    return _LEGACY_TOP - int(number) if legacy else int(number)
