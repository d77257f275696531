"""Enumerated encodings, judged by the verifier and read by decoders that share nothing with it.

Whatever the verifier accepts, capstone must read with the same length, and must see in it
no memory but the window and the frame, and no use of rsp that the effect does not tell.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import capstone
import pytest
from capstone import x86_const
from iced_x86 import Decoder, FlowControl, Instruction, InstructionInfoFactory, Register

from motte.verifier import effects
from motte.verifier.instructions import Examiner
from motte.verifier.prefixes import NOPS

BEHIND = bytes.fromhex("1122334455667708909090909090")
LEGACY_PREFIXES = [
    bytes.fromhex(text)
    for text in ("", "6567", "65", "67", "66", "656766", "6567f0", "6567f2", "6567f3", "656766f3", "f3", "f2", "2e")
]
REX = [bytes.fromhex(text) for text in ("", "40", "41", "44", "48", "4f")]
MAPS = [bytes.fromhex(text) for text in ("", "0f", "0f38", "0f3a")]
MODRM = [
    bytes.fromhex(text)
    for text in ("00", "0424", "4424", "8405", "05", "0425", "0465", "45", "8b", "c1", "cc", "e1", "fc", "3b")
]
VEX_SAMPLES = 60_000


def legacy_encodings() -> Iterator[bytes]:
    for prefix in LEGACY_PREFIXES:
        for rex in REX if prefix in (b"", b"\x65\x67") else (b"", b"\x48"):
            for opcode_map in MAPS:
                for opcode in range(256):
                    for modrm in MODRM:
                        yield (prefix + rex + opcode_map + bytes((opcode,)) + modrm + BEHIND)[:15]


def vector_encodings() -> Iterator[bytes]:
    """VEX and EVEX with mostly sensible, sometimes arbitrary fields; the same ones every time."""
    choose = random.Random(22)
    for _ in range(VEX_SAMPLES):
        prefix = choose.choice((b"", b"\x65\x67", b"\x65\x67", b"\x65", b"\x66"))
        arbitrary = choose.randrange(256)
        kind = choose.randrange(3)
        if kind == 0:
            fields = bytes((0xC5, choose.choice((0xF8, 0xF9, 0xFA, 0xFB, 0xFC, 0xFD, arbitrary))))
        elif kind == 1:
            first = choose.choice((0xE1, 0xE2, 0xE3, 0xC1, 0xC2, arbitrary))
            fields = bytes((0xC4, first, choose.choice((0x79, 0x7D, 0xF9, 0xFD, 0x78, 0x7A, choose.randrange(256)))))
        else:
            first = choose.choice((0xF1, 0xF2, 0xF3, 0xF5, 0xF6, arbitrary))
            second = choose.choice((0x7C, 0x7D, 0xFD, 0xFC, 0x74, 0x75, 0x7E, choose.randrange(256)))
            third = choose.choice((0x08, 0x28, 0x48, 0x58, 0x18, 0x09, 0xC9, choose.randrange(256)))
            fields = bytes((0x62, first, second, third))
        modrm = choose.choice(
            (b"\x00", b"\x04\x24", b"\x44\x24", b"\x44\x65", b"\x84\x05", b"\xc1", b"\xcc", b"\x04\x25", b"\x3b")
        )
        yield (prefix + fields + bytes((choose.randrange(256),)) + modrm + BEHIND)[:15]


def accepted(encodings: Iterator[bytes]) -> dict[bytes, tuple[Instruction, effects.Effect]]:
    """The encodings that no rule about a single instruction refuses."""
    examiner = Examiner()
    taken = {}
    for claimed in encodings:
        instruction = Decoder(64, claimed).decode()
        encoding = claimed[: instruction.len]
        effect = examiner.known.get(encoding) or examiner.examine(instruction, encoding)
        if effect is not effects.REFUSAL:
            taken[encoding] = (instruction, effect)
    return taken


@pytest.fixture(scope="module")
def taken() -> dict[bytes, tuple[Instruction, effects.Effect]]:
    return {**accepted(legacy_encodings()), **accepted(vector_encodings())}


TABLE_READS = {effects.TABLE_COMPARE, effects.TABLE_CALL, effects.TABLE_JUMP, effects.INDEX_JUMP}
STACK_EFFECTS = {effects.ACCESS, effects.PUSH, effects.POP, effects.ADJUST, effects.CALL, effects.RETURN}
TRANSFERS = {effects.CALL, effects.JUMP, effects.BRANCH, effects.RETURN, effects.TRAP, *TABLE_READS}


def test_the_enumeration_reaches_many_forms(taken: dict[bytes, tuple[Instruction, effects.Effect]]) -> None:
    assert len({instruction.code for instruction, _ in taken.values()}) > 1200


def test_capstone_reads_the_same_lengths_and_only_confined_memory(
    taken: dict[bytes, tuple[Instruction, effects.Effect]],
) -> None:
    decoder = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    decoder.detail = True
    unknown = 0
    for encoding, (_, effect) in taken.items():
        read = next(decoder.disasm(encoding, 0), None)
        if read is None:
            unknown += 1
            continue
        assert read.size == len(encoding), encoding.hex(" ")
        if encoding in NOPS or read.id == x86_const.X86_INS_LEA or effect[0] in TABLE_READS:
            continue
        for operand in read.operands:
            if operand.type != x86_const.X86_OP_MEM:
                continue
            if effect[0] == effects.ACCESS:
                assert operand.mem.base == x86_const.X86_REG_RSP
                assert (operand.mem.index, operand.mem.segment, read.addr_size) == (0, 0, 8)
                assert operand.mem.disp == effect[1], encoding.hex(" ")
                # Capstone takes the operand of comisd for a whole register; it is one double.
                assert operand.size == effect[2] or read.mnemonic == "comisd", encoding.hex(" ")
            else:
                assert (operand.mem.segment, read.addr_size) == (x86_const.X86_REG_GS, 4), encoding.hex(" ")
    # Capstone 5 does not know FP16, the newer VNNI and conversions, and some forms with W set.
    assert unknown < len(taken) // 20


def test_effects_tell_every_use_of_rsp_memory_and_control(
    taken: dict[bytes, tuple[Instruction, effects.Effect]],
) -> None:
    factory = InstructionInfoFactory()
    stack_pointers = {Register.RSP, Register.ESP, Register.SP, Register.SPL}
    for encoding, (instruction, (kind, _, _)) in taken.items():
        if encoding in NOPS:
            continue
        information = factory.info(instruction)
        uses_rsp = any(used.register in stack_pointers for used in information.used_registers())
        assert uses_rsp == (kind in STACK_EFFECTS or kind == effects.TABLE_CALL), encoding.hex(" ")
        transfers = instruction.flow_control != FlowControl.NEXT
        assert transfers == (kind in TRANSFERS - {effects.TABLE_COMPARE}), encoding.hex(" ")
        for memory in information.used_memory():
            confined = memory.segment == Register.GS and memory.base not in stack_pointers
            assert confined or kind in STACK_EFFECTS or kind in TABLE_READS, encoding.hex(" ")
