"""Relocation types of x86-64 ELF: the few that confined objects may hold, and names for the rest."""

from __future__ import annotations

from typing import Final

R_X86_64_64: Final = 1
R_X86_64_PC32: Final = 2
R_X86_64_PLT32: Final = 4
R_X86_64_32: Final = 10
R_X86_64_32S: Final = 11

CALLS: Final = (R_X86_64_PC32, R_X86_64_PLT32)
"""Displacements from the end of their own four bytes: direct calls and jumps."""

VALUES: Final = {R_X86_64_64: 8, R_X86_64_32: 4, R_X86_64_32S: 4}
"""Relocations that store a value, with its width in bytes."""

_NAMES: Final = (
    *("NONE", "64", "PC32", "GOT32", "PLT32", "COPY", "GLOB_DAT", "JUMP_SLOT", "RELATIVE", "GOTPCREL"),
    *("32", "32S", "16", "PC16", "8", "PC8", "DTPMOD64", "DTPOFF64", "TPOFF64", "TLSGD", "TLSLD", "DTPOFF32"),
    *("GOTTPOFF", "TPOFF32", "PC64", "GOTOFF64", "GOTPC32", "GOT64", "GOTPCREL64", "GOTPC64", "GOTPLT64", "PLTOFF64"),
    *("SIZE32", "SIZE64", "GOTPC32_TLSDESC", "TLSDESC_CALL", "TLSDESC", "IRELATIVE", "RELATIVE64"),
    *("PC32_BND", "PLT32_BND", "GOTPCRELX", "REX_GOTPCRELX"),
)


def relocation_name(kind: int) -> str:
    """The name of a relocation type, known or not.

    >>> relocation_name(2), relocation_name(41), relocation_name(99)
    ('R_X86_64_PC32', 'R_X86_64_GOTPCRELX', 'relocation type 99')
    """
    return f"R_X86_64_{_NAMES[kind]}" if kind < len(_NAMES) else f"relocation type {kind}"
