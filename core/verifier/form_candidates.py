"""The forms of instructions that the decoder library knows, and which of them a choice of prefixes and fields selects.

For ``generate_forms``; ``motte`` and ``iced_x86`` are imported late, when the script has made them importable.
"""

from __future__ import annotations

from typing import Any

PREFIXES = ((0, 0), (0x66, 0), (0, 0xF3), (0, 0xF2), (0x66, 0xF3), (0x66, 0xF2))
"""Coordinates of the first dimension: whether 66 is there, and which of f3 and f2."""

DIMENSIONS = (len(PREFIXES), 2, 4, 2, 8, 8)
"""Prefixes; W; vector length; whether ModRM names a register (mod = 3); its reg field; its rm field."""

Cell = tuple[int, int, int, int, int, int]


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
