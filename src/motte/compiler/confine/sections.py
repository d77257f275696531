"""Sections: every name is mapped to one of a few canonical ones, whatever flags it came with."""

import re
from dataclasses import dataclass
from enum import IntEnum, auto
from typing import Final

from motte.compiler.confine.errors import Unconfinable
from motte.compiler.confine.tokens import SYMBOL, symbol_name


class SectionKind(IntEnum):
    """How the lines of a section are treated."""

    CODE = auto()
    CONSTANT = auto()
    DATA = auto()
    DEBUG = auto()
    IGNORED = auto()


@dataclass(frozen=True, slots=True)
class Section:
    """A canonical section: ``switch`` is the directive that enters it ("" if nothing of it is kept)."""

    kind: SectionKind
    switch: str


CODE: Final = Section(SectionKind.CODE, "\t.text")
CONSTANT: Final = Section(SectionKind.CONSTANT, '\t.section\t.rodata,"a",@progbits')
DATA: Final = Section(SectionKind.DATA, "\t.data")
ZEROED: Final = Section(SectionKind.DATA, "\t.bss")
IGNORED: Final = Section(SectionKind.IGNORED, "")

_SECTION: Final = re.compile(
    rf'\t\.section\t(?P<name>[A-Za-z0-9_.\-]+|"(?:[^"\\]|\\.)*")'
    rf'(?:,"[a-zA-Z?]*"(?:,@[a-z_]+)?(?:,[0-9]+)?(?:,{SYMBOL}(?:,comdat)?)?)?'
)

_STARTING: Final = (
    (".text", CODE),
    (".rodata", CONSTANT),
    (".data.rel.ro", CONSTANT),
    (".data", DATA),
    (".bss", ZEROED),
)
_IGNORED: Final = (".kcfi_traps", ".note", ".llvm_addrsig", ".comment", ".llvm.")
_ARRAY: Final = re.compile(r"\.(init_array|fini_array|ctors|dtors)(?:\.[0-9]+)?")
_DEBUG: Final = re.compile(r"\.debug_[a-z_]+")

_WITHOUT_NAME: Final = {"\t.text": CODE, "\t.data": DATA, "\t.bss": ZEROED}


def section_of(line: str) -> Section | None:
    """The section that ``line`` switches to, or ``None`` if it is another line.

    Raises :class:`Unconfinable` for a section that has no canonical counterpart.
    """
    known = _WITHOUT_NAME.get(line)
    if known is not None:
        return known
    if not line.startswith("\t.section"):
        return None
    match = _SECTION.fullmatch(line)
    if match is None:
        raise Unconfinable("section not understood")
    return _canonical(symbol_name(match.group("name")))


def _canonical(name: str) -> Section:
    for prefix, section in _STARTING:
        if name == prefix or name.startswith(prefix + "."):
            return section
    if name.startswith(_IGNORED):
        return IGNORED
    array = _ARRAY.fullmatch(name)
    if array is not None:
        kind = array.group(1) if array.group(1).endswith("_array") else "progbits"
        return Section(SectionKind.DATA, f'\t.section\t{name},"aw",@{kind}')
    if _DEBUG.fullmatch(name):
        flags = '"MS",@progbits,1' if name.endswith("str") else '"",@progbits'
        return Section(SectionKind.DEBUG, f"\t.section\t{name},{flags}")
    raise Unconfinable("this section is not accepted")
