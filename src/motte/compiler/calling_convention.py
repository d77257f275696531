"""Where System V puts arguments on x86-64, as LLVM 22's code generator really does it.

Two users need the answer.  The incoming stack bytes A of a function are a fact
that the verifier checks; and the argument area of a variadic call models the
register save area, so it must give every value the place that the callee's
``va_arg`` will look at.

A value is cut into *parts*, each of which takes one general register, one vector
register, or stack.  The parts of ``i128`` stay together: both in registers or
both in memory, and then a register that was left over serves a later value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from motte.compiler.ir.scan import IRTextError
from motte.compiler.ir.types import BLOCK_POINTER, Types, round_up, sequence

GENERAL_REGISTERS: Final = 6
VECTOR_REGISTERS: Final = 8
STACK_ALIGN: Final = 16


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a value: ``registers`` consecutive registers of one kind, or memory."""

    kind: str
    """``"general"`` or ``"vector"``."""
    type: str
    registers: int
    size: int
    """Bytes of stack, if it goes there; also its alignment there."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part went: ``kind`` is ``general``, ``vector`` (``position`` is the first register) or ``stack``."""

    kind: str
    position: int


@dataclass(slots=True)
class Allocator:
    """Registers and stack bytes used so far."""

    general: int = 0
    vector: int = 0
    stack: int = 0

    def place(self, part: Part) -> Place:
        """The place of the next part."""
        if part.kind == "general" and self.general + part.registers <= GENERAL_REGISTERS:
            self.general += part.registers
            return Place("general", self.general - part.registers)
        if part.kind == "vector" and self.vector < VECTOR_REGISTERS:
            self.vector += 1
            return Place("vector", self.vector - 1)
        offset = round_up(self.stack, part.size)
        self.stack = offset + part.size
        return Place("stack", offset)


_POINTER: Final = Part("general", "ptr", 1, 8)


class CallingConvention:
    """The convention for one module's types and one CPU's vector registers."""

    def __init__(self, types: Types, vector_bits: int) -> None:
        """``vector_bits`` is the widest vector register: 128, 256 or 512."""
        self._types = types
        self._vector_bits = vector_bits

    def stack_bytes(self, argument_types: Iterable[str]) -> int:
        """A: the incoming stack bytes of a function with these parameters."""
        allocator = Allocator()
        for argument_type in argument_types:
            for part in self.parts(argument_type):
                allocator.place(part)
        return round_up(allocator.stack, 8)

    def arguments_in_memory(self, argument_types: Sequence[str]) -> frozenset[int]:
        """Positions of arguments that have to be passed by pointer.

        On the stack a vector wider than 16 bytes would want a stack aligned for it, and the native stack is not.
        """
        allocator, indirect = Allocator(), set()
        for position, argument_type in enumerate(argument_types):
            trial = replace(allocator)
            parts = self.parts(argument_type)
            if any(trial.place(part).kind == "stack" and part.size > STACK_ALIGN for part in parts):
                indirect.add(position)
                allocator.place(_POINTER)
            else:
                allocator = trial
        return frozenset(indirect)

    def result_in_memory(self, result_type: str) -> bool:
        """Whether the result has more parts than there are registers for results.

        Code generation would make room for it on the native stack, or use the x87 stack for a third float.
        """
        if result_type == "void":
            return False
        general = floats = vectors = 0
        for part in self.parts(result_type):
            if part.kind == "general":
                general += part.registers
            elif part.type.startswith("<"):
                vectors += 1
            else:
                floats += 1
        return general > 3 or floats + vectors > (2 if floats else 4)

    def parts(self, type_text: str) -> list[Part]:
        """Cut a value; aggregates element by element."""
        text = self._types.resolve(type_text)
        if text in ("ptr", BLOCK_POINTER):
            return [Part("general", text, 1, 8)]
        if text in ("half", "bfloat", "float", "double"):
            return [Part("vector", text, 1, 8)]
        if re.fullmatch(r"i\d+", text):
            return _integer(int(text[1:]))
        if text.startswith("<") and not text.startswith("<{"):
            return self._vector(text)
        if text[:1] in ("{", "[", "<"):
            return [part for element in self._types.elements(text) for part in self._element_parts(element)]
        raise IRTextError(f"no place for an argument of type {type_text}")

    def _element_parts(self, element: str) -> list[Part]:
        """Inside an aggregate, LLVM does not keep the halves of an ``i128`` together."""
        return _integer(127) if element == "i128" else self.parts(element)

    def _vector(self, text: str) -> list[Part]:
        count, element = sequence(text)
        if count == 1:
            return self.parts(element)
        bits = 8 * self._types.shape(element).size * (1 << (count - 1).bit_length())
        width = min(max(bits, 128), self._vector_bits)
        return [Part("vector", text, 1, width // 8)] * max(1, bits // width)


def _integer(bits: int) -> list[Part]:
    if bits <= 64:
        return [Part("general", f"i{bits}", 1, 8)]
    if bits == 128:
        return [Part("general", "i128", 2, 16)]
    return [Part("general", "i64", 1, 8)] * ((bits + 63) // 64)
