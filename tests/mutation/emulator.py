"""Runs single mutants on another processor, one made of software, and watches every access that it makes."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unicorn import (
    UC_ARCH_X86,
    UC_HOOK_CODE,
    UC_HOOK_MEM_READ,
    UC_HOOK_MEM_READ_UNMAPPED,
    UC_HOOK_MEM_WRITE,
    UC_HOOK_MEM_WRITE_UNMAPPED,
    UC_MODE_64,
    Uc,
    UcError,
)
from unicorn import unicorn_const as unicorn
from unicorn import x86_const as x86

WINDOW, WINDOW_SIZE, WIDEST_ACCESS = 0x5000_0000_0000, 1 << 32, 64
STACK_END, STACK_SIZE, STACK_GUARD = 0x5F00_0000_0000, 1 << 19, 0x1_0048
BLOCK, BLOCK_SIZE = 0x3000_0000, 1 << 20
GATES, GATES_SIZE, GATE_STRIDE, GATE_COUNT = 0x1000_0000, 0x1_0000, 32, 64
TABLES, FUNCTION_TABLE_SIZE = 0x2000_0000, 256
RETURN_PAGE = 0x6000_0000_0000
MOST_INSTRUCTIONS = 500
GATE = bytes.fromhex("31c0c3")
MASK_OPCODES = frozenset((*range(0x41, 0x4C), *range(0x90, 0x9A)))
"""Of VEX's map 0F: instructions on k registers.  This processor has none, and executes the cmov and setcc of the same
number instead, whose registers are others: k4 is rsp to it."""
JUMP_THROUGH_TABLE = b"\xff\x24"
REGISTERS = ("RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI", *(f"R{n}" for n in range(8, 16)))


@dataclass
class Sample:
    """One line of the harness's file of samples."""

    address: int
    unit: int
    height: int
    stack_arguments: int
    registers: list[int]
    code: bytes

    @classmethod
    def read(cls, line: str) -> Sample:
        address, unit, height, stack_arguments, registers, code = line.split()
        values = [int(register, 16) for register in registers.split(",")]
        return cls(int(address, 16), int(unit, 16), int(height), int(stack_arguments), values, bytes.fromhex(code))


@dataclass
class Run:
    """What a mutant did: how many instructions, which error ended it, and what it should not have done."""

    instructions: int = 0
    error: int = 0
    forbidden: list[str] = field(default_factory=list)


class Emulator:
    """A machine with the harness's address space and nothing else."""

    def __init__(self) -> None:
        self._machine = Uc(UC_ARCH_X86, UC_MODE_64)
        self._machine.mem_map(WINDOW, WINDOW_SIZE)
        self._machine.mem_map(STACK_END - STACK_SIZE, STACK_SIZE)
        for address, size in ((BLOCK, BLOCK_SIZE), (GATES, GATES_SIZE), (TABLES, 4096), (RETURN_PAGE, 4096)):
            self._machine.mem_map(address, size)
        for number in range(GATE_COUNT):
            self._machine.mem_write(GATES + number * GATE_STRIDE, GATE)
        entry = struct.pack("<QII", GATES, 1, 0)  # class 1 is that of functions without stack arguments
        self._machine.mem_write(TABLES, entry * (FUNCTION_TABLE_SIZE // len(entry)))
        self._machine.hook_add(UC_HOOK_CODE, self._on_instruction)
        self._machine.hook_add(UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, self._on_access)
        self._machine.hook_add(UC_HOOK_MEM_READ_UNMAPPED | UC_HOOK_MEM_WRITE_UNMAPPED, self._on_unmapped)
        self._sample: Sample
        self._run = Run()
        self._inside = range(0)
        self._entry_stack = 0

    def close(self) -> None:
        """Give the window's 4 GiB of address space back."""
        self._machine.mem_unmap(WINDOW, WINDOW_SIZE)

    def run(self, sample: Sample) -> Run:
        """From the unit with the changed byte, with the sample's registers."""
        machine = self._machine
        self._sample, self._run = sample, Run()
        self._inside = range(sample.address, sample.address + len(sample.code))
        self._entry_stack = STACK_END - sample.stack_arguments % 16 - sample.stack_arguments - 8
        machine.ctl_remove_cache(sample.address, sample.address + len(sample.code))
        machine.mem_write(sample.address, sample.code)
        machine.mem_write(self._entry_stack, struct.pack("<Q", RETURN_PAGE))
        for name, value in zip(REGISTERS, sample.registers, strict=True):
            machine.reg_write(getattr(x86, f"UC_X86_REG_{name}"), value)
        machine.reg_write(x86.UC_X86_REG_RSP, self._entry_stack - sample.height)
        machine.reg_write(x86.UC_X86_REG_GS_BASE, WINDOW)
        machine.reg_write(x86.UC_X86_REG_EFLAGS, 0x202)
        try:
            machine.emu_start(sample.address + sample.unit, RETURN_PAGE, count=MOST_INSTRUCTIONS)
        except UcError as error:
            self._run.error = error.errno
            if error.errno in (unicorn.UC_ERR_FETCH_UNMAPPED, unicorn.UC_ERR_FETCH_PROT):
                self._run.forbidden.append(f"execution went on at {machine.reg_read(x86.UC_X86_REG_RIP):#x}")
        if machine.reg_read(x86.UC_X86_REG_GS_BASE) != WINDOW:
            self._run.forbidden.append("the window's base changed")
        return self._run

    def _on_instruction(self, machine: Uc, address: int, size: int, _data: Any) -> None:
        self._run.instructions += 1
        if address in self._inside and is_mask_instruction(self._sample.code[address - self._sample.address :]):
            machine.emu_stop()
        elif address not in self._inside and not GATES <= address < GATES + GATE_COUNT * GATE_STRIDE:
            self._run.forbidden.append(f"execution at {address:#x}")
            machine.emu_stop()

    def _on_access(self, machine: Uc, kind: int, address: int, size: int, _value: int, _data: Any) -> None:
        writes = kind == unicorn.UC_MEM_WRITE
        in_window = address >= WINDOW and address + size <= WINDOW + WINDOW_SIZE + WIDEST_ACCESS
        if not (in_window or self._in_stack(machine, address, size, writes) or self._in_table(address, size, writes)):
            self._run.forbidden.append(f"{'write' if writes else 'read'} of {size} bytes at {address:#x}")
            machine.emu_stop()

    def _on_unmapped(self, _machine: Uc, kind: int, address: int, size: int, _value: int, _data: Any) -> bool:
        past_window = WINDOW + WINDOW_SIZE <= address < WINDOW + WINDOW_SIZE + WIDEST_ACCESS
        below_stack = STACK_END - STACK_SIZE - STACK_GUARD <= address < STACK_END - STACK_SIZE
        if not past_window and not below_stack:
            self._run.forbidden.append(f"access {kind} of {size} bytes at {address:#x}, where nothing is")
        return False

    def _in_stack(self, machine: Uc, address: int, size: int, writes: bool) -> bool:
        """Frames, arguments, what calls push and returns pop; the return address may be popped and not written."""
        if address < STACK_END - STACK_SIZE or address + size > STACK_END - self._sample.stack_arguments % 16:
            return False
        if address < self._entry_stack + 8 and address + size > self._entry_stack:
            return not writes and (address, size) == (self._entry_stack, 8)
        # rsp is as it was before a push or a call, which write below it.
        return address >= machine.reg_read(x86.UC_X86_REG_RSP) - 8

    @staticmethod
    def _in_table(address: int, size: int, writes: bool) -> bool:
        return not writes and address >= TABLES and address + size <= TABLES + FUNCTION_TABLE_SIZE


def is_mask_instruction(code: bytes) -> bool:
    """Whether ``code`` begins with an instruction on k registers; 65 and 67 may stand before its VEX."""
    vex = code.lstrip(b"\x65\x67")[:4]
    if vex[:1] == b"\xc5":
        return vex[2:3] != b"" and vex[2] in MASK_OPCODES
    return len(vex) == 4 and vex[0] == 0xC4 and vex[1] & 31 == 1 and vex[3] in MASK_OPCODES


def emulate(samples: Path) -> tuple[int, int]:
    """Mutants and instructions that were run; ``AssertionError`` for one that did what it should not."""
    emulator = Emulator()
    mutants = instructions = 0
    for line in samples.read_text().splitlines():
        sample = Sample.read(line)
        if JUMP_THROUGH_TABLE in sample.code:
            continue  # this machine has no jump tables
        run = emulator.run(sample)
        assert not run.forbidden, (run.forbidden, line)
        mutants += 1
        instructions += run.instructions
    emulator.close()
    return mutants, instructions
