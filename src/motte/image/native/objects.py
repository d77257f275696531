"""Native objects: what LLVM's code generator writes, and what assembly in a program adds to it.

Assembly may name sections as it likes, so a section is what its flags say; only those that are known by name
(constructors, what describes the code) are taken for that.
"""

from __future__ import annotations

from typing import Final

from motte.errors import CompileError
from motte.image.elf import (
    SHF_ALLOC,
    SHF_EXECINSTR,
    SHF_WRITE,
    SHT_NOBITS,
    TYPE_INDIRECT_FUNCTION,
    TYPE_THREAD_LOCAL,
    WEAK,
    ElfObject,
    ElfSection,
    ElfSymbol,
    read_elf,
)
from motte.image.names import printable
from motte.image.objects import InputObject
from motte.image.sections import CONSTRUCTOR_KINDS, LARGEST_ALIGNMENT, SectionKind, classify

_SHF_TLS: Final = 0x400
_SHF_EXCLUDE: Final = 0x8000_0000
_SHT_NOTE: Final = 7
_SHT_UNWIND: Final = 0x7000_0001
_THREAD_LOCAL: Final = "is thread-local: there is one thread, and no storage of its own"
_DESCRIBING: Final = frozenset((
    SectionKind.LINES, SectionKind.LINE_STRINGS, SectionKind.INLINED, SectionKind.PROTOTYPES,
))  # fmt: skip


class NativeObject(InputObject):
    """An object of native code."""

    __slots__ = ()


def read_native_object(name: str, data: bytes) -> NativeObject:
    """The native object in ``data``; ``name`` is what errors call it.

    Raises :class:`~motte.errors.CompileError` naming whatever is malformed, or could not be placed.
    """
    elf = read_elf(name, data)
    kinds = tuple(_kind(elf, section) for section in elf.sections)
    for symbol in elf.symbols:
        _check_symbol(elf, symbol)
    for kind in _DESCRIBING:
        if kinds.count(kind) > 1:
            raise _error(elf, f"more than one {kind.name.lower()} section")
    text = next((index for index, section in enumerate(elf.sections) if section.name == ".text"), None)
    return NativeObject(name, elf, kinds, text)


def _kind(elf: ElfObject, section: ElfSection) -> SectionKind:
    named = classify(section)
    if not section.flags & SHF_ALLOC or section.flags & _SHF_EXCLUDE:
        return named if named in _DESCRIBING else SectionKind.IGNORED
    if section.flags & _SHF_TLS:
        raise _error(elf, f"section {printable(section.name)} {_THREAD_LOCAL}")
    if section.alignment > LARGEST_ALIGNMENT:
        problem = f"wants alignment {section.alignment}; at most {LARGEST_ALIGNMENT} is possible"
        raise _error(elf, f"section {printable(section.name)} {problem}")
    if section.flags & SHF_EXECINSTR:
        if section.type == SHT_NOBITS or section.flags & SHF_WRITE:
            raise _error(elf, f"section {printable(section.name)} has code that can be written to, or is not there")
        return SectionKind.TEXT
    if section.type in (_SHT_NOTE, _SHT_UNWIND) or section.name == ".eh_frame":
        return SectionKind.IGNORED
    if section.type == SHT_NOBITS:
        return SectionKind.ZERO
    if named in CONSTRUCTOR_KINDS:
        return named
    # Constants that hold addresses are relocated when the program is linked, and never written to.
    is_written = section.flags & SHF_WRITE and named is not SectionKind.READ_ONLY
    return SectionKind.WRITABLE if is_written else SectionKind.READ_ONLY


def _check_symbol(elf: ElfObject, symbol: ElfSymbol) -> None:
    if symbol.type == TYPE_THREAD_LOCAL:
        raise _error(elf, f"symbol {printable(symbol.name)} {_THREAD_LOCAL}")
    if symbol.type == TYPE_INDIRECT_FUNCTION:
        raise _error(elf, f"symbol {printable(symbol.name)} is an ifunc: its resolver would choose code at load time")
    if symbol.binding > WEAK:
        raise _error(elf, f"symbol {printable(symbol.name)} has unknown binding {symbol.binding}")


def _error(elf: ElfObject, problem: str) -> CompileError:
    return CompileError(f"object {printable(elf.name)}: {problem}")
