"""A second specification of single instructions, written from docs/spec alone.

It shares nothing with the verifier: no import, no decoder library, and another structure.  The
verifier asks a decoder what the bytes mean, encodes that again, and compares; this file asks of every bit of the
encoding whether the pages allow it.  It is slow and simple on purpose, and collects *all* rules that an
instruction breaks, where the verifier may stop at the first.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from enumeration.listing import Form, Operand, forms
from enumeration.reading import Fields, TooShortError, read_modrm, read_to_opcode

NOPS = {
    bytes.fromhex(text)
    for text in (
        *("90", "6690", "0f1f00", "0f1f4000", "0f1f440000", "660f1f440000", "0f1f8000000000"),
        *("0f1f840000000000", "660f1f840000000000"),
    )
}
PREFIX_RANK = {0x65: 0, 0x67: 1, 0x66: 2, 0xF0: 3, 0xF2: 3, 0xF3: 3}
GENERAL = frozenset(("r8", "r16", "r32", "r64"))
VECTOR = frozenset(("x", "y", "z"))
RSP, R10, NONE = 4, 10, -1
WIDEST = 512
IMMEDIATES = {
    **{"imm8": 1, "imm16": 2, "imm32": 4, "imm64": 8},
    **{"imm8s": 1, "imm32s": 4, "rel8": 1, "rel32": 4},
}
MOVES_RSP = {("add", 0): -1, ("sub", 5): 1}
UNLISTED = frozenset(("D1", "D5"))


@dataclass
class Address:
    """A memory operand: numbers of registers or ``NONE``; ``scale`` is a factor."""

    base: int = NONE
    index: int = NONE
    scale: int = 1
    displacement: int = 0
    relative: bool = False


@dataclass
class Judgement:
    """``broken`` rules: none, and it is accepted; several, and any of them is the right one to name.

    ``effect`` is what an accepted instruction does to the stack and to control.
    """

    broken: set[str] = field(default_factory=set)
    form: Form | None = None
    fields: Fields | None = None
    length: int = 0
    address: Address | None = None
    immediates: list[int] = field(default_factory=list)
    effect: tuple[str, int, int] = ("plain", 0, 0)


_candidates: dict[tuple[str, str, int], list[Form]] = defaultdict(list)
for _form in forms():
    for _low in range(8 if _form.in_opcode else 1):
        _candidates[_form.space, _form.opcode_map, _form.opcode | _low].append(_form)


def judge(code: bytes, reaches_blocks: bool = False) -> Judgement:
    """What the pages say about the instruction with which ``code`` begins; nothing is behind ``code``.

    In a program that reaches blocks, they say of 64 in the place of 65 what they say of 65.
    """
    if reaches_blocks and code[:1] == b"\x64":
        code = b"\x65" + code[1:]
    for length in range(1, 10):
        if code[:length] in NOPS:
            return Judgement(length=length)
    judgement = Judgement()
    try:
        fields = judgement.fields = read_to_opcode(code)
        ranks = [PREFIX_RANK.get(prefix, NONE) for prefix in fields.prefixes]
        if fields.late_prefix or NONE in ranks or ranks != sorted(set(ranks)):
            judgement.broken = {"D3"}
            return judgement
        _judge_instruction(judgement, fields)
    except TooShortError:
        judgement.broken = {"D1"}
    return judgement


def _judge_instruction(judgement: Judgement, fields: Fields) -> None:
    candidates = _candidates.get((fields.space, fields.opcode_map or "?", fields.opcode), [])
    if fields.opcode_map == "":
        candidates = _candidates.get((fields.space, "", fields.opcode), [])
    if any(form.modrm for form in candidates):
        read_modrm(fields)
    form = next((form for form in candidates if _matches(form, fields)), None)
    if form is None:
        judgement.broken = _why_not(fields)
        # What the bytes would be if the wrong field were right: rather the form with this prefix than another.
        near = sorted(candidates, key=lambda form: form.prefix != fields.pp)
        form = next((form for form in near if _has_modrm(form, fields)), None)
        if form is None:
            return
    judgement.form = form
    has_memory = fields.mod != 3
    if has_memory:
        judgement.address = _address(fields, form)
    for operand in form.operands:
        if operand.kind in IMMEDIATES:
            judgement.immediates.append(fields.take(IMMEDIATES[operand.kind]))
        elif operand.place == "is4":
            judgement.immediates.append(fields.take(1, signed=False))
    judgement.length = fields.at
    broken = judgement.broken
    broken |= _prefixes(form, fields, has_memory)
    broken |= _one_encoding(judgement, form, fields)
    broken |= _stack_pointer(judgement, form, fields)
    if judgement.address is not None:
        broken |= _memory(judgement, form, fields, judgement.address)
    elif form.attributes & {"table-call", "table-jump"}:
        broken.add("C2")
    elif judgement.effect[0] == "plain":
        judgement.effect = _control(judgement, form)


def _matches(form: Form, fields: Fields) -> bool:
    """Whether a form has this prefix, size, and ModRM."""
    has_66, repeat = 0x66 in fields.prefixes, {0xF2: "F2", 0xF3: "F3"}
    mandatory = next((repeat[prefix] for prefix in fields.prefixes if prefix in repeat), "")
    if form.space:
        same = form.prefix == fields.pp and _has_length(form, fields)
    elif form.prefix in ("NP", "66"):
        same = mandatory == "" and has_66 == (form.prefix == "66")
    else:
        same = mandatory == form.prefix and has_66 == (form.size == 16)
    return same and form.wide == bool(fields.w) and _has_modrm(form, fields)


def _has_length(form: Form, fields: Fields) -> bool:
    if fields.special and fields.mod == 3 and form.attributes & {"er", "sae"}:
        return form.size in (0, 512)
    return form.length == fields.length


def _has_modrm(form: Form, fields: Fields) -> bool:
    if len(form.modrm) == 2:
        return int(form.modrm, 16) == fields.modrm
    if form.modrm.isdigit() and int(form.modrm) != fields.reg:
        return False
    for operand in form.operands:
        if operand.place == "rm":
            return operand.width is not None if fields.mod != 3 else operand.kind != "m"
    return True


def _why_not(fields: Fields) -> set[str]:
    """No form is like this: D1 or D5, or the rule that the page names, or a prefix or bit that makes it another."""
    why = set(UNLISTED) | {"D4"}
    opcode, space, opcode_map = fields.opcode, fields.space, fields.opcode_map
    if not space and {0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3} & set(fields.prefixes):
        why.add("D3")
    if space and ({0x66, 0xF0, 0xF2, 0xF3} & set(fields.prefixes) or fields.rex is not None):
        why.add("D3")
    if not space and opcode_map == "":
        if opcode in (*range(0x6C, 0x70), *range(0xA4, 0xA8), *range(0xAA, 0xB0), 0xD7):
            why = {"M5"}
        if opcode in (0x8F, 0xFF):
            why |= {"M7", "S1"}
        if 0x66 in fields.prefixes and (opcode in (0x68, 0x6A) or opcode & 0xF0 == 0x50):
            why.add("S1")
        if opcode == 0x90:
            why.add("D6")
        if 0xF0 in fields.prefixes:
            why.add("D1")
    if opcode_map == "0F" and opcode == 0xF7:
        why.add("M5")
    if not space and opcode_map == "0F" and opcode in (0x0D, *range(0x18, 0x20)):
        why.add("D6")
    if space and opcode_map == "0F38" and opcode in (*range(0x90, 0x94), *range(0xA0, 0xA4), 0xC6, 0xC7):
        why.add("M6")
    return why


def _address(fields: Fields, form: Form) -> Address:
    """Base, index, scale and displacement of ModRM's memory operand."""
    address = Address(base=fields.rm | fields.b << 3)
    if fields.sib >= 0:
        scale, index, base = fields.sib >> 6, fields.sib >> 3 & 7, fields.sib & 7
        address.scale = 1 << scale
        address.index = NONE if index == RSP and not fields.x else index | fields.x << 3
        address.base = NONE if base == 5 and fields.mod == 0 else base | fields.b << 3
    elif fields.rm == 5 and fields.mod == 0:
        address.base, address.relative = NONE, True
    fields.at_displacement = fields.at
    if fields.mod == 1:
        address.displacement = fields.take(1) * _displacement_unit(fields, form)
    elif fields.mod == 2 or address.base == NONE:
        address.displacement = fields.take(4)
    fields.displacement_size = fields.at - fields.at_displacement
    return address


def memory_bits(fields: Fields, form: Form) -> int:
    """Width of the access."""
    operand = next(operand for operand in form.operands if operand.width is not None)
    return operand.repeated if fields.special else operand.width or 0


def _displacement_unit(fields: Fields, form: Form) -> int:
    if form.space != "EVEX":
        return 1
    named = next((int(name[1:]) for name in form.attributes if name[0] == "n" and name[1:].isdigit()), 0)
    return named or max(1, memory_bits(fields, form) // 8)


def _prefixes(form: Form, fields: Fields, has_memory: bool) -> set[str]:
    """D3, as far as the form decides about it."""
    broken = set()
    if {0x65, 0x67} & set(fields.prefixes) and not has_memory:
        broken.add("D3")
    if form.mnemonic == "jrcxz" and 0x67 in fields.prefixes:
        broken.add("D5")
    if 0xF0 in fields.prefixes and not ("lock" in form.attributes and has_memory):
        broken |= {"D1", "D3"}
    if form.space and ({0x66, 0xF0, 0xF2, 0xF3} & set(fields.prefixes) or fields.rex is not None):
        broken |= {"D1", "D3"}
    return broken


def number_of(operand: Operand, fields: Fields) -> int:
    """The register that an operand names, if it is not in memory."""
    if operand.place == "reg":
        return fields.reg if operand.kind == "k" else fields.reg | fields.r << 3 | fields.r2 << 4
    if operand.place == "rm":
        high = fields.x << 4 if fields.space == "EVEX" and operand.kind in VECTOR else 0
        return fields.rm if operand.kind == "k" else fields.rm | fields.b << 3 | high
    if operand.place == "op":
        return fields.opcode & 7 | fields.b << 3
    return fields.vvvv | fields.v2 << 4


def _one_encoding(judgement: Judgement, form: Form, fields: Fields) -> set[str]:
    """D4, bit by bit; where the bit makes processors raise an exception, D1 names it, too."""
    wrong = _extension_bits(judgement, form, fields) or _registers(form, fields) or _address_bits(judgement, fields)
    if form.modrm == "r" and not any(operand.place == "reg" for operand in form.operands):
        wrong = wrong or fields.reg != 0
    if form.space == "VEX":
        wrong = wrong or (
            fields.vex_bytes == 3 and not (fields.x or fields.b or fields.w) and fields.opcode_map == "0F"
        )
    elif form.space == "EVEX":
        wrong = wrong or _evex_bits(form, fields)
    else:
        wrong = wrong or _rex(form, fields)
    if any(operand.place == "is4" for operand in form.operands):
        wrong = wrong or judgement.immediates[-1] & 15 != 0
    if "not-rax" in form.attributes and number_of(form.operands[0], fields) == 0:
        return {"D6", "D4"}
    return {"D1", "D4"} if wrong else set()


def _extension_bits(judgement: Judgement, form: Form, fields: Fields) -> bool:
    """R, X, B and their second halves are 0 where no operand uses them."""
    uses = set()
    for operand in form.operands:
        if operand.place == "rm" and judgement.address is not None:
            continue
        if operand.kind in GENERAL or operand.kind in VECTOR:
            uses.add({"reg": "r", "rm": "b", "op": "b", "vvvv": "v", "is4": "4"}[operand.place])
        if operand.kind in VECTOR and form.space == "EVEX":
            uses.add({"reg": "r2", "rm": "x", "vvvv": "v2"}[operand.place])
        if operand.kind == "k" and operand.place == "vvvv":
            uses.add("v")
    if judgement.address is not None:
        uses |= {"b"} if judgement.address.base != NONE else set()
        uses |= {"x"} if judgement.address.index != NONE else set()
    bits = {"r": fields.r, "x": fields.x, "b": fields.b, "r2": fields.r2, "v2": fields.v2, "v": fields.vvvv}
    return any(value for name, value in bits.items() if name not in uses)


def _registers(form: Form, fields: Fields) -> bool:
    """Mask registers have three bits; ``distinct`` operands differ."""
    registers = [
        operand
        for operand in form.operands
        if operand.place in ("reg", "vvvv") or (operand.place == "rm" and fields.mod == 3)
    ]
    if any(operand.kind == "k" and number_of(operand, fields) > 7 for operand in registers):
        return True
    first, *others = [number_of(operand, fields) for operand in registers] or [NONE]
    return "distinct" in form.attributes and first in others


def _address_bits(judgement: Judgement, fields: Fields) -> bool:
    """SIB only where it is needed; no scale without an index."""
    address = judgement.address
    if address is None or fields.sib < 0:
        return False
    needed = address.index != NONE or address.base in (NONE, 4, 12)
    return not needed or (address.index == NONE and address.scale != 1)


def _evex_bits(form: Form, fields: Fields) -> bool:
    """z, b, aaa, and what is reserved."""
    memory, attributes = fields.mod != 3, form.attributes
    first_in_memory = memory and form.operands[0].place == "rm"
    zeroing = not fields.zeroing or ("z" in attributes and fields.mask and not first_in_memory)
    masked = "k" in attributes if fields.mask else "k!" not in attributes
    masked = masked or ("k!" in attributes and bool(fields.mask))
    if not fields.special:
        special = True
    elif memory:
        special = any(operand.repeated for operand in form.operands)
    else:
        special = "er" in attributes or ("sae" in attributes and fields.length == 0)
    return fields.reserved or not (zeroing and masked and special)


def _rex(form: Form, fields: Fields) -> bool:
    """REX is there exactly if it means something."""
    if fields.rex is None:
        return False
    low_byte = any(
        operand.kind == "r8"
        and 4 <= number_of(operand, fields) < 8
        and (operand.place != "rm" or fields.mod == 3)
        and operand.place
        for operand in form.operands
    )
    return fields.rex == 0x40 and not low_byte


def _stack_pointer(judgement: Judgement, form: Form, fields: Fields) -> set[str]:
    """S1 and S2: rsp in register operands."""
    named = [operand for operand in form.operands if operand.kind in GENERAL and _is_stack_pointer(operand, fields)]
    if not named or "address" in form.attributes:
        return set()
    growth = MOVES_RSP.get((form.mnemonic, fields.reg))
    if fields.mod == 3 and form.size == 64 and len(form.modrm) == 1 and form.modrm.isdigit() and growth is not None:
        return _adjust(judgement, growth * judgement.immediates[0])
    return {"S2"}


def _is_stack_pointer(operand: Operand, fields: Fields) -> bool:
    if operand.place == "rm" and fields.mod != 3:
        return False
    high_byte = operand.kind == "r8" and fields.rex is None and not fields.space
    return number_of(operand, fields) == RSP and not high_byte


def _adjust(judgement: Judgement, growth: int) -> set[str]:
    judgement.effect = ("adjust", growth, 0)
    return {"S1"} if growth % 8 else set()


def _memory(judgement: Judgement, form: Form, fields: Fields, address: Address) -> set[str]:
    """M1 to M8: where the operand may be."""
    gs, address_size = 0x65 in fields.prefixes, 0x67 in fields.prefixes
    transfer = bool(form.attributes & {"table-call", "table-jump"})
    broken = set()
    if address.relative:
        broken.add("M3")
    if "address" in form.attributes:
        return broken | _lea(judgement, fields, address, gs or address_size)
    if "bit-string" in form.attributes:
        broken.add("M4")
    width = memory_bits(fields, form)
    if not 0 < width <= WIDEST:
        broken |= {"M1", "M2"}
    if gs or address_size:
        if not (gs and address_size) or address.base == RSP:
            broken.add("M1")
        return broken | ({"M7"} if transfer else set())
    if address.base == RSP:
        judgement.effect = ("access", address.displacement, width // 8)
        return broken | ({"M7"} if transfer else set()) | ({"M2"} if address.index != NONE else set())
    return broken | _table(judgement, form, address, transfer)


def _lea(judgement: Judgement, fields: Fields, address: Address, prefixed: bool) -> set[str]:
    """M1's exception."""
    broken = {"M1"} if prefixed else set()
    form = judgement.form
    assert form is not None
    to_rsp = number_of(form.operands[0], fields) == RSP
    if to_rsp and form.size == 64 and address.base == RSP and address.index == NONE:
        return broken | _adjust(judgement, -address.displacement)
    return broken | ({"S2"} if to_rsp or address.base == RSP else set())


def _table(judgement: Judgement, form: Form, address: Address, transfer: bool) -> set[str]:
    """M8: the operands of shapes."""
    if address.base == R10 and address.index == NONE:
        if form.mnemonic == "cmp" and form.size == 32 and form.modrm == "7":
            judgement.effect = ("compare", address.displacement, judgement.immediates[0] & 0xFFFFFFFF)
            return set()
        if transfer:
            judgement.effect = (next(iter(form.attributes)), address.displacement, 0)
            return set()
    if "table-jump" in form.attributes and address.base == NONE and address.index != NONE and address.scale == 8:
        judgement.effect = ("index-jump", address.index, address.displacement)
        return set()
    return {"M7"} if transfer else {"M1"}


def _control(judgement: Judgement, form: Form) -> tuple[str, int, int]:
    """S1 and C1: what the attributes say."""
    for name in ("push", "pop", "return", "trap"):
        if name in form.attributes:
            return (name, 0, 0)
    for name in ("call", "jump", "branch"):
        if name in form.attributes:
            return (name, judgement.immediates[0], 0)
    return ("plain", 0, 0)
