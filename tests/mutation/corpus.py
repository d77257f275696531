"""Accepted functions in their final form, with everything that the harness needs to move and to change them.

The file that the harness reads is a sequence of little-endian 32-bit numbers and bytes::

    classes  count, then (number, A) each
    functions  count, then each: size, A, moved fields, jump tables; its bytes; one kind for each byte;
               (offset, kind, value) of each moved field; each table's count and the offsets of its targets
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from iced_x86 import Code, ConstantOffsets, Decoder, FlowControl, Instruction, OpKind, Register

from motte.build import BuildOptions, artifact_of
from motte.image import Artifact, LoadPlan, load_plan
from motte.verifier import verify

PROGRAMS = Path(__file__).parent / "programs"
CODE, TABLES = 0x2000_0000, 0x4000_0000
LARGEST = 700
LARGEST_WITH_TABLE = 3000

PREFIX, OPCODE, MODRM, CONSTANT, BRANCH, FIRST = 0, 1, 2, 3, 4, 0x80
"""Kinds of bytes; FIRST is added for the first byte of an instruction."""

CALL, TABLE, MASK, JUMP_TABLE = 0, 1, 2, 3
"""Kinds of moved fields: rel32 of a call (value: A), address in the function table (value: 0 or 8), mask, table."""

LEGACY_PREFIXES = frozenset(bytes.fromhex("26 2e 36 3e 64 65 66 67 f0 f2 f3"))
VEX_SIZES = {0xC5: 2, 0xC4: 3, 0x62: 4, 0x8F: 3}


@dataclass
class Subject:
    """One function to be mutated."""

    name: str
    code: bytes
    kinds: bytes
    stack_arguments: int
    moved: list[tuple[int, int, int]] = field(default_factory=list)
    tables: list[list[int]] = field(default_factory=list)

    def identity(self) -> tuple[bytes, tuple[tuple[int, int, int], ...]]:
        """Equal for copies of one function at different places."""
        code = bytearray(self.code)
        for offset, _, _ in self.moved:
            code[offset : offset + 4] = bytes(4)
        return bytes(code), tuple(self.moved)

    def encoded(self) -> bytes:
        numbers = [len(self.code), self.stack_arguments, len(self.moved), len(self.tables)]
        parts = [struct.pack("<4I", *numbers), self.code, self.kinds]
        parts += [struct.pack("<3I", *each) for each in self.moved]
        parts += [struct.pack(f"<{1 + len(targets)}I", len(targets), *targets) for targets in self.tables]
        return b"".join(parts)


class Unmovable(Exception):  # noqa: N818 - a reason to leave a function out
    """A short jump leads out of the function."""


def programs(options: Iterable[BuildOptions]) -> Iterator[LoadPlan]:
    """The programs of this folder, each compiled with each of the options."""
    for chosen in options:
        for source in sorted(PROGRAMS.glob("*.c")):
            plan = load_plan(Artifact.read(artifact_of([source], chosen)), CODE, TABLES)
            assert verify(plan.claimed).ok
            yield plan


def subjects(plans: Iterable[LoadPlan]) -> tuple[dict[int, int], list[Subject]]:
    """All distinct functions of manageable size, and the classes that they use, by number."""
    found: dict[tuple[bytes, tuple[tuple[int, int, int], ...]], Subject] = {}
    classes: dict[int, int] = {}
    for plan in plans:
        classes |= plan.claimed.classes
        reader = _Reader(plan)
        for index, function in enumerate(plan.claimed.functions):
            limit = LARGEST_WITH_TABLE if index in reader.tables_of else LARGEST
            if function.size <= limit:
                with suppress(Unmovable):
                    subject = reader.subject(index)
                    found.setdefault(subject.identity(), subject)
    return classes, list(found.values())


def encode(classes: dict[int, int], functions: list[Subject]) -> bytes:
    """The file for the harness."""
    head = struct.pack("<I", len(classes)) + b"".join(struct.pack("<2I", *item) for item in sorted(classes.items()))
    return head + struct.pack("<I", len(functions)) + b"".join(function.encoded() for function in functions)


class _Reader:
    def __init__(self, plan: LoadPlan) -> None:
        self.claimed = plan.claimed
        self.stack_arguments = {
            CODE + function.offset: function.stack_arguments for function in plan.claimed.functions
        } | dict(plan.claimed.gates)
        self.tables_of: dict[int, list[tuple[int, list[int]]]] = {}
        for table in plan.claimed.jump_tables:
            at = table.address - TABLES
            size = 8 * table.entries
            targets = struct.unpack(f"<{table.entries}Q", bytes(plan.claimed.tables[at : at + size]))
            start = CODE + plan.claimed.functions[table.owner].offset
            self.tables_of.setdefault(table.owner, []).append((table.address, [target - start for target in targets]))

    def subject(self, index: int) -> Subject:
        function = self.claimed.functions[index]
        code = bytes(self.claimed.code[function.offset : function.offset + function.size])
        start = CODE + function.offset
        kinds = bytearray()
        tables = self.tables_of.get(index, [])
        subject = Subject(function.name, code, b"", function.stack_arguments, tables=[targets for _, targets in tables])
        addresses = [address for address, _ in tables]
        decoder = Decoder(64, code, ip=start)
        for instruction in decoder:
            constants = decoder.get_constant_offsets(instruction)
            at = instruction.ip - start
            kinds += kinds_of(code[at : at + instruction.len], instruction, constants)
            moved = self._moved(instruction, constants, start, start + len(code), addresses)
            subject.moved += [(at + offset, kind, value) for offset, kind, value in moved]
        subject.kinds = bytes(kinds)
        return subject

    def _moved(
        self, instruction: Instruction, constants: ConstantOffsets, start: int, end: int, tables: list[int]
    ) -> Iterator[tuple[int, int, int]]:
        if instruction.op_count and instruction.op0_kind == OpKind.NEAR_BRANCH64:
            if not start <= instruction.near_branch_target < end or instruction.flow_control == FlowControl.CALL:
                if constants.immediate_size != 4:
                    raise Unmovable
                yield constants.immediate_offset, CALL, self.stack_arguments[instruction.near_branch_target]
        elif instruction.code == Code.AND_RM32_IMM32 and instruction.op0_register == Register.R10D:
            mask = (16 << self.claimed.function_table_log2) - 16
            if instruction.immediate32 == mask:
                yield constants.immediate_offset, MASK, 0
        if (
            instruction.memory_base == Register.R10
            and instruction.segment_prefix == Register.NONE
            and (instruction.memory_displ_size and instruction.memory_size)
        ):
            yield constants.displacement_offset, TABLE, instruction.memory_displacement - self.claimed.function_table
        if instruction.flow_control == FlowControl.INDIRECT_BRANCH and instruction.memory_index_scale == 8:
            yield constants.displacement_offset, JUMP_TABLE, tables.index(instruction.memory_displacement)


def kinds_of(code: bytes, instruction: Instruction, constants: ConstantOffsets) -> bytes:
    """What each byte of an instruction is."""
    if instruction.flow_control not in (FlowControl.NEXT, FlowControl.EXCEPTION, FlowControl.RETURN):
        kinds = bytearray([BRANCH] * len(code))
    else:
        kinds = bytearray([CONSTANT] * len(code))
        opcode = 0
        while code[opcode] in LEGACY_PREFIXES:
            opcode += 1
        wide = VEX_SIZES.get(code[opcode], 0) if opcode < len(code) - 1 else 0
        if wide:
            opcode += wide
        elif code[opcode] >> 4 == 4:
            opcode += 1
        kinds[:opcode] = bytes([PREFIX] * opcode)
        first_constant = min(
            [len(code)]
            + ([constants.displacement_offset] if constants.has_displacement else [])
            + ([constants.immediate_offset] if constants.has_immediate else [])
        )
        opcode_size = 1
        if not wide and code[opcode] == 0x0F:
            opcode_size = 3 if code[opcode + 1] in (0x38, 0x3A) else 2
        kinds[opcode : opcode + opcode_size] = bytes([OPCODE] * opcode_size)
        middle = max(0, first_constant - opcode - opcode_size)
        kinds[opcode + opcode_size : opcode + opcode_size + middle] = bytes([MODRM] * middle)
    kinds[0] |= FIRST
    return bytes(kinds)
