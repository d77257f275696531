"""What the C code is told about a form: the initialiser of its ``struct form``.  For ``generate_forms``."""

from __future__ import annotations

from collections.abc import Iterator

from form_candidates import Candidate

IMMEDIATES = {
    **dict.fromkeys(("IMM8", "IMM8SEX16", "IMM8SEX32", "IMM8SEX64", "BR64_1"), 1),
    **dict.fromkeys(("IMM16", "BR16_2", "XBEGIN_2", "BRDISP_2"), 2),
    **dict.fromkeys(("IMM32", "IMM32SEX64", "BR64_4", "XBEGIN_4", "BRDISP_4"), 4),
    **dict.fromkeys(("IMM64", "MEM_OFFS"), 8),
    **dict.fromkeys(("XMM_IS4", "YMM_IS4", "XMM_IS5", "YMM_IS5"), 1),
}
"""Bytes behind the memory operand; the other kinds take none.  (Four bits of immediate share the byte of is5.)"""


def row(candidate: Candidate, is_register: bool) -> str:
    """The initialiser of ``struct form`` for a form, whose ModRM operand is a register or not."""
    fields = {
        "refusal": f"MOTTE_RULE_{candidate.form.refusal[0]}" if candidate.form.refusal else "MOTTE_RULE_NONE",
        "effect": _effect(candidate),
        "trait": _trait(candidate),
        "immediate_size": sum(IMMEDIATES.get(kind, 0) for kind in candidate.kinds),
        **{part: candidate.field(part) or "FIELD_NONE" for part in ("reg", "rm", "vvvv", "opcode")},
        **_memory(candidate),
        "flags": " | ".join(_flags(candidate, is_register)) or "0",
    }
    return "{" + ", ".join(f".{name} = {value}" for name, value in fields.items()) + "}"


def _effect(candidate: Candidate) -> str:
    from motte.verifier import effects

    names = {value: name for name, value in vars(effects).items() if isinstance(value, int)}
    return f"EFFECT_{names[candidate.form.effect]}"


def _trait(candidate: Candidate) -> str:
    from iced_x86 import Code

    from motte.verifier.allowlist import BIT_STRING_FORMS
    from motte.verifier.operands import ADDRESS_COMPUTATIONS, ADJUSTMENTS, CLASS_COMPARISONS

    if candidate.code in ADJUSTMENTS:
        return "TRAIT_ADD" if ADJUSTMENTS[candidate.code] < 0 else "TRAIT_SUBTRACT"
    for codes, trait in (
        (ADDRESS_COMPUTATIONS, "TRAIT_ADDRESS"),
        (CLASS_COMPARISONS, "TRAIT_COMPARISON"),
        (BIT_STRING_FORMS, "TRAIT_BIT_STRING"),
        ({Code.JRCXZ_REL8_64}, "TRAIT_COUNT_JUMP"),
    ):
        if candidate.code in codes:
            return trait
    return "TRAIT_NONE"


def _memory(candidate: Candidate) -> dict[str, int]:
    """Widths of the access in bytes, and the logarithms of what an EVEX disp8 counts, without and with broadcast."""
    from iced_x86 import TupleType

    from motte.abi.layout import WIDEST_ACCESS
    from motte.verifier.allowlist import width_of

    facts = candidate.facts
    width = broadcast = 0
    if candidate.form.memory_operand >= 0 and candidate.form.refusal is None and _trait(candidate) != "TRAIT_ADDRESS":
        width = width_of(facts.memory_size)
        broadcast = width_of(facts.broadcast_memory_size) if facts.can_broadcast else 0
        assert 0 < width <= WIDEST_ACCESS, f"{candidate.name} is listed, and its width is not known"
        assert broadcast > 0 or not facts.can_broadcast, f"{candidate.name} is listed, and its width is not known"
    names = {value: name for name, value in vars(TupleType).items() if name.isupper()}
    whole, _, element = names[facts.tuple_type].removeprefix("N").partition("B")
    return {
        "width": width,
        "broadcast_width": broadcast,
        "unit_log2": int(whole).bit_length() - 1,
        "broadcast_unit_log2": int(element or 1).bit_length() - 1,
    }


def _flags(candidate: Candidate, is_register: bool) -> Iterator[str]:
    facts, form = candidate.facts, candidate.form
    stores = not is_register and "_OR_MEM" in candidate.kinds[0] if candidate.kinds else False
    for flag, holds in (
        ("FORM_ALLOWS_66", form.allows_66),
        ("FORM_NEEDS_F3", form.mandatory == 0xF3),
        ("FORM_NEEDS_F2", form.mandatory == 0xF2),
        ("FORM_LOCKABLE", form.allows_lock),
        ("FORM_USES_W", candidate.uses_w),
        ("FORM_IGNORES_LENGTH", not candidate.is_legacy and facts.is_lig),
        ("FORM_REGISTER_IN_IMMEDIATE", any(kind.endswith("_IS4") for kind in candidate.kinds)),
        ("FORM_MASKABLE", facts.can_use_op_mask_register),
        ("FORM_NEEDS_MASK", facts.require_op_mask_register),
        ("FORM_ZEROABLE", facts.can_use_zeroing_masking and not stores),
        ("FORM_BROADCASTS", facts.can_broadcast),
        ("FORM_ROUNDS", facts.can_use_rounding_control),
        ("FORM_SUPPRESSES_EXCEPTIONS", facts.can_suppress_all_exceptions),
        ("FORM_ABSOLUTE_OFFSET", "MEM_OFFS" in candidate.kinds),
        ("FORM_IGNORES_REG", candidate.has_modrm and candidate.reg is None and not candidate.field("reg")),
        ("FORM_NEEDS_OWN_DESTINATION", facts.requires_unique_dest_reg_num),
        ("FORM_IGNORES_ROUNDING", facts.ignores_rounding_control),
    ):
        if holds:
            yield flag
