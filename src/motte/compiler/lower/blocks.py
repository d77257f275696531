"""Memory of checked blocks: address space 1, which becomes the FS segment last of all.

Code generation cannot call ``memcpy`` and its like for memory of another segment, so what
it would not unroll becomes calls of the guest library's own functions.  LLVM knows the segment by the
number 257; the optimiser has not seen it, so that it has treated such memory as any other.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from motte.compiler.ir.calls import Argument, Call, parse_call
from motte.compiler.ir.functions import Function
from motte.compiler.ir.module import Module
from motte.compiler.ir.types import BLOCK_POINTER

SEGMENT: Final = "addrspace(257)"

_OPERATION: Final = re.compile(r"call void @llvm\.(?:memcpy|memmove|memset)(?:\.inline)?\.")
_SPACE: Final = "addrspace(1)"
_QUOTED: Final = re.compile(r'("[^"]*")')
_LARGEST_UNROLLED: Final = 32
"""Bytes that code generation moves without a loop or a call, for small code, too."""


def lower_block_memory(module: Module, function: Function) -> None:
    """Replace what code generation cannot do to such memory."""
    if not function.mentions(_SPACE):
        return
    lines: list[str] = []
    for line in function.lines:
        call = parse_call(line) if _SPACE in line and _OPERATION.search(line) else None
        lines += [line] if call is None or _is_unrolled(call) else _library_call(module, function, call)
    function.lines = lines


def use_segment(text: str) -> str:
    """The module with LLVM's number for the segment; what is quoted stays."""
    if _SPACE not in text:
        return text
    parts = _QUOTED.split(text)
    parts[::2] = [part.replace(_SPACE, SEGMENT) for part in parts[::2]]
    return "".join(parts)


def _is_unrolled(call: Call) -> bool:
    size = call.arguments[2].value
    return size.isdigit() and int(size) <= _LARGEST_UNROLLED


def _library_call(module: Module, function: Function, call: Call) -> list[str]:
    target, value, size = (argument.without("align", "dereferenceable") for argument in call.arguments[:3])
    lines: list[str] = []
    if size.type != "i64":
        size = _widened(function, size, "i64", lines)
    if "memset" in call.callee:
        name, value = "motte_block_fill", _widened(function, value, "i32", lines)
    elif target.type == "ptr":
        name = "motte_block_read"
    else:
        name = "motte_block_move" if value.type == BLOCK_POINTER else "motte_block_write"
    module.require(f"declare dso_local void @{name}({target.type}, {value.type}, i64)")
    return [*lines, str(replace(call, callee=f"@{name}", arguments=(target, value, size)))]


def _widened(function: Function, argument: Argument, type_text: str, lines: list[str]) -> Argument:
    wide = function.fresh("wide")
    lines.append(f"  {wide} = zext {argument.type} {argument.value} to {type_text}")
    return Argument(type_text, (), wide)
