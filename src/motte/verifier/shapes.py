"""C2 and C3: the short sequences through which alone control becomes indirect.

The problem: an indirect call or jump goes wherever a register points, and no check before
it counts if control can arrive behind the check.

The answer: the check and the transfer are one *unit*.  It is recognised byte by byte when
its last instruction is met, by looking back; the instructions inside stop being places
at which a jump may arrive.  Nothing is skipped: each of them has passed the ordinary
checks of one instruction before, and its three kinds of prefixless operands are accepted
nowhere but here.

C2, indirect call (or ``jmpq``): rX32 is any 32-bit register, FT this code's function table ::

    movl %rX32, %r10d        41 89 /r, or 45 89 /r
    andl $mask, %r10d        41 81 e2 imm32
    cmpl $class, FT+8(%r10)  (already an effect)
    jne  trap                75 rel8, or 0f 85 rel32
    callq *FT(%r10)          (already an effect)

C3, switch: the index is masked, which bounds it whatever it was, in the same register ::

    movzbl %Xl, %eX | movzwl %Xw, %eX | andl $(2**k - 1), %eX
    jmpq *JT(,%rX,8)         (already an effect)

Each 32-bit write clears the upper half of its register, so r10 and rX are proven within
their tables without a rule about upper halves elsewhere.
"""

from typing import Final, TypeAlias

from motte.verifier import effects
from motte.verifier.effects import Effect
from motte.verifier.operands import Refusal

CALL_LENGTH: Final = 5
SWITCH_LENGTH: Final = 2

Unit: TypeAlias = list[tuple[bytes, Effect]]
"""Consecutive instructions: their encodings and effects."""

_CLASS_OFFSET: Final = 8
_ANDL_R10D: Final = b"\x41\x81\xe2"
_ESP: Final = 4
_JNE_REL8: Final = 0x75
_JNE_REL32: Final = b"\x0f\x85"

_MOVES_TO_R10D: Final = frozenset(
    bytes((0x41 | (source >> 3) << 2, 0x89, 0xC2 | (source & 7) << 3)) for source in range(16) if source != _ESP
)


def _register_to_itself(opcode: int, number: int, needs_rex: bool) -> bytes:
    """``0f opcode`` from the low part of a register to all its 32 bits."""
    rex = 0x40 | (number >> 3) * 5
    body = bytes((0x0F, opcode, 0xC0 | (number & 7) * 9))
    return bytes((rex,)) + body if needs_rex or number >= 8 else body


_EXTENSIONS: Final = {
    **{_register_to_itself(0xB6, number, number >= _ESP): (number, 1 << 8) for number in range(16) if number != _ESP},
    **{_register_to_itself(0xB7, number, False): (number, 1 << 16) for number in range(16) if number != _ESP},
}
"""``movzbl`` and ``movzwl``: to (register, entries).  Without REX, sil's encoding would mean dh."""


def _masked(encoding: bytes) -> tuple[int, int] | None:
    """(register, entries) of an instruction that bounds a register, else ``None``."""
    extension = _EXTENSIONS.get(encoding)
    if extension is not None:
        return extension
    high = 0
    if encoding[0] == 0x41:
        high, encoding = 8, encoding[1:]
    if encoding[0] == 0x25:
        number, immediate = 0, encoding[1:]
    elif encoding[0] in (0x81, 0x83) and encoding[1] & 0xF8 == 0xE0:
        number, immediate = high | encoding[1] & 7, encoding[2:]
    else:
        return None
    mask = int.from_bytes(immediate, "little", signed=True)
    return (number, mask + 1) if mask >= 0 and mask & (mask + 1) == 0 else None


def indirect_call(unit: Unit, transfer_offset: int, function_table: int, mask: int) -> Effect | Refusal:
    """C2: the effect of the last five instructions, or why they are no shape.

    ``transfer_offset`` is where the last one begins, and so where the ``jne`` before it ends.
    """
    if len(unit) < CALL_LENGTH:
        return Refusal("C2", "no shape before the indirect transfer")
    (move, _), (conjunction, _), (_, compare), (jump, branch), (_, transfer) = unit
    for holds, text in (
        (move in _MOVES_TO_R10D, "the shape does not begin with movl to r10d"),
        (conjunction[:3] == _ANDL_R10D, "no andl of r10d after the movl"),
        (int.from_bytes(conjunction[3:], "little") == mask, f"the mask is not this function table's, {mask:#x}"),
        (compare[0] == effects.TABLE_COMPARE, "no comparison of the class after the andl"),
        (compare[1] == function_table + _CLASS_OFFSET, "the comparison reads another place than the class"),
        (jump[0] == _JNE_REL8 or jump[:2] == _JNE_REL32, "no jne to a trap after the comparison"),
        (transfer[1] == function_table, "the transfer does not go through this function table"),
    ):
        if not holds:
            return Refusal("C2", text)
    kind = effects.INDIRECT_CALL if transfer[0] == effects.TABLE_CALL else effects.INDIRECT_JUMP
    return (kind, compare[2], transfer_offset + branch[1])


def switch(unit: Unit) -> Effect | Refusal:
    """C3: the effect of the last two instructions, or why they are no shape."""
    (_, transfer) = unit[-1]
    masked = _masked(unit[0][0]) if len(unit) == SWITCH_LENGTH else None
    if masked is None or masked[0] != transfer[1]:
        return Refusal("C3", "the index is not masked by the instruction before")
    return (effects.SWITCH, transfer[2], masked[1])
