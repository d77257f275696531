"""D5: which instructions exist at all, and in which forms.

The list is closed.  A mnemonic that is not written here is refused, and of a listed
mnemonic only those forms are accepted whose operand kinds are listed too: a new
decoder that knows more instructions accepts no more programs.

Three layers, each denying by default:

1. ``mnemonics.MNEMONICS``: instructions that compute on general, vector and mask registers and
   at most one memory operand, and touch nothing else.  Every one of them may use
   implicit registers (``rax``, ``rcx``, ``rdx``, ``xmm0``, flags), none ``rsp``.
2. ``OPERAND_KINDS``: the only kinds of operands.  No segment, control, debug, x87, MMX,
   bound or tile register, no absolute 64-bit offset, no implicit memory operand.
3. ``CONTROL_FORMS``: the instructions that move ``rsp`` or ``rip``, form by form, each with
   the effect for which ``heights`` and ``shapes`` have a rule.

What this file does not know: prefixes, registers in use, addresses, heights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from iced_x86 import Code, EncodingKind, MandatoryPrefix, MemorySizeInfo, Mnemonic, OpCodeInfo
from iced_x86 import OpCodeOperandKind as Kind

from motte.verifier import effects
from motte.verifier.mnemonics import MNEMONICS

if TYPE_CHECKING:
    from iced_x86._iced_x86_py import Code as CodeNumber
    from iced_x86._iced_x86_py import MemorySize as MemorySizeNumber

MEMORY_KINDS: Final = frozenset(
    {
        *(Kind.MEM, Kind.R8_OR_MEM, Kind.R16_OR_MEM, Kind.R32_OR_MEM, Kind.R64_OR_MEM),
        *(Kind.XMM_OR_MEM, Kind.YMM_OR_MEM, Kind.ZMM_OR_MEM, Kind.K_OR_MEM),
    }
)
"""Operands that ModRM may place in memory; a form has at most one of them."""

OPERAND_KINDS: Final = frozenset(
    {
        *MEMORY_KINDS,
        *(Kind.R8_REG, Kind.R8_OPCODE, Kind.R16_REG, Kind.R16_OPCODE),
        *(Kind.R32_REG, Kind.R32_RM, Kind.R32_OPCODE, Kind.R32_VVVV),
        *(Kind.R64_REG, Kind.R64_RM, Kind.R64_OPCODE, Kind.R64_VVVV),
        *(Kind.AL, Kind.CL, Kind.AX, Kind.EAX, Kind.RAX),
        *(Kind.K_REG, Kind.K_RM, Kind.K_VVVV),
        *(Kind.XMM_REG, Kind.XMM_RM, Kind.XMM_VVVV, Kind.XMM_IS4),
        *(Kind.YMM_REG, Kind.YMM_RM, Kind.YMM_VVVV, Kind.YMM_IS4),
        *(Kind.ZMM_REG, Kind.ZMM_RM, Kind.ZMM_VVVV),
        *(Kind.IMM8, Kind.IMM8_CONST_1, Kind.IMM8SEX16, Kind.IMM8SEX32, Kind.IMM8SEX64),
        *(Kind.IMM16, Kind.IMM32, Kind.IMM32SEX64, Kind.IMM64),
    }
)

IMPLICIT_MEMORY: Final = frozenset({Kind.SEG_RSI, Kind.ES_RDI, Kind.SEG_RDI, Kind.SEG_RBX_AL})

VECTOR_INDEX: Final = frozenset(
    {
        *(Kind.MEM_VSIB32X, Kind.MEM_VSIB32Y, Kind.MEM_VSIB32Z),
        *(Kind.MEM_VSIB64X, Kind.MEM_VSIB64Y, Kind.MEM_VSIB64Z),
    }
)

_CONDITIONAL_JUMPS: Final = "ja jae jb jbe je jg jge jl jle jne jno jnp jns jo jp js"

CONTROL_FORMS: Final[dict[int, int]] = {
    Code.PUSH_R64: effects.PUSH,
    Code.PUSHQ_IMM8: effects.PUSH,
    Code.PUSHQ_IMM32: effects.PUSH,
    Code.POP_R64: effects.POP,
    Code.CALL_REL32_64: effects.CALL,
    Code.JMP_REL8_64: effects.JUMP,
    Code.JMP_REL32_64: effects.JUMP,
    **{getattr(Code, f"{name.upper()}_REL8_64"): effects.BRANCH for name in _CONDITIONAL_JUMPS.split()},
    **{getattr(Code, f"{name.upper()}_REL32_64"): effects.BRANCH for name in _CONDITIONAL_JUMPS.split()},
    Code.JRCXZ_REL8_64: effects.BRANCH,
    Code.RETNQ: effects.RETURN,
    Code.UD2: effects.TRAP,
    Code.CALL_RM64: effects.TABLE_CALL,
    Code.JMP_RM64: effects.TABLE_JUMP,
}
"""Forms that move rsp or rip.  The last two are accepted only as ends of a shape (C2, C3)."""

_NARROW: Final = ("S1", "pushes and pops are 64-bit")
_ALIAS: Final = ("D5", "an undocumented alias of another encoding")

_ALIASES: Final = (
    *("TEST_RM8_IMM8_F6R1", "TEST_RM16_IMM16_F7R1", "TEST_RM32_IMM32_F7R1", "TEST_RM64_IMM32_F7R1"),
    *(f"LFENCE_E{digit}" for digit in "9ABCDEF"),
    *(f"MFENCE_F{digit}" for digit in "1234567"),
    *(f"SFENCE_F{digit}" for digit in "9ABCDEF"),
    *(f"PREFETCHRESERVED{digit}_M8" for digit in "34567"),
)

_IGNORED_W: Final = (
    *("MOVMSKPS_R64_XMM", "MOVMSKPD_R64_XMM", "PMOVMSKB_R64_XMM", "PEXTRW_R64_XMM_IMM8"),
    *("PEXTRB_R64M8_XMM_IMM8", "PEXTRW_R64M16_XMM_IMM8", "EXTRACTPS_R64M32_XMM_IMM8"),
    *("PINSRB_XMM_R64M8_IMM8", "PINSRW_XMM_R64M16_IMM8"),
    *("VEX_VMOVMSKPS_R64_XMM", "VEX_VMOVMSKPS_R64_YMM", "VEX_VMOVMSKPD_R64_XMM", "VEX_VMOVMSKPD_R64_YMM"),
    *("VEX_VPMOVMSKB_R64_XMM", "VEX_VPMOVMSKB_R64_YMM"),
    *("EVEX_VMOVW_R64M16_XMM", "EVEX_VMOVW_XMM_R64M16"),
    *(
        f"{encoding}_{name}"
        for encoding in ("VEX", "EVEX")
        for name in (
            *("VPEXTRB_R64M8_XMM_IMM8", "VPEXTRW_R64M16_XMM_IMM8", "VPEXTRW_R64_XMM_IMM8"),
            *("VEXTRACTPS_R64M32_XMM_IMM8", "VPINSRB_XMM_XMM_R64M8_IMM8", "VPINSRW_XMM_XMM_R64M16_IMM8"),
        )
    ),
)
"""W = 1 names a 64-bit register of which no more bits matter than with W = 0: decoders disagree about its width."""

REFUSED_FORMS: Final[dict[int, tuple[str, str]]] = {
    **dict.fromkeys((Code.PUSH_R16, Code.POP_R16, Code.PUSH_IMM16, Code.PUSHW_IMM8), _NARROW),
    **dict.fromkeys((Code.PUSH_RM16, Code.POP_RM16), _NARROW),
    **dict.fromkeys((Code.PUSH_RM64, Code.POP_RM64), ("M7", "push or pop of a memory operand")),
    **dict.fromkeys((getattr(Code, name) for name in _ALIASES), _ALIAS),
    **dict.fromkeys((getattr(Code, name) for name in _IGNORED_W), ("D4", "W = 1 without effect")),
    **dict.fromkeys((Code.MOVSXD_R16_RM16, Code.MOVSXD_R32_RM32), ("D5", "an extension that extends nothing")),
}
"""Forms refused for a reason that deserves its own name."""

BIT_STRING_FORMS: Final = frozenset(
    getattr(Code, f"{name}_RM{width}_R{width}") for name in ("BT", "BTS", "BTR", "BTC") for width in (16, 32, 64)
)
"""M4: with a memory operand, the register is a bit offset from it, and reaches anywhere."""

_ENCODINGS: Final = frozenset({EncodingKind.LEGACY, EncodingKind.VEX, EncodingKind.EVEX})

_LISTED: Final = frozenset(getattr(Mnemonic, name.upper()) for group in MNEMONICS.values() for name in group.split())

_PREFIX_OF: Final = {
    MandatoryPrefix.NONE: 0,
    MandatoryPrefix.PNP: 0,
    MandatoryPrefix.P66: 0x66,
    MandatoryPrefix.PF3: 0xF3,
    MandatoryPrefix.PF2: 0xF2,
}


class Form:
    """What is true of every instruction of one form, whatever its registers and addresses.

    ``refusal`` is the rule and reason, or ``None`` for a listed form; ``effect`` is the form's kind
    in ``effects``; ``mandatory`` is the prefix byte that belongs to the opcode, or 0.  ``ignores_rounding`` says
    that the form may name a rounding mode, and never rounds.  ``operands`` are the
    indices of the operands, ``memory_operand`` that of the one which may be in memory, or -1.
    """

    __slots__ = (
        *("allows_66", "allows_lock", "effect", "ignores_rounding", "is_legacy"),
        *("mandatory", "memory_operand", "operands", "refusal"),
    )

    def __init__(self, code: CodeNumber) -> None:
        """Derive the facts of ``code``."""
        information = OpCodeInfo(code)
        self.refusal = _refusal(code, information)
        self.effect = CONTROL_FORMS.get(code, effects.NONE)
        self.is_legacy = information.encoding == EncodingKind.LEGACY
        self.mandatory = _PREFIX_OF[information.mandatory_prefix] if self.is_legacy else 0
        self.allows_66 = self.mandatory == 0x66 or (self.is_legacy and information.operand_size == 16)
        self.allows_lock = information.can_use_lock_prefix
        self.ignores_rounding = information.ignores_rounding_control
        kinds = information.op_kinds()
        self.operands = range(len(kinds))
        self.memory_operand = next((index for index, kind in enumerate(kinds) if kind in MEMORY_KINDS), -1)


def _refusal(code: CodeNumber, information: OpCodeInfo) -> tuple[str, str] | None:  # noqa: PLR0911 - one reason a line
    named = REFUSED_FORMS.get(code)
    if named is not None:
        return named
    if code in CONTROL_FORMS:
        return None
    if information.mnemonic == Mnemonic.NOP:
        return "D6", "not one of the listed NOPs"
    kinds = frozenset(information.op_kinds())
    if kinds & IMPLICIT_MEMORY:
        return "M5", "addresses memory through an implicit register"
    if kinds & VECTOR_INDEX:
        return "M6", "gathers and scatters have 64-bit indices"
    if information.mnemonic not in _LISTED:
        return "D5", "not on the allow-list"
    if not kinds <= OPERAND_KINDS or information.encoding not in _ENCODINGS:
        return "D5", "this form is not on the allow-list"
    if not (information.amd_decoder64 and information.intel_decoder64):
        return "D5", "not every 64-bit processor reads this form alike"
    return None


_forms: Final[dict[int, Form]] = {}


def form_of(code: CodeNumber) -> Form:
    """The facts of one form, computed at its first use; at most one record for each of some 5,000 forms."""
    form = _forms.get(code)
    if form is None:
        form = _forms[code] = Form(code)
    return form


_widths: Final[dict[int, int]] = {}


def width_of(memory_size: MemorySizeNumber) -> int:
    """Bytes that a memory operand of this kind covers, 0 if the decoder does not know."""
    width = _widths.get(memory_size)
    if width is None:
        width = _widths[memory_size] = int(MemorySizeInfo(memory_size).size)
    return width
