"""Capstone: lengths and operands, out of its structures."""

from __future__ import annotations

import re
from collections.abc import Iterator

import capstone
from capstone import x86_const as x86

from enumeration.known_differences import Settlement
from enumeration.meaning import ROUNDING, Immediate, Meaning, Memory, meaning_of
from enumeration.specification import NOPS, Judgement

_ROUNDING_OF = {
    **{x86.X86_AVX_RM_RN: ROUNDING[0], x86.X86_AVX_RM_RD: ROUNDING[1]},
    **{x86.X86_AVX_RM_RU: ROUNDING[2], x86.X86_AVX_RM_RZ: ROUNDING[3]},
}
_REPEATED = re.compile(r"\{1to(\d+)\}")
_NO_INDEX = frozenset(("eiz", "riz"))
_MASKS = frozenset(range(x86.X86_REG_K0, x86.X86_REG_K7 + 1))


class Capstone:
    """A ``comparison.Decoder``."""

    name = "capstone"

    def __init__(self) -> None:
        self.settlement = Settlement(self.name)
        self._decoder = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
        self._decoder.detail = True

    def differences(self, accepted: list[tuple[bytes, Judgement]]) -> Iterator[tuple[bytes, str]]:
        """What capstone reads differently, and how."""
        for encoding, judgement in accepted:
            read = next(self._decoder.disasm(encoding, 0), None)
            if encoding in NOPS:
                assert read is not None and read.size == len(encoding)
                continue
            expected = meaning_of(judgement)
            if read is not None and read.size != len(encoding):
                yield encoding, f"length: {read.size}"
                continue
            found = self.settlement.difference(judgement.form, expected, None if read is None else self._meaning(read))
            if found:
                yield encoding, f"{found} [{read.mnemonic} {read.op_str}]" if read is not None else found

    def _meaning(self, read: capstone.CsInsn) -> Meaning:
        operands = [self._operand(read, operand) for operand in read.operands]
        mask = ""
        if read.bytes[0] == 0x62 or read.bytes[2:3] == b"\x62":
            masks = [index for index, operand in enumerate(read.operands) if operand.reg in _MASKS and index]
            if masks and f"{{{operands[masks[0]]}}}" in read.op_str:
                mask = str(operands.pop(masks[0]))
        rounding = _ROUNDING_OF.get(read.avx_rm, "sae" if read.avx_sae else "")
        target = read.op_find(capstone.CS_OP_IMM, 1) if capstone.CS_GRP_JUMP in read.groups else None
        if target is not None or capstone.CS_GRP_CALL in read.groups:
            operands = [
                operand._replace(value=operand.value - read.size) if isinstance(operand, Immediate) else operand
                for operand in operands
            ]
        mnemonic = read.mnemonic.removeprefix("lock ")
        return Meaning(mnemonic, tuple(operands), mask, "{z}" in read.op_str, rounding)

    def _operand(self, read: capstone.CsInsn, operand: capstone.x86.X86Op) -> str | Memory | Immediate:
        if operand.type == x86.X86_OP_REG:
            return str(read.reg_name(operand.reg))
        if operand.type == x86.X86_OP_IMM:
            return Immediate(operand.imm, 64)
        names = [
            read.reg_name(register) or "" for register in (operand.mem.segment, operand.mem.base, operand.mem.index)
        ]
        segment, base, index = ("" if name in _NO_INDEX else name for name in names)
        scale = operand.mem.scale if index else 1
        # The structure does not say it of every broadcast; the text does.
        repeated = _REPEATED.search(read.op_str)
        repeat = int(repeated[1]) if repeated else 0
        return Memory(operand.size * 8, segment, base, index, scale, operand.mem.disp, repeat)
