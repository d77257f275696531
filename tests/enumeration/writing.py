"""From meaning back to bytes: the one encoding of a form with given registers, address and immediates (D4).

Written from docs/spec/instructions.md, "One encoding"; the prefixes are in the order of D3.
"""

from __future__ import annotations

from enumeration.listing import MAPS, Form
from enumeration.reading import Fields
from enumeration.specification import IMMEDIATES, NONE, VECTOR, Address, Judgement, number_of

ESCAPES = {"": b"", "0F": b"\x0f", "0F38": b"\x0f\x38", "0F3A": b"\x0f\x3a"}
MAP_NUMBERS = dict(zip(MAPS, (1, 2, 3, 5, 6), strict=True))
PP = {"NP": 0, "66": 1, "F3": 2, "F2": 3}
SIB_FOLLOWS, NO_INDEX, NO_BASE = 4, 4, 5


def write(judgement: Judgement) -> bytes:
    """The bytes of an accepted instruction, from its form and the values of its operands."""
    form, fields = judgement.form, judgement.fields
    assert form is not None and fields is not None
    registers = {
        operand.place: number_of(operand, fields)
        for operand in form.operands
        if operand.place and not (operand.place == "rm" and judgement.address is not None)
    }
    before = bytes(byte for byte in (0x65, 0x67) if byte in fields.prefixes)
    encode = {"": _legacy, "VEX": _vex, "EVEX": _evex}[form.space]
    head = encode(form, fields, registers, judgement.address)
    return before + head + _modrm(form, fields, registers, judgement.address) + _immediates(judgement, form)


def _bit(number: int, bit: int) -> int:
    return number >> bit & 1 if number != NONE else 0


def _extensions(registers: dict[str, int], address: Address | None) -> tuple[int, int, int]:
    """R, X and B, as REX has them."""
    base = address.base if address is not None else registers.get("rm", registers.get("op", 0))
    return _bit(registers.get("reg", 0), 3), _bit(address.index, 3) if address is not None else 0, _bit(base, 3)


def _legacy(form: Form, fields: Fields, registers: dict[str, int], address: Address | None) -> bytes:
    prefixes = b"\x66" if form.prefix == "66" or form.size == 16 else b""
    prefixes += b"\xf0" if 0xF0 in fields.prefixes else b""
    prefixes += bytes.fromhex(form.prefix) if form.prefix in ("F2", "F3") else b""
    r, x, b = _extensions(registers, address)
    rex = 0x40 | form.wide << 3 | r << 2 | x << 1 | b
    low_bytes = [registers.get(operand.place, NONE) for operand in form.operands if operand.kind == "r8"]
    if rex != 0x40 or (fields.rex is not None and any(number in range(4, 8) for number in low_bytes)):
        prefixes += bytes((rex,))
    return prefixes + ESCAPES[form.opcode_map] + bytes((form.opcode | registers.get("op", 0) & 7,))


def _vex(form: Form, fields: Fields, registers: dict[str, int], address: Address | None) -> bytes:
    r, x, b = _extensions(registers, address)
    last = form.wide << 7 | (registers.get("vvvv", 0) ^ 15) << 3 | form.length << 2 | PP[form.prefix]
    if not (x or b or form.wide) and form.opcode_map == "0F":
        return bytes((0xC5, (r ^ 1) << 7 | last, form.opcode))
    first = (r ^ 1) << 7 | (x ^ 1) << 6 | (b ^ 1) << 5 | MAP_NUMBERS[form.opcode_map]
    return bytes((0xC4, first, last, form.opcode))


def _evex(form: Form, fields: Fields, registers: dict[str, int], address: Address | None) -> bytes:
    r, x, b = _extensions(registers, address)
    if address is None and any(operand.place == "rm" and operand.kind in VECTOR for operand in form.operands):
        x = _bit(registers["rm"], 4)
    vvvv = registers.get("vvvv", 0)
    first = (r ^ 1) << 7 | (x ^ 1) << 6 | (b ^ 1) << 5 | (_bit(registers.get("reg", 0), 4) ^ 1) << 4
    second = form.wide << 7 | (vvvv & 15 ^ 15) << 3 | 4 | PP[form.prefix]
    rounding = fields.special and address is None
    length = form.length if not rounding else fields.length if "er" in form.attributes else 0
    third = fields.zeroing << 7 | length << 5 | fields.special << 4 | (_bit(vvvv, 4) ^ 1) << 3 | fields.mask
    return bytes((0x62, first | MAP_NUMBERS[form.opcode_map], second, third, form.opcode))


def _modrm(form: Form, fields: Fields, registers: dict[str, int], address: Address | None) -> bytes:
    if not form.modrm:
        return b""
    if len(form.modrm) == 2:
        return bytes.fromhex(form.modrm)
    reg = int(form.modrm) if form.modrm.isdigit() else registers.get("reg", 0) & 7
    if address is None:
        return bytes((0xC0 | reg << 3 | registers["rm"] & 7,))
    mod = fields.mod
    displacement = fields.code[fields.at_displacement : fields.at_displacement + fields.displacement_size]
    if address.index == NONE and address.base != NONE and address.base & 7 != SIB_FOLLOWS:
        return bytes((mod << 6 | reg << 3 | address.base & 7,)) + displacement
    index = NO_INDEX if address.index == NONE else address.index & 7
    base = NO_BASE if address.base == NONE else address.base & 7
    sib = (address.scale.bit_length() - 1) << 6 | index << 3 | base
    return bytes((mod << 6 | reg << 3 | SIB_FOLLOWS, sib)) + displacement


def _immediates(judgement: Judgement, form: Form) -> bytes:
    text, values = b"", iter(judgement.immediates)
    for operand in form.operands:
        if operand.kind in IMMEDIATES:
            size = IMMEDIATES[operand.kind]
            text += (next(values) & (1 << 8 * size) - 1).to_bytes(size, "little")
        elif operand.place == "is4":
            text += bytes((next(values) & 0xF0,))
    return text
