"""Writes forms_table.h: ``python generate_forms.py SOURCE_ROOT OUTPUT``.

Which instructions exist, and what each of them is, is stated once, in ``motte.verifier`` (``mnemonics``,
``allowlist``) and in the decoder library that it builds on.  Here that becomes a table: for each *opcode* of each
map, the *form* that a choice of prefixes, W, vector length and ModRM selects.  Forms that are refused are in it, too,
with the rule they break; a choice without a form does not decode.

The table says what a form *is*; whether an instruction uses its bits as it must is decided by the C code alone.

The choice is an index into a dense array of cells, the sum of one coordinate times one stride for each dimension;
a dimension that makes no difference to an opcode has stride 0 there, and takes no room.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

PREFIXES = ((0, 0), (0x66, 0), (0, 0xF3), (0, 0xF2), (0x66, 0xF3), (0x66, 0xF2))
"""Coordinates of the first dimension: whether 66 is there, and which of f3 and f2."""

DIMENSIONS = (len(PREFIXES), 2, 4, 2, 8, 8)
"""Prefixes; W; vector length; whether ModRM names a register (mod = 3); its reg field; its rm field."""

Cell = tuple[int, int, int, int, int, int]


def import_motte(source_root: str) -> None:
    """Give ``motte`` to the import system as a bare folder: the package itself needs the core."""
    package = ModuleType("motte")
    package.__path__ = [str(Path(source_root) / "src" / "motte")]
    sys.modules["motte"] = package


class Candidate:
    """One form of the decoder library, and where in the opcode maps it stands."""

    def __init__(self, name: str, code: Any) -> None:
        """Read the facts about ``code``."""
        from iced_x86 import EncodingKind, OpCodeInfo
        from iced_x86 import OpCodeOperandKind as Kind

        from motte.verifier.allowlist import form_of

        self.name, self.code = name, code
        self.facts = facts = OpCodeInfo(code)
        self.form = form_of(code)
        kind_names = {value: kind for kind, value in vars(Kind).items() if kind.isupper()}
        self.kinds = [kind_names[kind] for kind in facts.op_kinds()]
        self.is_legacy = facts.encoding in (EncodingKind.LEGACY, EncodingKind.D3NOW)
        fixed = facts.op_code_len == 2
        self.opcode = facts.op_code >> 8 if fixed else facts.op_code
        modrm = facts.op_code & 0xFF
        self.reg: int | None = modrm >> 3 & 7 if fixed else (facts.group_index if facts.is_group else None)
        self.rm: int | None = facts.rm_group_index if facts.is_rm_group else None
        if fixed and "STI_OPCODE" not in self.kinds:
            self.rm = modrm & 7
        self.in_register = fixed or any(kind.endswith(("_RM", "_RM_MPX")) or "_OR_MEM" in kind for kind in self.kinds)
        self.in_memory = any("MEM" in kind and kind not in ("MEM_OFFS", "R16_REG_MEM") for kind in self.kinds)
        if not self.in_register and not self.in_memory:
            self.in_register = self.in_memory = True
        self.has_modrm = (
            fixed or facts.is_group or facts.is_rm_group or any(self.field(part) for part in ("reg", "rm", "memory"))
        )

    def field(self, part: str) -> str | None:
        """The kind of register that a field of the encoding names, or ``None`` if it names none."""
        endings = {
            "reg": ("_REG", "_REG_MEM"),
            "rm": ("_RM", "_OR_MEM", "_OR_MEM_MPX"),
            "vvvv": ("_VVVV",),
            "opcode": ("_OPCODE",),
            "memory": ("MEM", "MEM_MPX", "MEM_MIB", "SIBMEM", "32X", "64X", "32Y", "64Y", "32Z", "64Z"),
        }[part]
        for kind in self.kinds:
            if kind.endswith(endings) and kind != "STI_OPCODE":
                return _register_kind(kind)
        return None

    @property
    def is_size_free(self) -> bool:
        """Whether neither 66 nor W can change the operand size."""
        return bool(self.facts.force_op_size64 or self.facts.intel_force_op_size64)

    @property
    def uses_w(self) -> bool:
        """Whether W must be set where the form has it, and not merely may be."""
        if self.is_legacy:
            return self.facts.operand_size == 64 and not self.facts.default_op_size64 and not self.is_size_free
        return not self.facts.is_wig


def _register_kind(kind: str) -> str:
    width = kind.split("_", maxsplit=1)[0]
    if width == "R8":
        return "FIELD_BYTE"
    if width in ("R16", "R32", "R64"):
        return "FIELD_GENERAL"
    if width in ("XMM", "YMM", "ZMM", "XMMP3", "ZMMP3"):
        return "FIELD_VECTOR"
    return "FIELD_MASK" if width in ("K", "KP1") else "FIELD_OTHER"


# --- which form a choice selects ------------------------------------------------------------------------------


def select(candidates: list[Candidate], cell: Cell) -> Candidate | None:
    """The form that an opcode's ``candidates`` have at ``cell``."""
    prefixes, w, length, is_register, reg, rm = cell
    pool = [
        candidate
        for candidate in candidates
        if (candidate.in_register if is_register else candidate.in_memory)
        and candidate.reg in (None, reg)
        and candidate.rm in (None, rm)
    ]
    # What was reserved before it got a name is what it was named.
    pool = [each for each in pool if not each.facts.is_reserved_nop] or pool
    has_66, repeat = PREFIXES[prefixes]
    if candidates[0].is_legacy:
        return _by_size(_by_prefix(pool, repeat or has_66), bool(has_66), bool(w))
    if prefixes >= 4:
        return None
    return _only([each for each in pool if _vector_fits(each, repeat or has_66, w, length)])


def _mandatory(candidate: Candidate) -> int | None:
    """The prefix byte that belongs to the opcode, 0 for "no prefix at all", ``None`` for "whatever there is"."""
    from iced_x86 import MandatoryPrefix

    return {
        MandatoryPrefix.NONE: None,
        MandatoryPrefix.PNP: 0,
        MandatoryPrefix.P66: 0x66,
        MandatoryPrefix.PF3: 0xF3,
        MandatoryPrefix.PF2: 0xF2,
    }[candidate.facts.mandatory_prefix]


def _by_prefix(pool: list[Candidate], prefix: int) -> list[Candidate]:
    exact = [candidate for candidate in pool if _mandatory(candidate) == prefix]
    repeats = prefix in (0xF3, 0xF2)
    return exact or [each for each in pool if _mandatory(each) is None and not (repeats and each.facts.nfx)]


def _by_size(pool: list[Candidate], has_66: bool, w: bool) -> Candidate | None:
    """W wins over 66; what has no size fits any; what has one size only keeps it."""
    wanted = (64, 0, 32) if w else (16, 0, 32, 64) if has_66 else (32, 0, 64)
    for size in wanted:
        fitting = [candidate for candidate in pool if candidate.facts.operand_size == size]
        if size == 64 and not w:
            fitting = [each for each in fitting if each.facts.default_op_size64 or each.is_size_free]
        if fitting:
            return _only(fitting)
    return None


def _vector_fits(candidate: Candidate, prefix: int, w: int, length: int) -> bool:
    facts = candidate.facts
    return (
        (_mandatory(candidate) or 0) == prefix
        and (facts.is_wig or facts.w == w)
        and ((facts.is_lig and length < 3) or facts.l == {0: 0, 1: 1, 2: 2, 3: -1}[length])
    )


def _only(fitting: list[Candidate]) -> Candidate | None:
    """The one form there is."""
    names = [candidate.name for candidate in fitting]
    assert len(fitting) <= 1, f"one choice selects several forms: {names}"
    return fitting[0] if fitting else None


# --- what the C code is told about a form ---------------------------------------------------------------------


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


# --- the table ------------------------------------------------------------------------------------------------


def candidates_by_place() -> dict[str, dict[int, list[Candidate]]]:
    """Every form that 64-bit processors know, by map and opcode."""
    from iced_x86 import Code, EncodingKind, OpCodeTableKind

    encodings = {
        EncodingKind.LEGACY: "LEGACY",
        EncodingKind.VEX: "VEX",
        EncodingKind.EVEX: "EVEX",
        EncodingKind.XOP: "XOP",
    }
    tables = {value: name for name, value in vars(OpCodeTableKind).items() if name.isupper()}
    places: dict[str, dict[int, list[Candidate]]] = {}
    for name, code in vars(Code).items():
        if not name.isupper() or not isinstance(code, int) or name == "INVALID":
            continue
        candidate = Candidate(name, code)
        facts = candidate.facts
        if not (facts.mode64 and facts.intel_decoder64 and facts.is_instruction) or facts.decoder_option:
            continue
        # 9b is an instruction of its own.  Where 67 makes another form of an opcode without ModRM, the decoder knows.
        if facts.fwait or facts.address_size == 32:
            continue
        place = f"{encodings[facts.encoding]}_{tables[facts.table]}" if facts.encoding in encodings else "THREE_D_NOW"
        for opcode in range(candidate.opcode, candidate.opcode + (8 if candidate.field("opcode") else 1)):
            # 90 alone is a NOP and no exchange of rax with itself; what REX.B makes of it, the decoder knows.
            if not (opcode == 0x90 and candidate.field("opcode")):
                places.setdefault(place, {}).setdefault(opcode, []).append(candidate)
    return places


class Table:
    """Forms, cells and opcodes, without repetition."""

    def __init__(self) -> None:
        """Form 0, in cell 0, is what does not decode."""
        self.forms: dict[str, int] = {"{.refusal = MOTTE_RULE_D1}": 0}
        self.cells: list[int] = [0]
        self._known: dict[tuple[int, ...], int] = {(0,): 0}

    def opcode(self, candidates: list[Candidate]) -> str:
        """The initialiser of ``struct opcode``."""
        has_modrm = {candidate.has_modrm for candidate in candidates}
        assert len(has_modrm) == 1, [candidate.name for candidate in candidates]
        used = list(_used_dimensions(candidates))
        chosen = {cell: self._form(candidates, cell) for cell in product(*map(range, used))}
        used = [1 if self._is_idle(chosen, axis) else size for axis, size in enumerate(used)]
        cells = tuple(chosen[cell] for cell in product(*map(range, used)))
        if cells not in self._known:
            self._known[cells] = len(self.cells)
            self.cells.extend(cells)
        strides = [0] * len(used)
        step = 1
        for axis in reversed(range(len(used))):
            strides[axis] = step if used[axis] > 1 else 0
            step *= used[axis]
        text = ", ".join(map(str, strides))
        return f"{{.first_cell = {self._known[cells]}, .strides = {{{text}}}, .has_modrm = {int(has_modrm.pop())}}}"

    def _form(self, candidates: list[Candidate], cell: tuple[int, ...]) -> int:
        prefixes, w, length, is_register, reg, rm = cell
        candidate = select(candidates, (prefixes, w, length, is_register, reg, rm))
        return 0 if candidate is None else self.forms.setdefault(row(candidate, bool(is_register)), len(self.forms))

    @staticmethod
    def _is_idle(chosen: dict[tuple[int, ...], int], axis: int) -> bool:
        return all(form == chosen[(*cell[:axis], 0, *cell[axis + 1 :])] for cell, form in chosen.items())


def _used_dimensions(candidates: Iterable[Candidate]) -> Iterator[int]:
    """Sizes of the dimensions that can matter at all for these forms."""
    legacy = all(candidate.is_legacy for candidate in candidates)
    modrm = any(candidate.has_modrm for candidate in candidates)
    matters = (
        *(True, True, not legacy, modrm),
        any(candidate.reg is not None for candidate in candidates),
        any(candidate.rm is not None for candidate in candidates),
    )
    for size, holds in zip(DIMENSIONS, matters, strict=True):
        yield size if holds else 1


def render() -> str:
    """The header's text, deterministic."""
    table = Table()
    maps = []
    for place, by_opcode in sorted(candidates_by_place().items()):
        rows = [f"    [{opcode:#04x}] = {table.opcode(found)}," for opcode, found in sorted(by_opcode.items())]
        maps += [f"static const struct opcode map_{place.lower()}[256] = {{", *rows, "};"]
    cells = table.cells
    return "\n".join(
        (
            "/* Generated by generate_forms.py: do not edit. */",
            "static const struct form forms[] = {",
            *(f"    {form}," for form in table.forms),
            "};",
            f"static const uint16_t cells[{len(cells)}] = {{",
            *("    " + ", ".join(map(str, cells[at : at + 20])) + "," for at in range(0, len(cells), 20)),
            "};",
            *maps,
            "",
        )
    )


def main(source_root: str, output: str) -> None:
    """Render the table from ``source_root/src/motte`` into the file ``output``."""
    import_motte(source_root)
    Path(output).write_text(render())


if __name__ == "__main__":
    main(*sys.argv[1:])
