"""The last step on an object: our own NOPs, references to functions by symbol, and the contract checked.

The assembler fills alignment inside functions with NOPs that the verifier does not list, and refers to
local functions by their offset in ``.text``, where the linker wants a symbol to translate into
an entry of the function table.  Both are changed in place, nothing moves.
"""

import re
import struct
from dataclasses import dataclass
from typing import Final

from motte.errors import CompileError

_HEADER: Final = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION: Final = struct.Struct("<IIQQQQIIQQ")
_SYMBOL: Final = struct.Struct("<IBBHQQ")
_RELOCATION: Final = struct.Struct("<QIIq")
_PADDING: Final = struct.Struct("<QQ")

_SHT_RELA: Final = 4
_SHF_ALLOC: Final = 2
_STT_FUNC: Final = 2
_STT_SECTION: Final = 3

_NAMES: Final = {1: "64", 2: "PC32", 4: "PLT32", 10: "32", 11: "32S"}
_CODE_RELOCATIONS: Final = frozenset({"64", "PC32", "PLT32", "32", "32S"})
_DATA_RELOCATIONS: Final = frozenset({"64", "32"})
_ALLOCATED: Final = re.compile(
    r"\.text|\.rodata|\.data|\.bss|\.motte\.tables|\.(?:init_array|fini_array|ctors|dtors)(?:\.[0-9]+)?"
)

NOPS: Final = tuple(
    bytes.fromhex(encoding)
    for encoding in (
        "",
        "90",
        "6690",
        "0f1f00",
        "0f1f4000",
        "0f1f440000",
        "660f1f440000",
        "0f1f8000000000",
        "0f1f840000000000",
        "660f1f840000000000",
    )
)
"""The one NOP of each length that padding inside functions is made of."""


@dataclass(frozen=True, slots=True)
class _Section:
    name: str
    type: int
    flags: int
    offset: int
    size: int
    link: int
    target: int

    def slice_of(self, image: bytearray) -> memoryview:
        return memoryview(image)[self.offset : self.offset + self.size]


def finish_object(assembled: bytes) -> bytes:
    """The confined object for what the assembler made of confined text.

    Raises ``CompileError`` for a section or relocation that confined objects do not have.
    """
    image = bytearray(assembled)
    sections = _sections(image)
    by_name = {section.name: section for section in sections}
    for section in sections:
        if section.flags & _SHF_ALLOC and section.size and not _ALLOCATED.fullmatch(section.name):
            raise CompileError(f"the object has a section {section.name}")
    text, padding = by_name[".text"], by_name.get(".motte.padding")
    if padding is not None:
        _write_nops(text.slice_of(image), padding.slice_of(image))
    symbols = next(section for section in sections if section.name == ".symtab")
    text_symbol, functions = _text_symbols(symbols.slice_of(image), sections.index(text))
    for section in sections:
        if section.type == _SHT_RELA:
            _finish_relocations(section.slice_of(image), sections[section.target], text_symbol, functions)
    return bytes(image)


def nops(length: int) -> bytes:
    """Padding of ``length`` bytes: the fewest instructions, the shortest last.

    >>> nops(11).hex()
    '660f1f8400000000006690'
    """
    longest = len(NOPS) - 1
    return NOPS[longest] * (length // longest) + NOPS[length % longest]


def _write_nops(text: memoryview, padding: memoryview) -> None:
    for start, end in _PADDING.iter_unpack(padding):
        text[start:end] = nops(end - start)


def _finish_relocations(relocations: memoryview, target: _Section, text_symbol: int, functions: dict[int, int]) -> None:
    """Check each relocation of ``target`` and make references to function starts name the function."""
    is_code = target.name == ".text"
    is_data = bool(target.flags & _SHF_ALLOC) and not is_code
    allowed = _CODE_RELOCATIONS if is_code else _DATA_RELOCATIONS
    rename = target.name != ".motte.tables" and not target.name.startswith(".debug")
    for position, (offset, kind, symbol, addend) in enumerate(_RELOCATION.iter_unpack(relocations)):
        if (is_code or is_data) and _NAMES.get(kind) not in allowed:
            raise CompileError(f"{target.name}+{offset:#x}: relocation {_NAMES.get(kind, kind)} is not accepted there")
        if rename and symbol == text_symbol and kind not in (2, 4):
            if addend not in functions:
                raise CompileError(f"{target.name}+{offset:#x}: an address inside a function is used as data")
            _RELOCATION.pack_into(relocations, position * _RELOCATION.size, offset, kind, functions[addend], 0)


def _text_symbols(table: memoryview, text: int) -> tuple[int, dict[int, int]]:
    """Index of the symbol of section ``text``, and the index of the first function symbol at each of its offsets."""
    section_symbol = -1
    functions: dict[int, int] = {}
    for index, (_, info, _, section, value, size) in enumerate(_SYMBOL.iter_unpack(table)):
        if section != text:
            continue
        if info & 15 == _STT_SECTION:
            section_symbol = index
        elif info & 15 == _STT_FUNC and size:
            functions.setdefault(value, index)
    return section_symbol, functions


def _sections(image: bytearray) -> list[_Section]:
    header = _HEADER.unpack_from(image)
    table, count, names_index = header[6], header[12], header[13]
    raw = [_SECTION.unpack_from(image, table + number * _SECTION.size) for number in range(count)]
    names = raw[names_index][4]
    return [_section(image, names, fields) for fields in raw]


def _section(image: bytearray, names: int, fields: tuple[int, ...]) -> _Section:
    name, kind, flags, _, offset, size, link, target, _, _ = fields
    start = names + name
    text = image[start : image.index(0, start)].decode("ascii")
    return _Section(text, kind, flags, offset, size, link, target)
