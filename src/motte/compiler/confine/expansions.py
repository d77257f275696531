"""Instructions without a confined form, written as several that have one.

All expansions keep every register and flag that the original keeps.  Those that need a scratch
register save it on the native stack first, whose height is the same before and after.
"""

import re
from typing import Final

from motte.compiler.confine.errors import Unconfinable
from motte.compiler.confine.items import Memory
from motte.compiler.confine.operands import MEMORY, Operand, confined_memory
from motte.compiler.confine.registers import LOW_32, WHOLE

_SIZE: Final = {"b": 1, "w": 2, "l": 4, "q": 8}
_REPEATED = re.compile(r"(movs|stos)([bwlq])")
_REPEATED_OPERANDS: Final = {
    "movs": re.compile(r"\(%rsi\), %es:\(%rdi\)"),
    "stos": re.compile(r"%[re]?a[xl], %es:\(%rdi\)"),
}
_ACCUMULATOR: Final = {"b": "%al", "w": "%ax", "l": "%eax", "q": "%rax"}


def repeated_string(mnemonic: str, operands: str) -> str:
    """``rep movs`` and ``rep stos`` as loops; ``jrcxz`` and ``lea`` keep the flags, as the originals do."""
    match = _REPEATED.fullmatch(mnemonic)
    if match is None or (operands and not _REPEATED_OPERANDS[match.group(1)].fullmatch(operands)):
        raise Unconfinable("string instructions reach memory outside the window")
    operation, size = match.groups()
    step, accumulator = _SIZE[size], _ACCUMULATOR[size]
    store = [f"\tmov{size}\t{accumulator}, %gs:(%edi)", f"\tleaq\t{step}(%rdi), %rdi"]
    if operation == "stos":
        return "\n".join(_counted_loop(store))
    load = [f"\tmov{size}\t%gs:(%esi), {accumulator}", f"\tleaq\t{step}(%rsi), %rsi"]
    return "\n".join(["\tpushq\t%rax", *_counted_loop(load + store), "\tpopq\t%rax"])


def _counted_loop(body: list[str]) -> list[str]:
    # Numeric labels may be repeated, so that equal lines can share one expansion.
    return ["90:", "\tjrcxz\t91f", *body, "\tleaq\t-1(%rcx), %rcx", "\tjmp\t90b", "91:"]


def push_memory(memory: Memory) -> str:
    """``pushq mem``: the slot is reserved first, then filled through a register that is saved above it."""
    scratch = _scratch_registers(memory, 1)[0]
    source = lifted(memory, 16)
    return "\n".join([
        "\tleaq\t-8(%rsp), %rsp",
        f"\tpushq\t{scratch}",
        f"\tmovq\t{confined_memory(source)}, {scratch}",
        f"\tmovq\t{scratch}, 8(%rsp)",
        f"\tpopq\t{scratch}",
    ])  # fmt: skip


def pop_memory(memory: Memory) -> str:
    """``popq mem``; an rsp-relative destination counts from after the pop."""
    scratch = _scratch_registers(memory, 1)[0]
    destination = lifted(memory, 16)
    return "\n".join([
        f"\tpushq\t{scratch}",
        f"\tmovq\t8(%rsp), {scratch}",
        f"\tmovq\t{scratch}, {confined_memory(destination)}",
        f"\tpopq\t{scratch}",
        "\tleaq\t8(%rsp), %rsp",
    ])  # fmt: skip


def locked_bit_operation(mnemonic: str, operands: list[Operand]) -> str:
    """``lock bts %r, mem`` and its kin: a compare-exchange loop on the addressed word.

    The instruction takes any bit offset; LLVM only writes it with one that lies in the
    word, and the register form used here reduces it to that.  CF is the old bit, as in the original.
    """
    if len(operands) != 2 or operands[1].form != MEMORY or operands[1].memory is None or mnemonic[-1] == "w":
        raise Unconfinable("operands not understood")
    memory, size, bit = operands[1].memory, mnemonic[-1], WHOLE[operands[0].text]
    changed, address, offset = _scratch_registers(memory, 3, avoid={"%rax", f"%{bit}"})
    part = (lambda register: LOW_32[register]) if size == "l" else (lambda register: register)
    load_address = _load_address(memory, address)
    old = part("%rax")
    return "\n".join([
        *(f"\tpushq\t{register}" for register in ("%rax", changed, address, offset)),
        load_address,
        f"\tmovq\t%{bit}, {offset}",
        f"\tmov{size}\t{memory.segment}({LOW_32[address]}), {old}",
        "90:",
        f"\tmov{size}\t{old}, {part(changed)}",
        f"\t{mnemonic}\t{part(offset)}, {part(changed)}",
        f"\tlock cmpxchg{size}\t{part(changed)}, {memory.segment}({LOW_32[address]})",
        "\tjne\t90b",
        f"\tbt{size}\t{part(offset)}, {old}",
        *(f"\tpopq\t{register}" for register in (offset, address, changed, "%rax")),
    ])  # fmt: skip


def _load_address(memory: Memory, destination: str) -> str:
    if memory.base in (None, "%rip") and memory.index is None:
        return f"\tmovl\t${memory.displacement}, {LOW_32[destination]}"
    index = f",{memory.index},{memory.scale}" if memory.index else ""
    return f"\tleaq\t{memory.displacement}({memory.base or ''}{index}), {destination}"


def _scratch_registers(memory: Memory, number: int, avoid: frozenset[str] | set[str] = frozenset()) -> list[str]:
    taken = {memory.base, memory.index, *avoid}
    return [register for register in ("%r11", "%r10", "%rcx", "%rdx", "%rsi", "%rdi") if register not in taken][:number]


def lifted(memory: Memory, by: int) -> Memory:
    """The same place when rsp is ``by`` bytes lower."""
    if memory.base != "%rsp":
        return memory
    try:
        return Memory(str(int(memory.displacement or "0") + by), "%rsp", memory.index, memory.scale)
    except ValueError:
        raise Unconfinable("a symbolic offset on the native stack") from None
