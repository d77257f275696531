"""Small guest programs in assembly: assembled, verified for real, published and run.

A program is a list of functions, each begun by ``function NAME`` and ended by ``end NAME``; the first one is the
entry.  These symbols are there: ``EXIT``, ``SYSCALL`` and ``SYSCALL6`` (gates), ``DATA`` (64 KiB of writable memory),
``RODATA`` (one read-only page), ``FT`` and ``MASK`` (the function table: entries 1 and 2 are the first two functions,
of class 1).  ``DATA`` is a window address, to be used as ``%gs:DATA(,%eiz)``.
"""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection
from llvmlite import binding

from motte import core
from motte.abi.faults import StopReason
from motte.abi.kernel_calls import KERNEL_CALLS
from motte.abi.layout import PAGE_SIZE, compatible_class
from motte.time_and_chance import time_and_chance
from motte.verifier import ClaimedCode, ClaimedFunction

RODATA = 0x1_1000
DATA = 0x1_2000
DATA_SIZE = 0x1_0000
VARIABLES = DATA + DATA_SIZE - 16
DATA_STACK = (0x20_0000, 0x10_0000)
DATA_STACK_END = sum(DATA_STACK)
NATIVE_STACK_TOP = -2944
"""Where the native stack begins, from the window's start: below the context."""
TABLE_LOG2 = 4
TABLE_SIZE = 16 << TABLE_LOG2
SECOND = 1_000_000_000
MILLISECOND = 1_000_000


REACHING = ".set REACHES_BLOCKS, 1\n"
"""Before the source of a program that reaches checked blocks."""


def _prelude(base: int, tables_base: int, reaching: bool) -> str:
    gates = "\n".join(
        f".set {call.name.removeprefix('motte_').upper()}, code_start + {call.gate(reaching) - base}"
        for call in KERNEL_CALLS
    )
    return f"""
.macro function name
.type \\name, @function
\\name:
.endm
.macro end name
.size \\name, . - \\name
.endm
.set FT, {tables_base}
.set MASK, {TABLE_SIZE - 16}
.set DATA, {DATA}
.set RODATA, {RODATA}
.text
code_start:
{gates}
"""


_EPILOGUE = """
function trap
ud2
end trap
"""


@dataclass(frozen=True)
class Assembled:
    """The text section without relocations, the functions as (offset, size, name), and every label's offset."""

    code: bytes
    functions: list[tuple[int, int, str]]
    labels: dict[str, int]


def assemble(source: str, base: int, tables_base: int) -> Assembled:
    """Assemble a program for its final place."""
    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()
    binding.initialize_native_asmparser()
    target = binding.Target.from_triple("x86_64-unknown-linux-musl")
    machine = target.create_target_machine(opt=0, reloc="static", codemodel="small")
    text = (
        (_prelude(base, tables_base, REACHING in source) + source + _EPILOGUE)
        .replace("\\", "\\5C")
        .replace('"', "\\22")
    )
    module = binding.parse_assembly("\n".join(f'module asm "{line}"' for line in text.split("\n")))
    elf = ELFFile(io.BytesIO(machine.emit_object(module)))
    assert elf.get_section_by_name(".rela.text") is None, "a snippet must not need relocations"
    symbols = elf.get_section_by_name(".symtab")
    assert isinstance(symbols, SymbolTableSection)
    functions = sorted(
        (symbol["st_value"], symbol["st_size"], symbol.name)
        for symbol in symbols.iter_symbols()
        if symbol["st_info"]["type"] == "STT_FUNC"
    )
    labels = {symbol.name: symbol["st_value"] for symbol in symbols.iter_symbols() if symbol.name}
    return Assembled(elf.get_section_by_name(".text").data(), functions, labels)


@dataclass
class Program:
    """A published program."""

    region: core.CodeRegion
    labels: dict[str, int]
    entry: int


def fill(source: str) -> tuple[core.CodeRegion, Assembled]:
    """A region that is filled with a program and its function table."""
    size = len(assemble(source, 0x1010_0000, 0x1020_0000).code)
    size += -size % PAGE_SIZE
    region = core.CodeRegion(size, PAGE_SIZE)
    assembled = assemble(source, region.base, region.tables_base)
    trap = struct.pack("<QII", region.base + assembled.labels["trap"], 0, 0)
    first_two = assembled.functions[:2]
    used = [struct.pack("<QII", region.base + offset, compatible_class(0), 0) for offset, _, _ in first_two]
    table = b"".join([trap, *used, *[trap] * ((1 << TABLE_LOG2) - 1 - len(used))])
    region.fill(assembled.code.ljust(size, b"\xcc"), table.ljust(PAGE_SIZE, b"\0"))
    return region, assembled


def claims_of(region: core.CodeRegion, assembled: Assembled) -> ClaimedCode:
    """What a loader would claim about the bytes in this region."""
    reaching = "REACHES_BLOCKS" in assembled.labels
    with region.code_view() as code, region.tables_view() as tables:
        return ClaimedCode(
            base=region.base,
            code=bytes(code),
            functions=[ClaimedFunction(offset, size, 0, name) for offset, size, name in assembled.functions],
            tables_base=region.tables_base,
            tables=bytes(tables),
            function_table=region.tables_base,
            function_table_log2=TABLE_LOG2,
            classes={compatible_class(0): 0},
            gates={call.gate(reaching): call.stack_arguments for call in KERNEL_CALLS},
            entries=[0],
            reaches_blocks=int(reaching),
        )


def publish(source: str) -> Program:
    """Assemble, fill a region, verify the bytes in place, publish them."""
    region, assembled = fill(source)
    verdict = region.decide(claims_of(region, assembled).packed())
    assert verdict.ok, verdict
    region.publish()
    return Program(region, assembled.labels, assembled.functions[0][0])


@dataclass
class Workshop:
    """Makes processes and closes whatever a test left open; see the ``workshop`` fixture."""

    closers: list[Callable[[], None]] = field(default_factory=list)
    scheduler: core.Scheduler = field(default_factory=lambda: core.Scheduler(2))
    reaching: bool = False
    """Whether its programs are of the kind that reaches checked blocks."""

    def program(self, source: str) -> Program:
        program = publish(REACHING + source if self.reaching else source)
        self.closers.append(program.region.close)
        return program

    def spawn(self, source: str | Program, **options: Any) -> core.Process:
        """A process of this program, not started; options as for ``core.spawn``, all with defaults."""
        program = self.program(source) if isinstance(source, str) else source
        chosen: dict[str, Any] = {
            "entry": program.entry,
            "segments": [(RODATA, b"constant", PAGE_SIZE, False), (DATA, b"", DATA_SIZE, True)],
            "data_stack": DATA_STACK,
            "data_stack_variables": (VARIABLES, VARIABLES + 8),
            "arguments": [b"program"],
            "environment": [],
            "bank": core.Bank(None),
            "meter": self.scheduler.root,
            "native_stack": 1 << 20,
            "cpu_ns": 10 * SECOND,
            "wall_ns": 60 * SECOND,
            "output_limit": None,
            "open_files": 16,
            "streams": (-1, -1, -1),
            "directories": [],
            "sources": time_and_chance("real", "real"),
        }
        process = core.spawn(program.region, **(chosen | options))
        self.closers.append(process.close)
        return process

    def run(self, source: str | Program, **options: Any) -> core.Process:
        """A process of this program that has stopped."""
        process = self.spawn(source, **options)
        process.start()
        assert process.wait(60 * SECOND)
        return process

    def close(self) -> None:
        while self.closers:
            self.closers.pop()()
        self.scheduler.close()


SCRIPT = """
function main
pushq %rbx
movl $DATA, %ebx
next:
movq %gs:(%ebx), %rdi
cmpq $-1, %rdi
je done
leaq 8(%rbx), %rsi
call SYSCALL6
movq %rax, %gs:(%ebx)
addl $56, %ebx
jmp next
done:
popq %rbx
xorl %eax, %eax
retq
end main
"""
"""Makes the system calls that are listed at DATA, seven words each, and puts each result over the call's number."""

SCRIPT_END = struct.pack("<Q", 2**64 - 1)


def script(workshop: Workshop, calls: Sequence[tuple[int, ...]], **options: Any) -> tuple[list[int], core.Process]:
    """Make system calls, each (number, arguments…); their results, and the process that has exited."""
    words = b"".join(struct.pack("<7Q", *(word % 2**64 for word in (*call, *[0] * (7 - len(call))))) for call in calls)
    size = len(words) + PAGE_SIZE
    segments = [(RODATA, b"constant", PAGE_SIZE, False), (DATA, words + SCRIPT_END, size + DATA_SIZE, True)]
    process = workshop.run(SCRIPT, segments=segments, data_stack_variables=(0, 0), **options)
    assert process.stop().reason is StopReason.EXITED, process.stop()
    contents = process.read_memory(DATA, len(words))
    return [result for (result,) in struct.iter_unpack("<q48x", contents)], process


def read_words(process: core.Process, address: int, count: int) -> list[int]:
    """64-bit words of the process's window."""
    return list(struct.unpack(f"<{count}Q", process.read_memory(address, 8 * count)))


def filled(workshop: Workshop, source: str) -> tuple[core.CodeRegion, Assembled]:
    """A filled region that the workshop closes."""
    region, assembled = fill(source)
    workshop.closers.append(region.close)
    return region, assembled


def pipe(workshop: Workshop) -> tuple[int, int]:
    """A pipe that the workshop closes."""
    ends = os.pipe()
    workshop.closers.extend((lambda end=end: os.close(end)) for end in ends)
    return ends


def function(name: str, body: Sequence[str] | str) -> str:
    """A function of a program."""
    lines = body if isinstance(body, str) else "\n".join(body)
    return f"function {name}\n{lines}\nend {name}\n"


EXIT_SNIPPET = function("main", "xorl %eax, %eax\nretq")
