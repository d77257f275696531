"""M1 to M8 and S2: the registers and the memory operand of one instruction.

The problem: any address that a guest computes may be hostile, and a ModRM operand can
name all 2^64 of them.

The answer is two kinds of addresses and no others.  With the prefixes 65 and 67 together,
the processor truncates base + index * scale + displacement to 32 bits and adds the
window's base: whatever the registers hold, the access starts inside the window and ends
at most 64 bytes behind it, where nothing is mapped.  In a program that reaches checked
blocks 64 and 67 together do the same with the base of the block that is open.  Without them, only ``disp(%rsp)``,
whose place in the frame ``heights`` checks, and the three operands that read a table, which
``shapes`` accepts inside their shapes only.

Every access is judged by its full width, whatever a mask register may hold; and operands
that access nothing (``prefetch``) obey the same rules.
"""

from typing import Final, NamedTuple

from iced_x86 import Code, Instruction, Register

from motte.abi import layout
from motte.verifier import effects
from motte.verifier.allowlist import BIT_STRING_FORMS, Form, width_of
from motte.verifier.effects import PLAIN, Effect
from motte.verifier.prefixes import Prefixes

_STACK_POINTERS: Final = frozenset({Register.RSP, Register.ESP, Register.SP, Register.SPL})
_INSTRUCTION_POINTERS: Final = frozenset({Register.RIP, Register.EIP})

_WINDOW_REGISTERS: Final = frozenset(
    {
        *(Register.NONE, Register.EAX, Register.ECX, Register.EDX, Register.EBX),
        *(Register.EBP, Register.ESI, Register.EDI, Register.R8D, Register.R9D, Register.R10D),
        *(Register.R11D, Register.R12D, Register.R13D, Register.R14D, Register.R15D),
    }
)
"""What an address in the window may add up: no esp, nothing of 64 bits."""

INDEX_NUMBERS: Final = {
    **{Register.RAX: 0, Register.RCX: 1, Register.RDX: 2, Register.RBX: 3},
    **{Register.RBP: 5, Register.RSI: 6, Register.RDI: 7, Register.R8: 8, Register.R9: 9, Register.R10: 10},
    **{Register.R11: 11, Register.R12: 12, Register.R13: 13, Register.R14: 14, Register.R15: 15},
}
"""The processor's numbers of the 64-bit registers other than rsp."""

_LEA_REGISTERS: Final = frozenset({Register.NONE, *INDEX_NUMBERS})

ADDRESS_COMPUTATIONS: Final = frozenset({Code.LEA_R16_M, Code.LEA_R32_M, Code.LEA_R64_M})
_TRANSFERS: Final = frozenset({Code.CALL_RM64, Code.JMP_RM64})
CLASS_COMPARISONS: Final = frozenset({Code.CMP_RM32_IMM8, Code.CMP_RM32_IMM32})
ADJUSTMENTS: Final = {
    Code.ADD_RM64_IMM8: -1,
    Code.ADD_RM64_IMM32: -1,
    Code.SUB_RM64_IMM8: 1,
    Code.SUB_RM64_IMM32: 1,
}


class Refusal(NamedTuple):
    """A rule, and how an instruction breaks it."""

    rule: str
    text: str


def signed(value: int, bits: int = 64) -> int:
    """``value`` read as a two's complement number of ``bits`` bits."""
    value &= (1 << bits) - 1
    return value - (value >> (bits - 1) << bits)


def _names_stack_pointer(instruction: Instruction, form: Form) -> bool:
    """Whether an explicit operand is rsp or a part of it; implicit ones are the allow-list's matter."""
    for index in form.operands:  # noqa: SIM110 - a generator costs more, and this runs for every new encoding
        if instruction.op_register(index) in _STACK_POINTERS:
            return True
    return False


def register_effect(instruction: Instruction, form: Form) -> Effect | Refusal:
    """S1 and S2 for an instruction without a memory operand; C2 for transfers through a register."""
    if form.effect in (effects.TABLE_CALL, effects.TABLE_JUMP):
        return Refusal("C2", "transfer through a register, outside the shapes")
    if not _names_stack_pointer(instruction, form):
        return PLAIN if form.effect == effects.NONE else (form.effect, 0, 0)
    sign = ADJUSTMENTS.get(instruction.code)
    if sign is None:
        return Refusal("S2", "rsp as an operand")
    return _adjustment(sign * signed(instruction.immediate(1)))


def _adjustment(growth: int) -> Effect | Refusal:
    if growth % 8 != 0:
        return Refusal("S1", f"rsp moves by {abs(growth)} bytes, not a multiple of 8")
    return (effects.ADJUST, growth, 0)


def memory_effect(instruction: Instruction, form: Form, prefixes: Prefixes) -> Effect | Refusal:
    """M1 to M8 for an instruction with a memory operand, and S2 for its other operands."""
    if instruction.code in ADDRESS_COMPUTATIONS:
        return _address_computation(instruction, prefixes)
    if _names_stack_pointer(instruction, form):
        return Refusal("S2", "rsp as an operand")
    if instruction.memory_base in _INSTRUCTION_POINTERS:
        return Refusal("M3", "address relative to rip")
    if instruction.code in BIT_STRING_FORMS:
        return Refusal("M4", "bit offset in a register")
    if prefixes.segment or prefixes.address_size:
        return _window_access(instruction, prefixes)
    return _stack_access(instruction) if instruction.memory_base == Register.RSP else _table_operand(instruction)


def _window_access(instruction: Instruction, prefixes: Prefixes) -> Effect | Refusal:
    if not prefixes.window:
        reason = (
            "65 without 67: a 64-bit address" if prefixes.segment else "67 without 65: an address outside the window"
        )
        return Refusal("M1", reason)
    if instruction.code in _TRANSFERS:
        return Refusal("M7", "transfer through guest memory")
    if instruction.memory_base not in _WINDOW_REGISTERS or instruction.memory_index not in _WINDOW_REGISTERS:
        return Refusal("M1", "esp, or no 32-bit register, in an address")
    if not 0 < width_of(instruction.memory_size) <= layout.WIDEST_ACCESS:
        return Refusal("M1", "width of the access is not known")
    return PLAIN


def _stack_access(instruction: Instruction) -> Effect | Refusal:
    if instruction.code in _TRANSFERS:
        return Refusal("M7", "transfer through the stack")
    if instruction.memory_index != Register.NONE:
        return Refusal("M2", "indexed address on the stack")
    width = width_of(instruction.memory_size)
    if not 0 < width <= layout.WIDEST_ACCESS:
        return Refusal("M2", "width of the access is not known")
    return (effects.ACCESS, signed(instruction.memory_displacement), width)


def _address_computation(instruction: Instruction, prefixes: Prefixes) -> Effect | Refusal:
    """``lea`` accesses nothing, so any registers do; but rsp and rip would turn into guest values."""
    base, index = instruction.memory_base, instruction.memory_index
    if prefixes.segment or prefixes.address_size:
        return Refusal("M1", "lea takes neither 65 nor 67")
    if base in _INSTRUCTION_POINTERS:
        return Refusal("M3", "address relative to rip")
    if instruction.op0_register == Register.RSP and base == Register.RSP and index == Register.NONE:
        return _adjustment(-signed(instruction.memory_displacement))
    if instruction.op0_register in _STACK_POINTERS or base not in _LEA_REGISTERS or index not in _LEA_REGISTERS:
        return Refusal("S2", "lea of or to rsp")
    return PLAIN


def _table_operand(instruction: Instruction) -> Effect | Refusal:
    """M8: the three operands without prefixes that a shape may contain, or a refusal."""
    code, base, index = instruction.code, instruction.memory_base, instruction.memory_index
    displacement = signed(instruction.memory_displacement)
    if base == Register.R10 and index == Register.NONE:
        if code in CLASS_COMPARISONS:
            return (effects.TABLE_COMPARE, displacement, instruction.immediate(1) & 0xFFFF_FFFF)
        if code in _TRANSFERS:
            return (effects.TABLE_CALL if code == Code.CALL_RM64 else effects.TABLE_JUMP, displacement, 0)
    scaled = instruction.memory_index_scale == layout.JUMP_TABLE_ENTRY_SIZE
    if code == Code.JMP_RM64 and base == Register.NONE and index in INDEX_NUMBERS and scaled:
        return (effects.INDEX_JUMP, INDEX_NUMBERS[index], displacement)
    if code in _TRANSFERS:
        return Refusal("M7", "transfer through memory outside the shapes")
    return Refusal("M1", "neither 65 67 nor a place on the stack: an absolute address")
