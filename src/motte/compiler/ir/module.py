"""A printed module as a list of top-level lines and functions, in order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from motte.compiler.ir.attributes import AttributeGroups
from motte.compiler.ir.functions import Function, Header, parse_header
from motte.compiler.ir.scan import NAME
from motte.compiler.ir.types import Types

_GLOBAL_LINE: Final = re.compile(r"^(@" + NAME + r") = ")
_DECLARED_NAME: Final = re.compile(r" (@" + NAME + r")\(")
_ALIAS_LINE: Final = re.compile(r"^(@" + NAME + r") = [^\"]*?\balias ")


class Module:
    """The text of one module, editable."""

    def __init__(self, text: str) -> None:
        """Split LLVM's printed form."""
        self.items: list[str | Function] = []
        groups: list[str] = []
        lines = iter(text.split("\n"))
        for line in lines:
            if line.startswith("define "):
                self.items.append(Function(parse_header(line), _body(lines)))
            elif line and not line.startswith((";", "attributes #")):
                self.items.append(line)
            elif line.startswith("attributes #"):
                groups.append(line)
        self.types = Types(self.lines())
        self.attributes = AttributeGroups(groups)
        self.prototypes: tuple[str, ...] = ()
        """Of what the host may call: see :mod:`motte.compiler.prototypes`."""
        self._functions = self._function_names()
        self._names = self._functions | self._global_names()

    def __str__(self) -> str:
        """The text, as LLVM writes it."""
        return "\n".join([*map(str, self.items), *self.attributes.lines(), ""])

    def lines(self) -> list[str]:
        """The top-level lines: everything but function definitions."""
        return [item for item in self.items if isinstance(item, str)]

    def functions(self) -> Iterator[Function]:
        """The definitions, in order."""
        return (item for item in self.items if isinstance(item, Function))

    def is_function(self, name: str) -> bool:
        """Whether a direct call may use the name: defined, declared, or an alias (of whatever it names)."""
        return name in self._functions or name.startswith("@llvm.")

    def _function_names(self) -> set[str]:
        lines = self.lines()
        declared = {match.group(1) for line in lines if (match := _declaration(line))}
        aliases = {match.group(1) for line in lines if (match := _ALIAS_LINE.match(line))}
        return declared | aliases | {function.header.name for function in self.functions()}

    def _global_names(self) -> set[str]:
        return {match.group(1) for line in self.lines() if (match := _GLOBAL_LINE.match(line))}

    def declarations(self) -> list[Header]:
        """Headers of the functions that are only declared."""
        return [parse_header(line) for line in self.lines() if line.startswith("declare ")]

    def require(self, line: str) -> None:
        """Add a declaration or a variable unless its name is there already."""
        match = _declaration(line) or _GLOBAL_LINE.match(line)
        assert match is not None, line
        if match.group(1) not in self._names:
            self._names.add(match.group(1))
            if line.startswith("declare "):
                self._functions.add(match.group(1))
            self.items.append(line)


def _declaration(line: str) -> re.Match[str] | None:
    return _DECLARED_NAME.search(line) if line.startswith("declare ") else None


def _body(lines: Iterator[str]) -> list[str]:
    body: list[str] = []
    for line in lines:
        if line == "}":
            return body
        if line:
            body.append(line)
    return body
