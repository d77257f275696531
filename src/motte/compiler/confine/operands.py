"""Operands: the rule that makes confinement free.

A guest pointer is a 64-bit value of which only the low half takes part in addressing.  The
GS base is the window, and an address made of 32-bit registers carries the address-size
prefix, which makes the CPU truncate the sum to 32 bits.  So every memory operand

    symbol+8(%rbx,%rcx,4)   becomes   %gs:symbol+8(%ebx,%ecx,4)

without an instruction more.  An address without registers is given ``%eiz`` (no register at all)
as its index, because otherwise it would be encoded without the prefix, and its displacement would be
sign-extended to 64 bits.  An operand that LLVM wrote with ``%fs:`` lies in a block, and keeps that in the place of
``%gs:``.  The native stack, ``disp(%rsp)``, lies outside the window and stays as it is.
"""

import re
from typing import Final, NamedTuple

from motte.compiler.confine.errors import Unconfinable
from motte.compiler.confine.items import BLOCK, WINDOW, Memory
from motte.compiler.confine.registers import LOW_32, STACK_POINTER, USABLE
from motte.compiler.confine.tokens import EXPRESSION

REGISTER: Final = 1
IMMEDIATE: Final = 2
MEMORY: Final = 3
ROUNDING: Final = 4

_DECORATION = r"(?:\{1to(?:2|4|8|16|32)\})?(?: ?\{%k[1-7]\})?(?: ?\{z\})?"
_OPERAND = re.compile(
    rf"(?:(?P<register>%[a-z][a-z0-9]*)(?P<mask>{_DECORATION})"
    rf"|\$(?P<immediate>{EXPRESSION})"
    r"|(?P<rounding>\{(?:sae|r[nduz]-sae)\})"
    rf"|(?P<segment>%fs:)?(?=[^ ,])(?P<displacement>{EXPRESSION})?"
    r"(?:\((?P<base>%[a-z0-9]+)?(?:,(?P<index>%[a-z0-9]+)(?:,(?P<scale>[1248]))?)?\))?"
    rf"(?P<decoration>{_DECORATION}))"
    r"(?P<end>, ?|$)"
)
_STACK_DISPLACEMENT = re.compile(r"-?[0-9]*")


class Operand(NamedTuple):
    """One operand: its form, its text (for memory: the decoration), an immediate's expression, a memory's parts."""

    form: int
    text: str
    expression: str = ""
    memory: Memory | None = None


def parse_operands(text: str) -> list[Operand]:
    """Every operand of ``text``, in AT&T order; raises :class:`Unconfinable` for any other syntax."""
    operands: list[Operand] = []
    position = 0
    separator = text and ","
    while separator:
        match = _OPERAND.match(text, position)
        if match is None:
            raise Unconfinable(f"operand not understood: {text[position:]!r}")
        operands.append(_operand(match))
        position, separator = match.end(), match["end"]
    return operands


def _operand(match: re.Match[str]) -> Operand:
    register, mask, immediate, rounding, segment, displacement, base, index, scale, decoration, _ = match.groups("")
    if register:
        if register not in USABLE and register not in STACK_POINTER:
            raise Unconfinable(f"register {register} is not accepted")
        return Operand(REGISTER, register + mask)
    if immediate:
        return Operand(IMMEDIATE, "", immediate)
    if rounding:
        return Operand(ROUNDING, rounding)
    if not displacement and not base and not index:
        raise Unconfinable("a memory operand without an address")
    memory = Memory(displacement, base or None, index or None, scale or "1", segment or WINDOW)
    return Operand(MEMORY, decoration, memory=memory)


def confined_memory(memory: Memory) -> str:
    """The text of ``memory`` as an access to window or block, or unchanged if it is the native stack."""
    base, index, segment = memory.base, memory.index, memory.segment
    if base == "%rsp" and segment == BLOCK:
        raise Unconfinable("the native stack pointer as an address in a block")
    if base == "%rsp":
        if index is not None:
            raise Unconfinable("the native stack is indexed by a register (a local that was not lowered)")
        if not _STACK_DISPLACEMENT.fullmatch(memory.displacement):
            raise Unconfinable("a symbolic offset on the native stack")
        return f"{memory.displacement}(%rsp)"
    if base in (None, "%rip") and index is None:
        return f"{segment}{memory.displacement}(,%eiz)"
    try:
        narrow_base = LOW_32[base] if base is not None else ""
        if index is None:
            return f"{segment}{memory.displacement}({narrow_base})"
        return f"{segment}{memory.displacement}({narrow_base},{LOW_32[index]},{memory.scale})"
    except KeyError as unknown:
        raise Unconfinable(f"register {unknown.args[0]} cannot address the window") from None
