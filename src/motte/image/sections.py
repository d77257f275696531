"""Which sections a confined object may have, and what each becomes.

The list is closed: a section that is not here is an error that names it, because dropping
or guessing at a section would silently change the program.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

from motte.image.elf import SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE, SHT_NOBITS, ElfSection


class SectionKind(Enum):
    """What the linker does with a section."""

    TEXT = auto()
    READ_ONLY = auto()
    WRITABLE = auto()
    ZERO = auto()
    CONSTRUCTORS = auto()
    LEGACY_CONSTRUCTORS = auto()
    DESTRUCTORS = auto()
    TABLES = auto()
    FUNCTION_RECORDS = auto()
    JUMP_TABLE_RECORDS = auto()
    LINES = auto()
    LINE_STRINGS = auto()
    INLINED = auto()
    BLOCKS = auto()
    PROTOTYPES = auto()
    IGNORED = auto()


_NAMES: Final = (
    (r"\.text", SectionKind.TEXT),
    (r"\.rodata(\..*)?", SectionKind.READ_ONLY),
    # Constants that hold addresses: relocated by the linker, so nothing needs to write them later.
    (r"\.data\.rel\.ro(\..*)?", SectionKind.READ_ONLY),
    (r"\.data(\..*)?", SectionKind.WRITABLE),
    (r"\.bss(\..*)?", SectionKind.ZERO),
    (r"\.init_array(\.[0-9]{1,5})?", SectionKind.CONSTRUCTORS),
    (r"\.ctors(\.[0-9]{1,5})?", SectionKind.LEGACY_CONSTRUCTORS),
    (r"\.fini_array(\.[0-9]{1,5})?", SectionKind.DESTRUCTORS),
    (r"\.motte\.tables", SectionKind.TABLES),
    (r"\.motte\.functions", SectionKind.FUNCTION_RECORDS),
    (r"\.motte\.jump_tables", SectionKind.JUMP_TABLE_RECORDS),
    # Tells the compiler's own stages which bytes are padding; the linker copies those bytes as they are.
    (r"\.motte\.padding", SectionKind.IGNORED),
    (r"\.motte\.inlined", SectionKind.INLINED),
    # Empty: that it is there says that the code reaches checked blocks.
    (r"\.motte\.blocks", SectionKind.BLOCKS),
    (r"\.motte\.prototypes", SectionKind.PROTOTYPES),
    (r"\.debug_line", SectionKind.LINES),
    (r"\.debug_line_str", SectionKind.LINE_STRINGS),
    (r"\.debug_[a-z_]+", SectionKind.IGNORED),
    # Bookkeeping of the assembler: symbols, strings, relocations (read as such), its version, its flags.
    (r"(\.symtab|\.strtab|\.shstrtab|\.rela\..+|\.comment|\.note\.GNU-stack|\.llvm_addrsig|)", SectionKind.IGNORED),
)
_PATTERNS: Final = tuple((re.compile(pattern, re.DOTALL), kind) for pattern, kind in _NAMES)

CONSTRUCTOR_KINDS: Final = frozenset(
    {SectionKind.CONSTRUCTORS, SectionKind.LEGACY_CONSTRUCTORS, SectionKind.DESTRUCTORS}
)
"""Kinds that are arrays of functions."""

DATA_KINDS: Final = CONSTRUCTOR_KINDS | {SectionKind.READ_ONLY, SectionKind.WRITABLE, SectionKind.ZERO}
"""Kinds that become bytes of the window."""

SINGLE_KINDS: Final = frozenset(
    {
        SectionKind.TEXT,
        SectionKind.TABLES,
        SectionKind.FUNCTION_RECORDS,
        SectionKind.JUMP_TABLE_RECORDS,
        SectionKind.LINES,
        SectionKind.LINE_STRINGS,
        SectionKind.INLINED,
        SectionKind.PROTOTYPES,
    }
)
"""Kinds of which an object has at most one section."""

_SHF_MERGE: Final = 0x10
_SHF_STRINGS: Final = 0x20
_KNOWN_FLAGS: Final = SHF_WRITE | SHF_ALLOC | SHF_EXECINSTR | _SHF_MERGE | _SHF_STRINGS

LARGEST_ALIGNMENT: Final = 1 << 20


def classify(section: ElfSection) -> SectionKind | None:
    """The kind of ``section`` by its name; ``None`` if confined objects have no such section."""
    return next((kind for pattern, kind in _PATTERNS if pattern.fullmatch(section.name)), None)


def objection(section: ElfSection, kind: SectionKind) -> str | None:
    """What is wrong with a section of this kind, or ``None``."""
    executable = bool(section.flags & SHF_EXECINSTR)
    if executable != (kind is SectionKind.TEXT):
        return "is executable" if executable else "is not executable"
    if kind in DATA_KINDS | SINGLE_KINDS:
        if section.flags & ~_KNOWN_FLAGS:
            return f"has flags {section.flags:#x}"
        if section.alignment > LARGEST_ALIGNMENT:
            return f"wants alignment {section.alignment}; at most {LARGEST_ALIGNMENT} is possible"
        if (section.type == SHT_NOBITS) != (kind is SectionKind.ZERO):
            return "has contents" if kind is SectionKind.ZERO else "has no contents"
    return None
