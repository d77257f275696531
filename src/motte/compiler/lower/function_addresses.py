"""Constants computed from a function's address.

A function's address is an offset into a table that the linker assigns; a constant
such as ``&f - 1`` (a comparison folded into a range check makes them) would have to
be relocated with an addend, which code addresses do not have.  Such a constant is
computed at the function's entry instead, from an address that code generation
cannot see through because it is loaded from memory.
"""

from __future__ import annotations

import re
from typing import Final

from motte.compiler.ir.functions import LABEL, Function
from motte.compiler.ir.module import Module
from motte.compiler.ir.scan import NAME, end_of_bracket, split_list
from motte.compiler.ir.types import type_end
from motte.errors import CompileError

_CLUE: Final = re.compile(r"\((?:i\d+ ptrtoint \(ptr|i8, ptr|ptr) (@" + NAME + r")")
_OPENING: Final = re.compile(
    r"(?P<operation>getelementptr|add|sub|xor|trunc|ptrtoint|ptrtoaddr|inttoptr|bitcast)"
    r"(?: (?:inbounds|nuw|nsw|nusw|inrange\([^)]*\)))* \("
)
_PLAIN: Final = re.compile(r"(?:ptrtoint|ptrtoaddr) \(ptr @" + NAME + r" to i(?:32|64)\)")
_CAST: Final = re.compile(r"(.*) to (\S+)")


class FunctionAddresses:
    """Rewrites the constants of one module's functions."""

    def __init__(self, module: Module) -> None:
        """Data cannot compute anything: a constant of this kind in a variable is refused."""
        self._module = module
        for line in module.lines():
            if line.startswith("@"):
                for _ in self._constants(line):
                    name = line.partition(" ")[0]
                    raise CompileError(f"{name} holds the address of a function with an offset")

    def rewrite(self, function: Function) -> None:
        """Replace the constants by values computed at the entry."""
        names = _CLUE.findall("\n".join(function.lines))
        if not any(map(self._module.is_function, names)):
            return
        known: dict[str, str] = {}
        entry: list[str] = []
        for index, line in enumerate(function.lines):
            for constant in self._constants(line):
                if constant not in known:
                    known[constant] = self._compute(function, constant, entry)[1]
                function.lines[index] = function.lines[index].replace(constant, known[constant])
        first = 1 if entry and LABEL.match(function.lines[0]) else 0
        function.lines[first:first] = entry

    def _constants(self, line: str) -> list[str]:
        """The outermost constant expressions that do more with a function's address than take it."""
        if not any(self._module.is_function(name) for name in _CLUE.findall(line)):
            return []
        found: list[str] = []
        position = 0
        while (opening := _OPENING.search(line, position)) is not None:
            end = end_of_bracket(line, opening.end() - 1)
            text = line[opening.start() : end]
            names = re.findall("@" + NAME, text)
            if any(map(self._module.is_function, names)) and not _PLAIN.fullmatch(text):
                found.append(text)
            position = end
        return found

    def _compute(self, function: Function, text: str, entry: list[str]) -> tuple[str, str]:
        """Type and value of a constant, after instructions appended to ``entry`` have run."""
        opening = _OPENING.match(text)
        if opening is None:
            return self._leaf(function, text, entry)
        value = function.fresh("constant")
        operation, inside = opening["operation"], text[opening.end() : -1]
        cast = _CAST.fullmatch(inside)
        if operation == "getelementptr":
            element, *operands = split_list(inside)
            computed = [self._operand(function, operand, entry) for operand in operands]
            entry.append(
                f"  {value} = getelementptr {element}, {', '.join(f'{kind} {name}' for kind, name in computed)}"
            )
            return "ptr", value
        if cast is not None:
            kind, name = self._operand(function, cast.group(1), entry)
            entry.append(f"  {value} = {operation} {kind} {name} to {cast.group(2)}")
            return cast.group(2), value
        (kind, left), (_, right) = (self._operand(function, operand, entry) for operand in split_list(inside))
        entry.append(f"  {value} = {operation} {kind} {left}, {right}")
        return kind, value

    def _operand(self, function: Function, text: str, entry: list[str]) -> tuple[str, str]:
        end = type_end(text)
        assert end is not None, text
        _, value = self._compute(function, text[end + 1 :], entry)
        return text[:end], value

    def _leaf(self, function: Function, text: str, entry: list[str]) -> tuple[str, str]:
        if not self._module.is_function(text):
            return "", text
        value = function.fresh("address")
        place = f"@.motte.address.{text[1:]}"
        self._module.require(f"{place} = private constant ptr {text}, align 8")
        entry.append(f"  {value} = load volatile ptr, ptr {place}, align 8")
        return "ptr", value
