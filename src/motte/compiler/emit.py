"""Fifth stage: assembly text for the lowered module; or, for native code, its object.

Native code may contain assembly, and an assembler can read files (``.incbin``, ``.include``), with directives that
macros put together, so that no search of the text would find them.  Who reads a file that way has it in his program.
The children of the compiler can read few files, but only where the kernel has Landlock; so native code is
made by a process that gives up all files before, which takes no more than a filter of system calls.
"""

from __future__ import annotations

from typing import Any

from motte.abi.prototypes import SECTION
from motte.compiler.object_section import append_section
from motte.compiler.optimise import target_machine
from motte.compiler.options import CompileOptions
from motte.errors import CompileError
from motte.toolchain.limited_child import forbid_opening


def emit(module: Any, options: CompileOptions) -> str:
    """AT&T assembly.  Level 0 would use another instruction selector, which knows no checked calls."""
    machine = target_machine(options.target(), max(1, options.optimization))
    machine.set_asm_verbosity(False)
    text: str = machine.emit_assembly(module)
    return text


def give_up_files() -> None:
    """From now on this process opens no file.  Raises ``CompileError`` where the kernel cannot filter system calls."""
    if not forbid_opening():
        raise CompileError("native programs are compiled only where the kernel can filter system calls (seccomp)")


def emit_native(module: Any, options: CompileOptions, prototypes: tuple[str, ...]) -> bytes:
    """The object of a native module.  Assembly that LLVM cannot read ends the process."""
    image: bytes = target_machine(options.target(), options.optimization).emit_object(module)
    if not prototypes:
        return image
    return append_section(image, SECTION, b"".join(line.encode() + b"\0" for line in prototypes))
