"""The closed list of instructions, as the pages docs/spec/instructions*.md write it, one ``Form`` for each size."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

PAGES = Path(__file__).parents[2] / "docs" / "spec"

GENERAL_OF = {16: "r16", 32: "r32", 64: "r64"}
VECTOR_OF = {128: "x", 256: "y", 512: "z"}
HALF_OF = {128: "x", 256: "x", 512: "y"}
ACCUMULATOR_OF = {16: "ax", 32: "eax", 64: "rax"}
IMMEDIATE_OF = {16: "imm16", 32: "imm32", 64: "imm32s"}

MAPS = ("0F", "0F38", "0F3A", "MAP5", "MAP6")

_LINE = re.compile(r"(\S+) +(.*?) *\| *(.*?) *\| *(.*)")
_OPERAND = re.compile(r"(?P<kind>\w+)\.(?P<place>\w+)(?:/(?P<width>\w+?))?(?:/b(?P<repeated>\d+))?")


@dataclass(frozen=True)
class Operand:
    """``kind`` is a class of registers, ``m``, or a word of the list; ``place`` is empty without bits of its own.

    ``width`` are the bits in memory, or ``None`` if the operand is never there; ``repeated`` those of a
    broadcast element, or 0.
    """

    kind: str
    place: str = ""
    width: int | None = None
    repeated: int = 0


@dataclass(frozen=True)
class Form:
    """One form: ``prefix`` is ``66``, ``F2``, ``F3``, ``NP`` or empty; ``size`` is 0 where the line gives none.

    ``length`` is the value of VEX.L or EVEX.LL; ``modrm`` is ``r``, a digit, a whole byte as two digits, or empty.
    """

    mnemonic: str
    space: str
    prefix: str
    opcode_map: str
    opcode: int
    in_opcode: bool
    modrm: str
    size: int
    wide: bool
    length: int
    operands: tuple[Operand, ...]
    attributes: frozenset[str]


def forms() -> list[Form]:
    """All listed forms."""
    return [form for page in sorted(PAGES.glob("instructions*.md")) for form in _of_page(page.read_text())]


def _of_page(text: str) -> list[Form]:
    found = []
    for block in re.findall(r"^```\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        for line in block.splitlines():
            match = _LINE.fullmatch(line)
            assert match, line
            found += _of_line(*match.groups())
    return found


def _of_line(mnemonic: str, encoding: str, operands: str, attributes: str) -> list[Form]:
    words = encoding.split()
    if words[0].startswith(("VEX.", "EVEX.")):
        space, lengths, prefix, opcode_map, wide = words.pop(0).split(".")
    else:
        space, opcode_map = "", ""
        prefix = words.pop(0) if words[0] in ("NP", "66", "F2", "F3") and len(words) > 1 else ""
        lengths = words.pop(0)[1:] if words[0].startswith("o") else "0"
        wide = ""
        if words[0] in MAPS:
            opcode_map = words.pop(0)
    opcode = words.pop(0)
    in_opcode = opcode.endswith("+r")
    modrm = words.pop(0).removeprefix("/") if words else ""
    assert not words, encoding
    return [
        Form(
            mnemonic=mnemonic,
            space=space,
            prefix=prefix,
            opcode_map=opcode_map,
            opcode=int(opcode.removesuffix("+r"), 16),
            in_opcode=in_opcode,
            modrm=modrm,
            size=size,
            wide=wide == "W1" or size == 64,
            length=length,
            operands=tuple(_operand(text, size) for text in operands.split(", ") if text),
            attributes=frozenset(attributes.split()),
        )
        for size, length in map(_size, lengths.split(","))
    ]


def _size(text: str) -> tuple[int, int]:
    """Size and value of the length field: ``256`` and ``L1`` have the same one."""
    if text.startswith("L"):
        return 0, int(text[1:])
    return int(text), {256: 1, 512: 2}.get(int(text), 0)


def _operand(text: str, size: int) -> Operand:
    if text == "immv":
        return Operand(IMMEDIATE_OF[size])
    if text == "av":
        return Operand(ACCUMULATOR_OF[size])
    if re.fullmatch(r"m(v|\d+)", text):
        return Operand("m", "rm", _bits(text[1:], size))
    match = _OPERAND.fullmatch(text)
    if match is None:
        return Operand(text)
    kind, place, width, repeated = match.groups()
    kind = {"v": {**GENERAL_OF, **VECTOR_OF}.get(size, ""), "h": HALF_OF.get(size, "")}.get(kind, kind)
    return Operand(kind, place, None if width is None else _bits(width, size), int(repeated or 0))


def _bits(text: str, size: int) -> int:
    return size // int(text[1:] or 1) if text.startswith("v") else int(text)
