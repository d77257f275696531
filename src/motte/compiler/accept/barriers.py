"""Inline assembly.  The only one that confined code may have: none at all.

Programs use an assembly statement with an empty template as a compiler barrier,
or to hide a value from the optimiser.  Both have forms without assembly: a fence
for this thread only, which costs nothing, and a trip through volatile memory.
"""

from __future__ import annotations

import re
from typing import Final

from motte.abi.native_only import NativeOnly
from motte.compiler.accept.forbidden import refusal
from motte.compiler.ir.calls import Argument, parse_argument
from motte.compiler.ir.functions import Function
from motte.compiler.ir.module import Module
from motte.compiler.ir.scan import NAME, end_of_bracket, split_list
from motte.errors import CompileError

_EMPTY: Final = re.compile(
    r"^  (?:(?P<result>%" + NAME + r") = )?(?:(?:tail|notail) )?call (?P<type>\S+|\{.*?\}) asm "
    r'(?:sideeffect )?(?:alignstack )?(?:inteldialect )?(?:unwind )?"", "(?P<constraints>[^"]*)"(?=\()'
)
_INLINE: Final = re.compile(r"\bcall(?:br)? .*\basm (?:sideeffect |alignstack |inteldialect |unwind )*\"")
_SYMBOL: Final = re.compile(r"[A-Za-z_.][\w.$]*")
_FENCE: Final = '  fence syncscope("singlethread") seq_cst'
_HIDING_PLACE: Final = "@.motte.barrier"


def replace_barriers(module: Module) -> None:
    """Replace empty assembly; every other assembly is refused."""
    for function in module.functions():
        if any(" asm " in line for line in function.lines):
            lines: list[str] = []
            for line in function.lines:
                lines += _barrier(module, function, line) if _INLINE.search(line) else [line]
            function.lines = lines


def _refused(function: Function, line: str) -> CompileError:
    text = f"{function.header}\n{line}\n"
    return refusal(text, len(str(function.header)) + 1, "assembly is not accepted", NativeOnly.ASSEMBLY)


def _barrier(module: Module, function: Function, line: str) -> list[str]:
    match = _EMPTY.match(line)
    if match is None:
        raise _refused(function, line)
    close = end_of_bracket(line, match.end())
    arguments = [parse_argument(part) for part in split_list(line[match.end() + 1 : close - 1])]
    outputs = [part for part in match["constraints"].split(",") if part.startswith("=")]
    result = match["result"]
    if result is not None and not (len(outputs) == 1 and len(arguments) == 1 and arguments[0].type == match["type"]):
        raise _refused(function, line)
    hidden = [step for argument in arguments for step in _hide(module, function, argument, result)]
    return [*hidden, _FENCE] if "~{memory}" in match["constraints"] else hidden


def _hide(module: Module, function: Function, argument: Argument, result: str | None) -> list[str]:
    """Store the value where the optimiser cannot follow it; the result is what is found there."""
    if result is None:
        module.require(f"{_HIDING_PLACE} = private global ptr null, align 16")
        return [f"  store volatile {argument.type} {argument.value}, ptr {_HIDING_PLACE}, align 1"]
    slot = function.fresh("hidden")
    function.entry_allocas.append(f"  {slot} = alloca {argument.type}, align 16")
    return [
        f"  store volatile {argument.type} {argument.value}, ptr {slot}, align 1",
        f"  {result} = load volatile {argument.type}, ptr {slot}, align 1",
    ]


def assembly_texts(module: Module) -> list[str]:
    """All assembly of the module: that at its top level, and the templates in functions."""
    texts = [line for line in module.lines() if line.startswith("module asm ")]
    for function in module.functions():
        for line in function.lines:
            if " asm " in line and (match := _INLINE.search(line)) and not _EMPTY.match(line):
                texts.append(line[match.end() - 1 :])
    return texts


def names_in(texts: list[str]) -> frozenset[str]:
    """Whatever in assembly could be the name of a symbol, which the module must not hide then."""
    return frozenset(name for text in texts for name in _SYMBOL.findall(text))
