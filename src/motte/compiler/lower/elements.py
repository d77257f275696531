"""A vector element chosen by a variable, which code generation would look up on the native stack.

The vector is stored in the frame, and the element read or written there.  An index
out of range means nothing in LLVM; it is cut to the last element.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from motte.compiler.ir.functions import Function
from motte.compiler.ir.instructions import operands_of, typed
from motte.compiler.ir.module import Module
from motte.compiler.ir.types import integer_shape, sequence

_BYTE_ELEMENTS: Final = frozenset(("i8", "i16", "i32", "i64", "i128", "half", "bfloat", "float", "double", "ptr"))


@dataclass(frozen=True, slots=True)
class _Spilled:
    """A vector in memory, and the place of the chosen element there."""

    lines: list[str]
    slot: str
    place: str
    element: str
    stored: str
    """The element's type in memory, where each element has bytes of its own."""


def extract(module: Module, function: Function, line: str) -> list[str]:
    """``extractelement`` by a variable."""
    result, operands, metadata = operands_of(line)
    vector, index = map(typed, operands)
    if index[1].isdigit():
        return [line]
    spilled = _spill(module, function, vector, index)
    if spilled.stored == spilled.element:
        return [*spilled.lines, f"  {result} = load {spilled.element}, ptr {spilled.place}{metadata}"]
    wide = function.fresh("wide")
    load = f"  {wide} = load {spilled.stored}, ptr {spilled.place}"
    return [*spilled.lines, load, f"  {result} = trunc {spilled.stored} {wide} to {spilled.element}{metadata}"]


def insert(module: Module, function: Function, line: str) -> list[str]:
    """``insertelement`` by a variable."""
    result, operands, metadata = operands_of(line)
    vector, (_, value), index = map(typed, operands)
    if index[1].isdigit():
        return [line]
    spilled = _spill(module, function, vector, index)
    lines, element, stored = spilled.lines, spilled.element, spilled.stored
    if stored == element:
        lines.append(f"  store {element} {value}, ptr {spilled.place}")
        return [*lines, f"  {result} = load {vector[0]}, ptr {spilled.slot}, align 16{metadata}"]
    wide = function.fresh("wide")
    wide_vector = _vector_of(vector[0], stored)
    return [
        *lines,
        f"  {wide} = zext {element} {value} to {stored}",
        f"  store {stored} {wide}, ptr {spilled.place}",
        f"  {wide}.all = load {wide_vector}, ptr {spilled.slot}, align 16",
        f"  {result} = trunc {wide_vector} {wide}.all to {vector[0]}{metadata}",
    ]


def _spill(module: Module, function: Function, vector: tuple[str, str], index: tuple[str, str]) -> _Spilled:
    vector_type, value = vector
    index_type, index_value = index
    count, element = sequence(vector_type)
    stored = element if element in _BYTE_ELEMENTS else f"i{8 * integer_shape(int(element[1:])).align}"
    slot, name = function.fresh("vector"), function.fresh("index")
    stored_type = _vector_of(vector_type, stored)
    function.entry_allocas.append(f"  {slot} = alloca {stored_type}, align 16")
    lines = []
    if stored != element:
        lines.append(f"  {name}.wide = zext {vector_type} {value} to {stored_type}")
        value = f"{name}.wide"
    lines.append(f"  store {stored_type} {value}, ptr {slot}, align 16")
    if index_type != "i64":
        lines.append(
            f"  {name}.n = {'trunc' if int(index_type[1:]) > 64 else 'zext'} {index_type} {index_value} to i64"
        )
        index_value = f"{name}.n"
    module.require("declare i64 @llvm.umin.i64(i64, i64)")
    lines.append(f"  {name} = call i64 @llvm.umin.i64(i64 {index_value}, i64 {count - 1})")
    lines.append(f"  {name}.at = getelementptr {stored}, ptr {slot}, i64 {name}")
    return _Spilled(lines, slot, f"{name}.at", element, stored)


def _vector_of(vector_type: str, element: str) -> str:
    return f"<{sequence(vector_type)[0]} x {element}>"
