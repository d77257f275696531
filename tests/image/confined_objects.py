"""Confined objects made by hand: the object contract, spelled out in assembly."""

from __future__ import annotations

from collections.abc import Sequence

import llvmlite.binding as llvm

llvm.initialize_all_targets()
llvm.initialize_all_asmprinters()
llvm.initialize_native_asmparser()

RUNTIME = """
.data
.globl __motte_data_stack_pointer, __motte_data_stack_limit
.p2align 3
__motte_data_stack_pointer: .quad 0
__motte_data_stack_limit: .quad 0
"""
"""What every program needs besides its entry."""

RETURN = "ret"


def assemble(text: str) -> bytes:
    """A relocatable object of ``text`` in AT&T syntax."""
    lines = "\n".join(f'module asm "{_escaped(line)}"' for line in text.splitlines() if line.strip())
    module = llvm.parse_assembly(f'target triple = "x86_64-unknown-linux-musl"\n{lines}\n')
    target = llvm.Target.from_triple("x86_64-unknown-linux-musl")
    machine: llvm.TargetMachine = target.create_target_machine(reloc="static", codemodel="small")
    return bytes(machine.emit_object(module))


def function(name: str, body: str = RETURN, *, stack_arguments: int = 0, binding: str = "globl") -> str:
    """A function with its record; ``body`` is assembly text."""
    return f"""
.text
.p2align 4, 0xcc
{"" if binding == "local" else f".{binding} {name}"}
.type {name}, @function
{name}:
{body}
.size {name}, . - {name}
.section .motte.functions,"",@progbits
.quad {name}
.long {stack_arguments}
.long {1 + stack_arguments // 8}
"""


def jump_table(name: str, owner: str, labels: Sequence[str]) -> str:
    """A jump table with its record."""
    entries = "\n".join(f".quad {label}" for label in labels)
    return f"""
.section .motte.tables,"a",@progbits
.p2align 3
{name}:
{entries}
.section .motte.jump_tables,"",@progbits
.quad {name}
.quad {owner}
.long {len(labels)}
.long 0
"""


def program(*parts: str, start: str = RETURN) -> bytes:
    """An object with an entry function, the data-stack variables, and ``parts``."""
    return assemble(RUNTIME + function("__motte_start", start) + "".join(parts))


def _escaped(line: str) -> str:
    return "".join(c if c.isprintable() and c.isascii() and c not in '"\\' else f"\\{ord(c):02X}" for c in line)
