"""Operands: the rule that makes confinement free.

A guest pointer is a 64-bit value of which only the low half takes part in addressing.  The
GS base is the window, and an address made of 32-bit registers carries the address-size
prefix, which makes the CPU truncate the sum to 32 bits.  So every memory operand

    symbol+8(%rbx,%rcx,4)   becomes   %gs:symbol+8(%ebx,%ecx,4)

without an instruction more.  An address without registers is given ``%eiz`` (no register at all)
as its index, because otherwise it would be encoded without the prefix, and its displacement would be
sign-extended to 64 bits.  The native stack, ``disp(%rsp)``, lies outside the window and stays as it is.
"""

import re
from typing import Final, NamedTuple

from motte.compiler.confine.errors import Unconfinable
from motte.compiler.confine.items import Memory
from motte.compiler.confine.registers import LOW_32, STACK_POINTER, USABLE
from motte.compiler.confine.tokens import EXPRESSION

REGISTER: Final = 1
IMMEDIATE: Final = 2
MEMORY: Final = 3
ROUNDING: Final = 4

_DECORATION = r"(?:\{1to(?:2|4|8|16|32)\})?(?: ?\{%k[1-7]\})?(?: ?\{z\})?"
_OPERAND = re.compile(
    rf"(?:(%[a-z][a-z0-9]*)({_DECORATION})"
    rf"|\$({EXPRESSION})"
    r"|(\{(?:sae|r[nduz]-sae)\})"
    rf"|(\*?)({EXPRESSION})?(\((%[a-z0-9]+)?(?:,(%[a-z0-9]+)(?:,([1248]))?)?\))?({_DECORATION}))"
    r"(?:, ?|$)"
)


class Operand(NamedTuple):
    """One operand: its form, its text (for memory: the decoration), an immediate's expression, a memory's parts."""

    form: int
    text: str
    expression: str = ""
    memory: Memory | None = None
    starred: bool = False


def parse_operands(text: str) -> list[Operand]:
    """Every operand of ``text``, in AT&T order; raises :class:`Unconfinable` for any other syntax."""
    operands: list[Operand] = []
    position, end = 0, len(text)
    while position < end:
        match = _OPERAND.match(text, position)
        if match is None or match.end() == position:
            raise Unconfinable(f"operand not understood: {text[position:]!r}")
        position = match.end()
        operands.append(_operand(*match.groups()))
    if text.endswith((",", ", ")):
        raise Unconfinable("an operand is missing")
    return operands


def _operand(
    register: str | None,
    mask: str | None,
    immediate: str | None,
    rounding: str | None,
    star: str | None,
    displacement: str | None,
    parentheses: str | None,
    base: str | None,
    index: str | None,
    scale: str | None,
    decoration: str | None,
) -> Operand:
    if register is not None:
        if register not in USABLE and register not in STACK_POINTER:
            raise Unconfinable(f"register {register} is not accepted")
        return Operand(REGISTER, register + (mask or ""))
    if immediate is not None:
        return Operand(IMMEDIATE, "", immediate)
    if rounding is not None:
        return Operand(ROUNDING, rounding)
    if displacement is None and parentheses is None:
        raise Unconfinable("an operand is empty")
    memory = Memory(displacement or "", base, index, scale or "1")
    return Operand(MEMORY, decoration or "", memory=memory, starred=bool(star))


def confined_memory(memory: Memory) -> str:
    """The text of ``memory`` as a window access, or unchanged if it is the native stack."""
    base, index = memory.base, memory.index
    if base == "%rsp":
        if index is not None:
            raise Unconfinable("the native stack is indexed by a register (a local that was not lowered)")
        return f"{memory.displacement}(%rsp)"
    if base in (None, "%rip") and index is None:
        return f"%gs:{memory.displacement}(,%eiz)"
    try:
        narrow_base = LOW_32[base] if base is not None else ""
        if index is None:
            return f"%gs:{memory.displacement}({narrow_base})"
        return f"%gs:{memory.displacement}({narrow_base},{LOW_32[index]},{memory.scale})"
    except KeyError as unknown:
        raise Unconfinable(f"register {unknown.args[0]} cannot address the window") from None
