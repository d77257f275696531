"""What an accepted instruction means, operand by operand, in a form in which decoders can be compared."""

from __future__ import annotations

from typing import NamedTuple

from enumeration.listing import Operand
from enumeration.specification import IMMEDIATES, NONE, Address, Judgement, memory_bits, number_of

LOW_EIGHT = {
    "r8": "al cl dl bl spl bpl sil dil",
    "r16": "ax cx dx bx sp bp si di",
    "r32": "eax ecx edx ebx esp ebp esi edi",
    "r64": "rax rcx rdx rbx rsp rbp rsi rdi",
}
SUFFIX = {"r8": "b", "r16": "w", "r32": "d", "r64": ""}
HIGH_BYTES = ("ah", "ch", "dh", "bh")
VECTORS = {"x": "xmm", "y": "ymm", "z": "zmm", "k": "k"}
FIXED = frozenset(("al", "cl", "ax", "eax", "rax"))
ROUNDING = ("rn-sae", "rd-sae", "ru-sae", "rz-sae")


class Memory(NamedTuple):
    """``bits`` of one access or element, ``repeat`` how often a broadcast repeats it, or 0."""

    bits: int
    segment: str
    base: str
    index: str
    scale: int
    displacement: int
    repeat: int


class Immediate(NamedTuple):
    """A number of so many bits; numbers that agree in these are the same."""

    value: int
    bits: int


class Meaning(NamedTuple):
    """``rounding`` is also ``sae``; a decoder that cannot say something leaves it empty."""

    mnemonic: str
    operands: tuple[str | Memory | Immediate, ...]
    mask: str = ""
    zeroing: bool = False
    rounding: str = ""


def register_name(kind: str, number: int, has_rex: bool = True) -> str:
    """``ecx``, ``r9d``, ``xmm17``, ``k3``."""
    if kind in VECTORS:
        return f"{VECTORS[kind]}{number}"
    if kind == "r8" and not has_rex and 4 <= number < 8:
        return HIGH_BYTES[number - 4]
    return LOW_EIGHT[kind].split()[number] if number < 8 else f"r{number}{SUFFIX[kind]}"


def meaning_of(judgement: Judgement) -> Meaning:
    """As the specification reads it."""
    form, fields = judgement.form, judgement.fields
    assert form is not None and fields is not None
    immediates = iter(judgement.immediates)

    def operand(described: Operand) -> str | Memory | Immediate:
        if described.kind in IMMEDIATES:
            return Immediate(next(immediates), 8 * IMMEDIATES[described.kind])
        if described.place == "is4":
            return register_name(described.kind, next(immediates) >> 4)
        if described.kind in FIXED:
            return described.kind
        if described.kind == "1":
            return Immediate(1, 8)
        if described.place == "rm" and judgement.address is not None:
            return _memory(judgement, judgement.address)
        has_rex = fields.rex is not None or bool(form.space)
        return register_name(described.kind, number_of(described, fields), has_rex)

    rounding = ""
    if fields.special and judgement.address is None:
        rounding = ROUNDING[fields.length] if "er" in form.attributes else "sae"
    return Meaning(
        form.mnemonic,
        tuple(map(operand, form.operands)),
        f"k{fields.mask}" if fields.mask else "",
        bool(fields.zeroing),
        rounding,
    )


def _memory(judgement: Judgement, address: Address) -> Memory:
    form, fields = judgement.form, judgement.fields
    assert form is not None and fields is not None
    bits = memory_bits(fields, form)
    whole = next(operand.width or 0 for operand in form.operands if operand.width is not None)
    kind = "r32" if 0x67 in fields.prefixes else "r64"
    return Memory(
        bits,
        "gs" if 0x65 in fields.prefixes else "",
        register_name(kind, address.base) if address.base != NONE else "",
        register_name(kind, address.index) if address.index != NONE else "",
        address.scale,
        address.displacement,
        whole // bits if fields.special else 0,
    )


def difference(expected: Meaning, read: Meaning) -> str:
    """Where two meanings differ, or nothing; ``read`` may leave memory widths 0 that it does not know."""
    if expected.mnemonic != read.mnemonic:
        return f"mnemonic: {expected.mnemonic}, but {read.mnemonic}"
    if len(expected.operands) != len(read.operands):
        return f"operands: {_text(expected)}, but {_text(read)}"
    for ours, theirs in zip(expected.operands, read.operands, strict=True):
        if not _same(ours, theirs):
            return f"operand: {_text(expected)}, but {_text(read)}"
    if expected[2:] != read[2:]:
        return f"decoration: {_text(expected)}, but {_text(read)}"
    return ""


def _same(ours: str | Memory | Immediate, theirs: str | Memory | Immediate) -> bool:
    if isinstance(ours, Immediate) and isinstance(theirs, Immediate):
        return (ours.value - theirs.value) % (1 << ours.bits) == 0
    if isinstance(ours, Memory) and isinstance(theirs, Memory):
        wraps = 1 << 32 if ours.base.startswith("e") or ours.base.endswith("d") or ours.segment else 1 << 64
        return (
            ours._replace(displacement=0) == theirs._replace(displacement=0)
            and (ours.displacement - theirs.displacement) % wraps == 0
        )
    return ours == theirs


def _text(meaning: Meaning) -> str:
    operands = ", ".join(
        operand
        if isinstance(operand, str)
        else str(operand.value)
        if isinstance(operand, Immediate)
        else f"{operand.segment}[{operand.base}+{operand.index}*{operand.scale}+{operand.displacement}]"
        f"/{operand.bits}x{operand.repeat}"
        for operand in meaning.operands
    )
    return f"{meaning.mnemonic} {operands} {meaning.mask} {'z' if meaning.zeroing else ''} {meaning.rounding}".strip()
