"""Before optimisation: every conversion of an integer that is not a constant becomes a call of the marker."""

from __future__ import annotations

import re
from typing import Final

from motte.compiler.ir.attributes import GROUP_REFERENCE
from motte.compiler.ir.functions import Function
from motte.compiler.ir.module import Module
from motte.compiler.ir.scan import NAME
from motte.compiler.ir.types import sequence
from motte.compiler.options import Checked

MARKER: Final = "@.motte.cast"
"""``ptr @.motte.cast(i64)``; the accepted module has no such name."""

# It writes memory that nobody sees: not dropped, moved or repeated.  Two of them are two places of the source.
_FACTS: Final = "nomerge nounwind nosync nofree nocallback memory(inaccessiblemem: readwrite)"
_DECLARATION: Final = f"declare ptr {MARKER}(i64) {_FACTS}"

INLINED_LINES: Final = 60
"""In mode ``use``, functions up to this length that make and return pointers are always inlined."""

_CAST: Final = re.compile(
    r"^  (?P<result>%"
    + NAME
    + r") = inttoptr (?P<type>i\d+|<\d+ x i\d+>) (?P<integer>%"
    + NAME
    + r") to (?P<to>(?!.*addrspace\(1\))[^,]+)"
)
_LOCATION: Final = re.compile(r", !dbg !\d+")


def mark_casts(module: Module, mode: Checked) -> None:
    """Rewrite the module in place, for tests at the casts or at the first uses of what they make."""
    for function in module.functions():
        lines: list[str] = []
        for line in function.lines:
            match = _CAST.match(line)
            lines += [line] if match is None else _marked(function, match, location_of(line))
        if lines != function.lines:
            function.lines = lines
            # A bad cast does not end the program where only uses are tested.
            module.require(_DECLARATION if mode == "cast" else f"{_DECLARATION} willreturn")
            if mode == "use" and function.header.result == "ptr" and len(lines) <= INLINED_LINES:
                _inline(module, function)


def _inline(module: Module, function: Function) -> None:
    """Whoever removes a tag and returns the pointer is part of its callers, where the dereference is."""
    reference = GROUP_REFERENCE.search(function.header.suffix)
    if reference is None:
        return
    attributes = module.attributes[reference.group(1)]
    if not {"noinline", "optnone", "alwaysinline"}.intersection(attributes):
        number = module.attributes.number_of((*attributes, "alwaysinline"))
        function.header.suffix = GROUP_REFERENCE.sub(f" #{number}", function.header.suffix, count=1)


def location_of(line: str) -> str:
    """The debug location of an instruction, as a suffix for another one."""
    found = _LOCATION.search(line)
    return found.group() if found else ""


def _marked(function: Function, cast: re.Match[str], location: str) -> list[str]:
    integer_type, integer = cast["type"], cast["integer"]
    if not integer_type.startswith("<"):
        return _scalar(function, cast["result"], integer_type, integer, location)
    count, element = sequence(integer_type)
    lines: list[str] = []
    vector = "poison"
    for index in range(count):
        lane, pointer = function.fresh("lane"), function.fresh("pointer")
        lines.append(f"  {lane} = extractelement {integer_type} {integer}, i64 {index}{location}")
        lines += _scalar(function, pointer, element, lane, location)
        joined = cast["result"] if index == count - 1 else function.fresh("joined")
        lines.append(f"  {joined} = insertelement {cast['to']} {vector}, ptr {pointer}, i64 {index}{location}")
        vector = joined
    return lines


def _scalar(function: Function, result: str, integer_type: str, integer: str, location: str) -> list[str]:
    """As ``inttoptr`` does, narrow integers are extended by zeros, and wide ones are cut."""
    bits = int(integer_type[1:])
    if bits == 64:
        return [f"  {result} = call ptr {MARKER}(i64 {integer}){location}"]
    word = function.fresh("word")
    operation = "zext" if bits < 64 else "trunc"
    return [
        f"  {word} = {operation} {integer_type} {integer} to i64{location}",
        f"  {result} = call ptr {MARKER}(i64 {word}){location}",
    ]
