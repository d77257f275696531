"""The numbered space of encodings: each family is a product of axes, and a number picks one value of each axis.

The problem: there are some 10^36 sequences of 15 bytes.  What fails: random bytes, which are nearly always refused for
the same few reasons.  The answer: every bit that decoders look at is varied against every other that it may interact
with, one family for each kind of interaction, and bits that only carry a number (registers, displacements, immediates)
are represented by the numbers at which something changes: 4 and 12 (rsp, SIB), 5 and 13 (no base), 0, 7, 8.

Numbers are stable as long as this file is: a report names encodings by them, and a run is a range or a stride.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from math import prod

from enumeration.listing import MAPS as MAP_NAMES
from enumeration.listing import Form, forms

LONGEST = 15
"""Bytes of the longest instruction; what is read behind an encoding is the last of its axes."""

LARGEST_HALF = 1 << 14

Axis = tuple[bytes, ...]


def axis(text: str) -> Axis:
    """Values in hexadecimal, separated by blanks; ``-`` is no bytes at all."""
    return tuple(bytes.fromhex(value.replace("-", "")) for value in text.split())


OPCODES: Axis = tuple(bytes((opcode,)) for opcode in range(256))
MAPS = axis("- 0f 0f38 0f3a")
MAPPED = tuple(first + opcode for first in MAPS for opcode in OPCODES)
PREFIX_SETS = tuple(
    bytes.fromhex(gs + address + size + repeat)
    for gs, address, size, repeat in product(("", "65"), ("", "67"), ("", "66"), ("", "f0", "f2", "f3"))
)
EVERY_REX = (b"", *(bytes((rex,)) for rex in range(0x40, 0x50)))

BEHIND = axis("11223344556677889900aabbccddee")
"""Displacement and immediate: positive, no multiple of 8, with a low half that is not 0."""

IMMEDIATES = axis(
    "10000000000000000000000000 f8ffffffffffffffffffffff 00000000000000000000000000 0800000008000000080000"
    " 7f000000000000000000000000 ff000000ff000000ff000000 80ffffff80ffffff80ffffff"
)
PREDICATES = axis("11000000 01000000 02100000 1e000000")


def _sib(scale: int, index: int, base: int) -> int:
    return scale << 6 | index << 3 | base


SIBS = tuple(
    bytes((_sib(*fields),))
    for fields in (
        *((0, 4, 4), (1, 4, 4), (3, 4, 4), (0, 4, 5), (1, 4, 5), (0, 4, 0), (2, 4, 2)),
        *((0, 0, 0), (3, 1, 2), (0, 5, 5), (3, 5, 5), (1, 6, 4), (0, 2, 4), (2, 7, 5), (0, 0, 7)),
    )
)


def _places(mods: str, registers: str, places: str) -> Axis:
    """ModRM bytes, with every SIB of ``SIBS`` where there is one."""
    found = []
    for mod, reg, rm in product(map(int, mods), map(int, registers), map(int, places)):
        modrm = bytes((mod << 6 | reg << 3 | rm,))
        found += [modrm + sib for sib in SIBS] if mod != 3 and rm == 4 else [modrm]
    return tuple(found)


ALL_PLACES = _places("0123", "01234567", "01234567")
EIGHT_PLACES = axis("00 0425 4424 5ce5 05 8a c1 fc")
SOME_PLACES = axis("00 c1 0425 0424 4424 8424 4465 05 8b cc e1 fc 3b 2c05 c4 5ce5")
FEW_PLACES = axis("00 c1 4424 cc 05 2c05")
STACK_PLACES = axis(
    "0424 4424 8424 2c24 6424 7c24 e4 ec c4 c1 c9 d1 e1 f9 fc 14 4225 42 7a 82 ba 14c5 24c5 3ccd 7c65 24e5"
)


def _split_rex(opcodes: Axis) -> Axis:
    """Opcodes with every REX where it stands: behind the prefix that belongs to them."""
    found = []
    for opcode, rex in product(opcodes, EVERY_REX):
        prefixes = 1 if opcode[0] in (0x66, 0xF2) else 0
        found.append(opcode[:prefixes] + rex + opcode[prefixes:])
    return tuple(found)


def _payload(*fields: tuple[tuple[int, ...], int]) -> Axis:
    """One byte for each choice of a value for each field; a field is its values and its lowest bit."""
    shifted = [[value << bit for value in values] for values, bit in fields]
    return tuple(bytes((sum(choice),)) for choice in product(*shifted))


def _joined(*axes: Axis) -> Axis:
    return tuple(b"".join(choice) for choice in product(*axes))


BIT, TWO_BITS, THREE_BITS, FOUR_BITS = (tuple(range(1 << bits)) for bits in (1, 2, 3, 4))
VVVV = (15, 0, 11, 7)
"""Inverted: none or 0, 15, 4 (rsp), 8."""

VEX2 = _joined(axis("c5"), _payload((BIT, 7), (FOUR_BITS, 3), (BIT, 2), (TWO_BITS, 0)))
VEX3_MAPS = (1, 2, 3)
VEX3_OTHER_MAPS = tuple(number for number in range(32) if number not in VEX3_MAPS)
VEX3_SECOND = _payload((BIT, 7), (VVVV, 3), (BIT, 2), (TWO_BITS, 0))
VEX3 = _joined(axis("c4"), _payload((THREE_BITS, 5), (VEX3_MAPS, 0)), VEX3_SECOND)
VEX3_OTHER = _joined(axis("c4"), _payload(((7, 3), 5), (VEX3_OTHER_MAPS, 0)), axis("78 79 fd 7a"))

EVEX_MAPS = (1, 2, 3, 5, 6)
EVEX_CORE = _joined(
    axis("62"),
    _payload(((15,), 4), (THREE_BITS, 0)),
    _payload((BIT, 7), ((15, 0), 3), ((1,), 2), (TWO_BITS, 0)),
    _payload((BIT, 7), (TWO_BITS, 5), (BIT, 4), ((1,), 3), ((0, 1), 0)),
)
EVEX_REGISTERS = _joined(
    axis("62"),
    _payload((FOUR_BITS, 4), (EVEX_MAPS, 0)),
    _payload((BIT, 7), ((15, 11), 3), ((1,), 2), (TWO_BITS, 0)),
    _payload(((0, 2), 5), (BIT, 3), ((0, 7), 0)),
)
EVEX_RESERVED = _joined(
    axis("62"),
    _payload(((15, 7), 4), (BIT, 3), (THREE_BITS, 0)),
    _payload((BIT, 7), ((15,), 3), (BIT, 2), (TWO_BITS, 0)),
    axis("08 48 18 0a"),
)
EVEX_SOURCES = _joined(
    axis("62"),
    _payload((FOUR_BITS, 4), ((6,), 0)),
    _payload((FOUR_BITS, 3), ((1,), 2), ((2, 3), 0)),
    _payload(((2,), 5), (BIT, 3)),
    axis("56 57 d6 d7"),
)
"""The multiplications of complex numbers, whose destination is none of their sources."""

ORDERED = tuple(
    b"".join(order)
    for count in range(4)
    for order in product(axis("26 2e 36 3e 64 65 66 67 f0 f2 f3 48 40"), repeat=count)
)
LONG_ORDERS = tuple(b"".join(order) for order in product(axis("65 67 66 f0 f3 48 2e"), repeat=5))
SAMPLES = axis(
    "01 8b 88 8d 90 c3 c7 e8 e9 eb 74 e3 50 58 68 6a a4 ab f6 f7 fe ff 0f0b 0f05 0f10 0f1f 0f58 0f6e 0f84 0fae 0fb8"
    " 0fbc 0fc7 0ff7 0f38f0 0f38f6 0f3a0f 0f3a63 c5f858 c5fc10 c4e27918 c4e3791d 62f17c4858 62f1fd4810 d508 8fe878"
)


ESCAPES = {"": b"", "0F": b"\x0f", "0F38": b"\x0f\x38", "0F3A": b"\x0f\x3a"}
PP = ("NP", "66", "F3", "F2")
MAP_NUMBERS = {name: number for number, name in zip((1, 2, 3, 5, 6), MAP_NAMES, strict=True)}


def _legacy_head(form: Form, high: bool) -> bytes:
    operand_size = b"\x66" if form.prefix == "66" or form.size == 16 else b""
    repeat = bytes.fromhex(form.prefix) if form.prefix in ("F2", "F3") else b""
    rex = 0x40 | form.wide << 3 | 7 * high
    return (
        operand_size
        + repeat
        + (bytes((rex,)) if rex != 0x40 else b"")
        + ESCAPES[form.opcode_map]
        + bytes((form.opcode,))
    )


def _vex_head(form: Form, high: bool) -> bytes:
    second = form.wide << 7 | 0x78 ^ (0x48 * high) | form.length << 2 | PP.index(form.prefix)
    if form.opcode_map == "0F" and not form.wide and not high:
        return bytes((0xC5, 0x80 | second, form.opcode))
    return bytes((0xC4, (0x00 if high else 0xE0) | MAP_NUMBERS[form.opcode_map], second, form.opcode))


def _evex_head(form: Form, high: bool, third: int) -> bytes:
    first = (0x00 if high else 0xF0) | MAP_NUMBERS[form.opcode_map]
    second = form.wide << 7 | 0x7C ^ (0x48 * high) | PP.index(form.prefix)
    return bytes((0x62, first, second, third ^ (0x08 * high) | form.length << 5, form.opcode))


def _heads(space: str) -> Axis:
    """Everything before ModRM of each listed form, with low and with high registers."""
    found: list[bytes] = []
    for form in (form for form in forms() if form.space == space):
        for high in (False, True):
            if space == "EVEX":
                found += [_evex_head(form, high, third) for third in (0x08, 0x09, 0x8A, 0x88, 0x18, 0x1F, 0x9B)]
            else:
                found.append(_vex_head(form, high) if space else _legacy_head(form, high))
    return tuple(dict.fromkeys(found))


def listed_encodings() -> list[bytes]:
    """Each listed form with a register and with memory, as it is and with the other W."""
    found = []
    for form in forms():
        for wide in (form.wide, not form.wide):
            other = replace(form, wide=wide)
            head = _evex_head(other, False, 0x08) if form.space == "EVEX" else b""
            head = head or (_vex_head(other, False) if form.space else _legacy_head(other, False))
            found += [before + head + place + BEHIND[0] for before, place in ((b"", b"\xc1"), (b"\x65\x67", b"\x00"))]
            if form.modrm.isdigit():
                place = bytes((0xC1 | int(form.modrm) << 3,))
                found += [head + place + BEHIND[0], b"\x65\x67" + head + bytes((place[0] & 0x3F,)) + BEHIND[0]]
    return [encoding[:LONGEST] for encoding in found]


@dataclass(frozen=True)
class Family:
    """Encodings of one kind; the last axis changes fastest."""

    name: str
    axes: tuple[Axis, ...]

    @cached_property
    def size(self) -> int:
        """How many encodings there are, among them some that mean the same."""
        return prod(map(len, self.axes))

    @cached_property
    def _halves(self) -> tuple[Axis, Axis]:
        """The axes joined into two, so that a number is taken apart in one step."""
        middle = len(self.axes)
        while middle > 1 and prod(map(len, self.axes[middle - 1 :])) <= LARGEST_HALF:
            middle -= 1
        return _joined(*self.axes[:middle]), _joined(*self.axes[middle:])

    def at(self, number: int) -> bytes:
        """An encoding, with what follows it, cut to the greatest length of an instruction."""
        heads, tails = self._halves
        return (heads[number // len(tails)] + tails[number % len(tails)])[:LONGEST]


BYTE_OPCODES = axis(
    "00 02 84 86 88 8a 80 c6 d0 f6 fe b0 b3 b4 b7 0f90 0fb0 0fb6 0fbe 0fc0 660f3a20 660f3a14 f20f38f0 90 91 97 50 54 c8"
)
"""Forms with byte registers, and others whose opcode names a register."""

REGISTER_PLACES = tuple(bytes((modrm,)) for modrm in range(0xC0, 0x100))
MASK_OPCODES = axis("41 42 44 45 46 47 4a 4b 90 91 92 93 98 99")

SETTLED = axis(
    "62f1fd087e442402 62f3f518ce442402 62f17e58e6c1 62f17f182ac1 66480fc5c9 c4e1f850c9 656762f5fd086e00 c5fabdc1"
    " 660f2f0424 62f1741858c0 c4e3f961c111 66480f3a61c111 4190 86c3 48b8 d0e0 660f3814c1 8d0424 c5f8c2c001 62f27f0872c1"
    " c4e27951c1 62f57c0858c1 f009442411 62f506487bfc"
)
"""What decoders read differently, or once did: every one of them is in every sample."""

FAMILIES = (
    Family("listed, settled", (SETTLED, BEHIND)),
    Family("listed, EVEX displacements", (axis("- 6567"), _heads("EVEX"), axis("4424 4465"), axis("02 fe"), BEHIND)),
    Family("listed, legacy", (axis("- 6567 6567f0"), _heads(""), ALL_PLACES, BEHIND)),
    Family("listed, VEX", (axis("- 6567"), _heads("VEX"), ALL_PLACES, BEHIND)),
    Family("listed, EVEX", (axis("- 6567"), _heads("EVEX"), SOME_PLACES, BEHIND)),
    Family("listed, immediates", (axis("- 6567"), _heads("") + _heads("VEX"), FEW_PLACES, IMMEDIATES)),
    Family("listed, predicates", (axis("- 6567"), _heads("EVEX"), axis("c1 4424"), PREDICATES)),
    Family(
        "legacy: every ModRM, SIB classes",
        (
            axis("- 6567 66 656766 f3 f2 6567f3 6567f2"),
            axis("- 41 44 48 4f"),
            MAPPED,
            ALL_PLACES,
            BEHIND,
        ),
    ),
    Family("legacy: every set of prefixes, every REX", (PREFIX_SETS, EVERY_REX, MAPPED, EIGHT_PLACES, BEHIND)),
    Family(
        "legacy: immediates and displacements",
        (axis("- 6567 66 f2"), axis("- 48 41 42 49 4a"), MAPPED, STACK_PLACES, IMMEDIATES),
    ),
    Family("legacy: byte registers", (axis("- 6567 66 f3"), _split_rex(BYTE_OPCODES), REGISTER_PLACES, BEHIND)),
    Family("VEX: mask registers", (_joined(VEX2, MASK_OPCODES), axis("c0 c7 cf f9 ff 00"), BEHIND)),
    Family("prefixes in any order", (ORDERED, SAMPLES, FEW_PLACES, BEHIND)),
    Family(
        "prefixes in long orders", (LONG_ORDERS, axis("01 8b c7 e9 0f10 0f58 c5f858 62f17c4858"), axis("00 c1"), BEHIND)
    ),
    Family("VEX, two bytes", (axis("- 6567"), VEX2, OPCODES, SOME_PLACES, BEHIND)),
    Family("VEX, three bytes", (axis("- 6567"), VEX3, OPCODES, SOME_PLACES, BEHIND)),
    Family("VEX: other maps", (axis("- 6567"), VEX3_OTHER, OPCODES, axis("00 c1"), BEHIND)),
    Family(
        "VEX: other prefixes", (axis("65 67 66 f0 f2 f3 48 656766"), VEX2 + VEX3_OTHER, OPCODES, axis("00 c1"), BEHIND)
    ),
    Family("VEX: immediates", (axis("- 6567"), VEX3, OPCODES, axis("00 c1 4424"), axis("10 f0 0f"), BEHIND)),
    Family("EVEX: fields", (axis("- 6567"), EVEX_CORE, OPCODES, EIGHT_PLACES, BEHIND)),
    Family("EVEX: registers", (axis("- 6567"), EVEX_REGISTERS, OPCODES, axis("00 c1 4424 ac25"), BEHIND)),
    Family(
        "EVEX: reserved bits, other prefixes", (axis("- 65 67 66 f3 48"), EVEX_RESERVED, OPCODES, axis("40 c1"), BEHIND)
    ),
    Family("EVEX: destinations that are sources", (EVEX_SOURCES, axis("c9 ca d1 d2"), BEHIND)),
)

TOTAL = sum(family.size for family in FAMILIES)


def encoding(number: int) -> bytes:
    """Encoding ``number`` of the whole space, 0 <= number < ``TOTAL``."""
    for family in FAMILIES:
        if number < family.size:
            return family.at(number)
        number -= family.size
    raise IndexError(number)


def sample(start: int, end: int, stride: int) -> Iterator[bytes]:
    """Every ``stride``-th encoding of a range."""
    return map(encoding, range(start, end, stride))
