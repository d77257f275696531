"""The bytes of one instruction taken apart: prefixes, fields, ModRM, SIB; no meaning yet.

Nothing is refused here.  Bits are kept as they stand, but for the inverted ones, which are given as the
numbers that they mean.
"""

from __future__ import annotations

from dataclasses import dataclass, field

LEGACY = frozenset((0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3))
REX = range(0x40, 0x50)
PP = ("NP", "66", "F3", "F2")
MAP_OF = {0: "", 1: "0F", 2: "0F38", 3: "0F3A", 5: "MAP5", 6: "MAP6"}


class TooShortError(Exception):
    """The bytes end before the instruction does."""


@dataclass
class Fields:
    """What stands where; ``at`` is the offset of the next byte that was not taken yet."""

    code: bytes
    at: int = 0
    prefixes: list[int] = field(default_factory=list)
    rex: int | None = None
    late_prefix: bool = False  # a prefix or a second REX behind a REX
    space: str = ""
    vex_bytes: int = 0
    pp: str = ""
    opcode_map: str | None = ""
    opcode: int = 0
    w: int = 0
    length: int = 0
    r: int = 0  # extension bits, R' and V' apart
    x: int = 0
    b: int = 0
    r2: int = 0
    v2: int = 0
    vvvv: int = 0
    zeroing: int = 0
    special: int = 0  # EVEX.b
    mask: int = 0
    reserved: bool = False
    modrm: int = -1
    mod: int = 3
    reg: int = 0
    rm: int = 0
    sib: int = -1
    at_displacement: int = 0
    displacement_size: int = 0

    def byte(self) -> int:
        """The next byte."""
        if self.at >= len(self.code):
            raise TooShortError
        self.at += 1
        return self.code[self.at - 1]

    def take(self, count: int, signed: bool = True) -> int:
        """The next ``count`` bytes as a number."""
        if self.at + count > len(self.code):
            raise TooShortError
        self.at += count
        return int.from_bytes(self.code[self.at - count : self.at], "little", signed=signed)


def read_to_opcode(code: bytes) -> Fields:
    """Prefixes and opcode."""
    found = Fields(code)
    first = found.byte()
    while first in LEGACY or first in REX:
        if found.rex is not None:
            found.late_prefix = True
            return found
        if first in LEGACY:
            found.prefixes.append(first)
        else:
            found.rex = first
            found.w, found.r, found.x, found.b = (first >> bit & 1 for bit in (3, 2, 1, 0))
        first = found.byte()
    if first in (0xC4, 0xC5):
        _vex(found, first)
    elif first == 0x62:
        _evex(found)
    elif first == 0x0F:
        second = found.byte()
        found.opcode_map = {0x38: "0F38", 0x3A: "0F3A"}.get(second, "0F")
        found.opcode = second if found.opcode_map == "0F" else found.byte()
    else:
        found.opcode = first
    return found


def _vex(found: Fields, first: int) -> None:
    found.space, found.vex_bytes = "VEX", 2 if first == 0xC5 else 3
    payload = found.byte()
    found.r = payload >> 7 ^ 1
    if first == 0xC4:
        found.x, found.b = payload >> 6 & 1 ^ 1, payload >> 5 & 1 ^ 1
        found.opcode_map = MAP_OF.get(payload & 31)
        payload = found.byte()
        found.w = payload >> 7
    else:
        found.opcode_map = "0F"
    found.vvvv, found.length, found.pp = payload >> 3 & 15 ^ 15, payload >> 2 & 1, PP[payload & 3]
    found.opcode = found.byte()


def _evex(found: Fields) -> None:
    found.space = "EVEX"
    first, second, third = found.byte(), found.byte(), found.byte()
    found.r, found.x, found.b, found.r2 = ((first >> bit & 1) ^ 1 for bit in (7, 6, 5, 4))
    found.reserved = bool(first & 8) or not second & 4
    found.opcode_map = MAP_OF.get(first & 7) or None
    found.w, found.vvvv, found.pp = second >> 7, second >> 3 & 15 ^ 15, PP[second & 3]
    found.zeroing, found.length, found.special = third >> 7, third >> 5 & 3, third >> 4 & 1
    found.v2, found.mask = third >> 3 & 1 ^ 1, third & 7
    found.opcode = found.byte()


def read_modrm(found: Fields) -> None:
    """ModRM, and SIB if ModRM says so."""
    found.modrm = found.byte()
    found.mod, found.reg, found.rm = found.modrm >> 6, found.modrm >> 3 & 7, found.modrm & 7
    if found.mod != 3 and found.rm == 4:
        found.sib = found.byte()
