"""What the verifier's allow-list accepts, written as the forms of docs/spec are, to compare the two."""

from __future__ import annotations

from iced_x86 import Code, EncodingKind, MandatoryPrefix, MemorySizeInfo, Mnemonic, OpCodeInfo, TupleType
from iced_x86 import OpCodeOperandKind as Kind

from enumeration.listing import Form, Operand
from motte.verifier import effects
from motte.verifier.allowlist import BIT_STRING_FORMS, form_of


def _names(numbers: type) -> dict[int, str]:
    return {value: name for name, value in vars(numbers).items() if name.isupper()}


KINDS, MNEMONICS, TUPLES = _names(Kind), _names(Mnemonic), _names(TupleType)
SPACES = {EncodingKind.LEGACY: "", EncodingKind.VEX: "VEX", EncodingKind.EVEX: "EVEX"}
PREFIXES = {
    MandatoryPrefix.NONE: "",
    MandatoryPrefix.PNP: "NP",
    MandatoryPrefix.P66: "66",
    MandatoryPrefix.PF3: "F3",
    MandatoryPrefix.PF2: "F2",
}
MAPS = ("", "0F", "0F38", "0F3A", "MAP5", "MAP6")
PLACES = {"REG": "reg", "RM": "rm", "VVVV": "vvvv", "IS4": "is4", "OPCODE": "op"}
REGISTERS = {"XMM": "x", "YMM": "y", "ZMM": "z", "K": "k", "R8": "r8", "R16": "r16", "R32": "r32", "R64": "r64"}
OTHERS = {
    **{"AL": "al", "CL": "cl", "AX": "ax", "EAX": "eax", "RAX": "rax"},
    **{"IMM8_CONST_1": "1", "IMM8SEX16": "imm8s", "IMM8SEX32": "imm8s", "IMM8SEX64": "imm8s"},
    **{"IMM8": "imm8", "IMM16": "imm16", "IMM32": "imm32", "IMM64": "imm64"},
    **{"IMM32SEX64": "imm32s", "BR64_1": "rel8", "BR64_4": "rel32"},
}
EFFECTS = {
    **{effects.PUSH: "push", effects.POP: "pop", effects.CALL: "call", effects.JUMP: "jump", effects.BRANCH: "branch"},
    **{effects.RETURN: "return", effects.TRAP: "trap"},
    **{effects.TABLE_CALL: "table-call", effects.TABLE_JUMP: "table-jump"},
}


def _operand(kind: int, width: int, repeated: int) -> Operand:
    name = KINDS[kind]
    if name == "MEM":
        return Operand("m", "rm", width, repeated)
    first, _, rest = name.partition("_")
    if rest == "OR_MEM":
        return Operand(REGISTERS[first], "rm", width, repeated)
    return Operand(REGISTERS[first], PLACES[rest]) if rest in PLACES else Operand(OTHERS[name])


def _attributes(code: int, facts: OpCodeInfo, width: int) -> set[str]:
    form = form_of(code)
    has = {
        "lock": facts.can_use_lock_prefix,
        "address": facts.mnemonic == Mnemonic.LEA,
        "bit-string": code in BIT_STRING_FORMS,
        "not-rax": code in (Code.XCHG_R16_AX, Code.XCHG_R32_EAX, Code.XCHG_R64_RAX),
        "k": facts.can_use_op_mask_register and not facts.require_op_mask_register,
        "k!": facts.require_op_mask_register,
        "z": facts.can_use_zeroing_masking,
        "er": facts.can_use_rounding_control and not facts.ignores_rounding_control,
        "sae": facts.can_suppress_all_exceptions and not facts.can_use_rounding_control,
        "distinct": facts.requires_unique_dest_reg_num or facts.requires_unique_reg_nums,
    }
    found = {name for name, value in has.items() if value}
    if form.effect in EFFECTS:
        found.add(EFFECTS[form.effect])
    unit = int(TUPLES[facts.tuple_type].removeprefix("N").partition("B")[0])
    if facts.encoding == EncodingKind.EVEX and width and unit * 8 != width:
        found.add(f"n{unit}")
    return found


def _vector_bits(facts: OpCodeInfo) -> int:
    """0 where the length field does not choose a length: scalars, mask registers."""
    length = facts.op_code_string.split(".")[1]
    return int(length) if length.isdigit() else 0


def _of_verifier(code: int) -> Form:
    facts = OpCodeInfo(code)
    width = MemorySizeInfo(facts.memory_size).size * 8 if facts.mnemonic != Mnemonic.LEA else 0
    repeated = MemorySizeInfo(facts.broadcast_memory_size).size * 8 if facts.can_broadcast else 0
    operands = tuple(_operand(kind, width, repeated) for kind in facts.op_kinds())
    fixed = facts.op_code_len == 2
    if fixed:
        modrm = f"{facts.op_code & 255:02X}"
    elif facts.is_group:
        modrm = str(facts.group_index)
    else:
        modrm = "r" if any(operand.place in ("reg", "rm") for operand in operands) else ""
    legacy_size = 0 if facts.default_op_size64 or facts.force_op_size64 else facts.operand_size
    return Form(
        mnemonic=MNEMONICS[facts.mnemonic].lower(),
        space=SPACES[facts.encoding],
        prefix=PREFIXES[facts.mandatory_prefix] or ("NP" if facts.encoding != EncodingKind.LEGACY else ""),
        opcode_map=MAPS[facts.table],
        opcode=facts.op_code >> 8 if fixed else facts.op_code,
        in_opcode=any(operand.place == "op" for operand in operands),
        modrm=modrm,
        size=legacy_size if facts.encoding == EncodingKind.LEGACY else _vector_bits(facts),
        wide=legacy_size == 64 if facts.encoding == EncodingKind.LEGACY else bool(facts.w) and not facts.is_wig,
        length=0 if facts.encoding == EncodingKind.LEGACY or facts.is_lig else facts.l,
        operands=operands,
        attributes=frozenset(_attributes(code, facts, width)),
    )


def accepted_forms() -> list[Form]:
    """What the decoder decodes without being told of unusual processors, and the allow-list lists."""
    codes = [value for name, value in vars(Code).items() if name.isupper()]
    return [
        _of_verifier(code) for code in codes if form_of(code).refusal is None and not OpCodeInfo(code).decoder_option
    ]
