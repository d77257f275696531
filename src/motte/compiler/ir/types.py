"""Types: where one ends in the text, and its size and alignment in memory.

The data layout is the one of x86-64 System V and no other (``accept`` refuses
foreign ones), so the rules are short: an integer of n bits takes the next power
of two of bytes up to 16, a vector is as wide as its elements and aligned to the
next power of two.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from motte.compiler.ir.scan import NAME, IRTextError, end_of_bracket, split_list

DATA_LAYOUT: Final = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
TRIPLE: Final = "x86_64-unknown-linux-musl"

WIDE_INTEGER: Final = r"i(?:129|1[3-9]\d|[2-9]\d\d|\d{4,})"
"""Pattern of integer types of more than 128 bits, for which there are neither registers nor library functions."""

_WORD: Final = re.compile(
    r"(?:void|half|bfloat|float|double|fp128|x86_fp80|ppc_fp128|x86_amx|label|metadata|token|i\d+)\b"
    r"|ptr\b(?: addrspace\(\d+\))?|%" + NAME
)
_SEQUENCE: Final = re.compile(r"(\d+) x ")
BLOCK_POINTER: Final = "ptr addrspace(1)"
"""A pointer into the checked block that is open; LLVM's number for the FS segment is put in last."""

_SCALAR_SIZES: Final = {"ptr": 8, BLOCK_POINTER: 8, "half": 2, "bfloat": 2, "float": 4, "double": 8}


def type_end(text: str, start: int = 0) -> int | None:
    """Index just after the type that begins at ``start``, or ``None`` if no type begins there."""
    if text[start : start + 1] in ("[", "{", "<"):
        end = end_of_bracket(text, start)
    elif text.startswith("target(", start):
        end = end_of_bracket(text, start + 6)
    else:
        match = _WORD.match(text, start)
        if match is None:
            return None
        end = match.end()
    while text.startswith(" (", end):  # a function type: result, then its parameters
        end = end_of_bracket(text, end + 1)
    return end


@dataclass(frozen=True, slots=True)
class Shape:
    """Size and ABI alignment of a type in memory, in bytes."""

    size: int
    align: int

    @property
    def stride(self) -> int:
        """Distance of array elements: the size rounded up to the alignment."""
        return round_up(self.size, self.align)


def round_up(value: int, align: int) -> int:
    """``value`` rounded up to a multiple of ``align`` (a power of two)."""
    return (value + align - 1) & -align


def _power_of_two(value: int) -> int:
    return 1 << max(0, value - 1).bit_length()


class Types:
    """The named structures of one module, and the shapes of all types seen so far."""

    def __init__(self, lines: list[str]) -> None:
        """Collect ``%name = type …`` definitions from a module's top-level lines."""
        self._bodies: dict[str, str] = {}
        self._shapes: dict[str, Shape] = {}
        for line in lines:
            if line.startswith("%") and " = type " in line:
                name, _, body = line.partition(" = type ")
                self._bodies[name] = body.strip()

    def resolve(self, name: str) -> str:
        """The type itself, with one level of name replaced by the structure that it names."""
        return self._bodies.get(name, name)

    def shape(self, type_text: str) -> Shape:
        """Size and alignment; :class:`IRTextError` for a type without a size."""
        known = self._shapes.get(type_text)
        if known is None:
            known = self._shapes[type_text] = self._measure(type_text)
        return known

    def elements(self, type_text: str) -> list[str]:
        """Element types of a structure, array or vector; an empty list for a scalar."""
        text = self.resolve(type_text)
        if text.startswith("<{"):
            return split_list(text[2:-2])
        if text.startswith("{"):
            return split_list(text[1:-1])
        if text[:1] in ("[", "<"):
            count, element = sequence(text)
            return [element] * count
        return []

    def _measure(self, type_text: str) -> Shape:
        text = self.resolve(type_text)
        if text in _SCALAR_SIZES:
            return Shape(_SCALAR_SIZES[text], _SCALAR_SIZES[text])
        if re.fullmatch(r"i\d+", text):
            return integer_shape(int(text[1:]))
        if text.startswith("<{"):
            return Shape(sum(self.shape(element).stride for element in self.elements(text)), 1)
        if text.startswith("<"):
            return self._vector(text)
        if text.startswith("["):
            count, element = sequence(text)
            inner = self.shape(element)
            return Shape(count * inner.stride, inner.align)
        if text.startswith("{"):
            return self._structure(self.elements(text))
        raise IRTextError(f"type without a size: {type_text}")

    def _vector(self, text: str) -> Shape:
        count, element = sequence(text)
        bits = int(element[1:]) if re.fullmatch(r"i\d+", element) else 8 * self.shape(element).size
        size = (count * bits + 7) // 8
        return Shape(size, _power_of_two(size))

    def _structure(self, elements: list[str]) -> Shape:
        offset, align = 0, 1
        for element in elements:
            inner = self.shape(element)
            offset = round_up(offset, inner.align) + inner.stride
            align = max(align, inner.align)
        return Shape(round_up(offset, align), align)


def integer_shape(bits: int) -> Shape:
    """Shape of ``iN``."""
    size = (bits + 7) // 8
    return Shape(size, min(16, _power_of_two(size)))


def sequence(text: str) -> tuple[int, str]:
    """Count and element type of ``[N x T]`` or ``<N x T>``."""
    match = _SEQUENCE.match(text, 1)
    if match is None:
        raise IRTextError(f"not an array or vector: {text}")
    return int(match.group(1)), text[match.end() : -1]
