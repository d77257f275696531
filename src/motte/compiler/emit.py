"""Fifth stage: assembly text for the lowered module."""

from __future__ import annotations

from typing import Any

from motte.compiler.optimise import target_machine
from motte.compiler.options import CompileOptions


def emit(module: Any, options: CompileOptions) -> str:
    """AT&T assembly.  Level 0 would use another instruction selector, which knows no checked calls."""
    machine = target_machine(options.target(), max(1, options.optimization))
    machine.set_asm_verbosity(False)
    text: str = machine.emit_assembly(module)
    return text
