"""The ``va_arg`` instruction, which front ends other than clang's use.

Clang expands ``va_arg`` itself, with branches.  Here the same walk is written with
selects, so that no block has to be split and no phi renamed.
"""

from __future__ import annotations

import re
from typing import Final

from motte.compiler.calling_convention import CallingConvention
from motte.compiler.ir.functions import Function
from motte.compiler.ir.scan import NAME
from motte.compiler.legalise.variadic import OVERFLOW_OFFSET, VECTOR_SAVE_OFFSET
from motte.errors import CompileError

_INSTRUCTION: Final = re.compile(r"^  (%" + NAME + r") = va_arg ptr (\S+), (.*?)(, !.*)?$")


def expand_va_arg(function: Function, line: str, convention: CallingConvention) -> list[str]:
    """Instructions that read one argument, of a type that takes a single place."""
    match = _INSTRUCTION.match(line)
    if match is None:
        raise CompileError(f"in {function.header.name}: cannot read va_arg: {line.strip()}")
    result, va_list, type_text, metadata = match.group(1), match.group(2), match.group(3), match.group(4) or ""
    parts = convention.parts(type_text)
    if len(parts) != 1 or parts[0].size > 16:
        raise CompileError(
            f"in {function.header.name}: va_arg of type {type_text} is not supported; pass it by pointer"
        )
    part = parts[0]
    general = part.kind == "general"
    step = 8 * part.registers if general else 16
    limit = (VECTOR_SAVE_OFFSET if general else OVERFLOW_OFFSET) - step
    counter_offset = 0 if general else 4
    name = function.fresh("va")
    return [
        f"  {name}.counter.at = getelementptr i8, ptr {va_list}, i64 {counter_offset}",
        f"  {name}.counter = load i32, ptr {name}.counter.at, align 4",
        f"  {name}.fits = icmp ule i32 {name}.counter, {limit}",
        f"  {name}.save.at = getelementptr i8, ptr {va_list}, i64 16",
        f"  {name}.save = load ptr, ptr {name}.save.at, align 8",
        f"  {name}.offset = zext i32 {name}.counter to i64",
        f"  {name}.saved = getelementptr i8, ptr {name}.save, i64 {name}.offset",
        f"  {name}.overflow.at = getelementptr i8, ptr {va_list}, i64 8",
        f"  {name}.overflow = load ptr, ptr {name}.overflow.at, align 8",
        f"  {name}.raw = ptrtoint ptr {name}.overflow to i64",
        f"  {name}.up = add i64 {name}.raw, {part.size - 1}",
        f"  {name}.even = and i64 {name}.up, {-part.size}",
        f"  {name}.pad = sub i64 {name}.even, {name}.raw",
        f"  {name}.aligned = getelementptr i8, ptr {name}.overflow, i64 {name}.pad",
        f"  {name}.after = getelementptr i8, ptr {name}.aligned, i64 {part.size}",
        f"  {name}.from = select i1 {name}.fits, ptr {name}.saved, ptr {name}.aligned",
        f"  {result} = load {type_text}, ptr {name}.from, align 8{metadata}",
        f"  {name}.step = add i32 {name}.counter, {step}",
        f"  {name}.counter.next = select i1 {name}.fits, i32 {name}.step, i32 {name}.counter",
        f"  store i32 {name}.counter.next, ptr {name}.counter.at, align 4",
        f"  {name}.overflow.next = select i1 {name}.fits, ptr {name}.overflow, ptr {name}.after",
        f"  store ptr {name}.overflow.next, ptr {name}.overflow.at, align 8",
    ]
