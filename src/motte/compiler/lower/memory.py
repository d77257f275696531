"""Block operations that must not become string instructions.

Code generation turns a copy of constant size into ``rep movs`` where code has to be
small, and the ``.inline`` forms always into code.  String instructions write through
a segment that cannot be confined, so in such functions the operations become
calls, and the ``.inline`` forms become loads and stores.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from motte.compiler.ir.attributes import GROUP_REFERENCE
from motte.compiler.ir.calls import Argument, Call, parse_call
from motte.compiler.ir.functions import Function
from motte.compiler.ir.module import Module
from motte.errors import CompileError

_BLOCK: Final = re.compile(r"call void @llvm\.(memcpy|memmove|memset)(\.inline)?\.")
_SMALL: Final = frozenset(("minsize", "optsize"))
_LARGEST_INLINE: Final = 4096


def lower_block_operations(module: Module, function: Function) -> None:
    """Replace the operations where they would not be plain loads, stores or calls."""
    if not function.mentions("@llvm.mem"):
        return
    group = GROUP_REFERENCE.search(function.header.suffix)
    small = group is not None and not _SMALL.isdisjoint(module.attributes[group.group(1)])
    lines: list[str] = []
    for line in function.lines:
        match = _BLOCK.search(line) if "@llvm.mem" in line else None
        if match is not None and match.group(2):
            lines += _unrolled(function, match.group(1), parse_call(line))
        elif match is not None and small:
            lines += _library_call(module, function, match.group(1), parse_call(line))
        else:
            lines.append(line)
    function.lines = lines


def _library_call(module: Module, function: Function, name: str, call: Call) -> list[str]:
    target, value, size = (argument.without("align") for argument in call.arguments[:3])
    widened: list[str] = []
    if name == "memset":
        value = _widened(function, value, "i32", widened)
    if size.type != "i64":
        size = _widened(function, size, "i64", widened)
    module.require(f"declare dso_local ptr @{name}(ptr, {value.type}, i64)")
    return [*widened, str(replace(call, type="ptr", callee=f"@{name}", arguments=(target, value, size)))]


def _widened(function: Function, argument: Argument, type_text: str, lines: list[str]) -> Argument:
    wide = function.fresh("wide")
    lines.append(f"  {wide} = zext {argument.type} {argument.value} to {type_text}")
    return Argument(type_text, (), wide)


def _unrolled(function: Function, name: str, call: Call) -> list[str]:
    target, value, size = call.arguments[:3]
    if not size.value.isdigit() or int(size.value) > _LARGEST_INLINE:
        raise CompileError(f"in {function.header.name}: an inline {name} of {size.value} bytes is not supported")
    stem = function.fresh("inline")
    lines: list[str] = []
    if name == "memset":
        lines.append(f"  {stem}.byte = zext i8 {value.value} to i64")
        lines.append(f"  {stem}.word = mul i64 {stem}.byte, {0x0101010101010101}")
    offset, left = 0, int(size.value)
    while left:
        width = next(width for width in (8, 4, 2, 1) if width <= left)
        piece = f"{stem}.{offset}"
        if name == "memset":
            lines.append(
                f"  {piece} = trunc i64 {stem}.word to i{8 * width}"
                if width < 8
                else f"  {piece} = freeze i64 {stem}.word"
            )
        else:
            lines.append(f"  {piece}.from = getelementptr i8, ptr {value.value}, i64 {offset}")
            lines.append(f"  {piece} = load i{8 * width}, ptr {piece}.from, align 1")
        lines.append(f"  {piece}.to = getelementptr i8, ptr {target.value}, i64 {offset}")
        lines.append(f"  store i{8 * width} {piece}, ptr {piece}.to, align 1")
        offset, left = offset + width, left - width
    return lines
