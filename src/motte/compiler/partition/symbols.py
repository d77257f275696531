"""The symbols of a module as a partition sees them, and the forms that their text takes in a part."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from motte.compiler.ir.functions import Function, Header
from motte.compiler.ir.scan import NAME
from motte.compiler.ir.types import type_end

NAME_OR_STRING: Final = re.compile(r'"[^"]*"|@[-\w$.]+')
"""A global name, or a string, in which an at sign means nothing; names are plain by now."""
USED_LISTS: Final = ("@llvm.used ", "@llvm.compiler.used ")

_VARIABLE: Final = re.compile(r"^(@" + NAME + r") = (.*?)(global|constant|alias) (.*)$")
_LOCAL: Final = re.compile(r"\b(?:private|internal) ")
_LINKAGE: Final = re.compile(
    r"\b(?:private|internal|weak_odr|weak|linkonce_odr|linkonce|available_externally|external|dso_local)(?: |$)"
)
_INTERPOSABLE: Final = re.compile(r"\b(?:weak|linkonce|available_externally)(?: |$)")
_LABEL_ADDRESS: Final = re.compile(r"blockaddress\((@" + NAME + r"), ")
_COPIED_LENGTH: Final = 2048


def label_owners(text: str) -> list[str]:
    """Functions whose labels ``text`` takes the addresses of."""
    return sorted(set(_LABEL_ADDRESS.findall(text)))


@dataclass(slots=True)
class Piece:
    """A function with its text, the part that defines it, and the names that it uses."""

    function: Function
    text: str
    names: frozenset[str]
    part: int = 0

    @property
    def header(self) -> Header:
        """The header as it was in the whole module."""
        return self.function.header

    @property
    def is_local(self) -> bool:
        """Whether only the module itself sees the symbol."""
        return bool(_LOCAL.match(f"{self.header.prefix} "))

    @property
    def may_be_replaced(self) -> bool:
        """Whether another object may define the function differently."""
        return bool(_INTERPOSABLE.search(self.header.prefix))

    def pinned(self) -> str:
        """The definition, kept even if its own part has no use for it."""
        return self.with_linkage("dso_local") if self.is_local else _pinned(self.text)

    def with_linkage(self, linkage: str) -> str:
        """The definition under another linkage."""
        prefix = f"{linkage} {_LINKAGE.sub('', self.header.prefix)}".rstrip()
        return str(replace(self.header, prefix=prefix)) + self.text[len(str(self.header)) :]

    def declaration(self, name: str = "") -> str:
        """A declaration of the function, or of an alias of it."""
        header = self.header
        parameters = [replace(parameter, value="") for parameter in header.parameters]
        suffix = re.sub(r" (?:!\w+ !\d+|align \d+)", "", header.suffix)
        prefix = f"dso_local {_LINKAGE.sub('', header.prefix)}".rstrip()
        name = name or header.name
        return str(replace(header, keyword="declare", prefix=prefix, name=name, parameters=parameters, suffix=suffix))


@dataclass(slots=True)
class Variable:
    """A global that is no function: its line, the part that defines it, and the names that its value uses."""

    name: str
    line: str
    keyword: str
    value: str
    names: frozenset[str]
    part: int = 0

    @property
    def is_alias(self) -> bool:
        """Whether it is another name of something."""
        return self.keyword == "alias"

    @property
    def is_local(self) -> bool:
        """Whether only the module itself sees the symbol."""
        return self.line.partition(" = ")[2].startswith(("private ", "internal "))

    @property
    def is_copied(self) -> bool:
        """Whether it is a small plain constant whose address means nothing."""
        is_constant = " unnamed_addr constant " in self.line[: len(self.name) + 60]
        return is_constant and self.is_local and not self.names and len(self.line) < _COPIED_LENGTH

    def pinned(self) -> str:
        """The definition, kept even if its own part has no use for it."""
        name, _, rest = self.line.partition(" = ")
        return f"{name} = {_pinned(_LOCAL.sub('dso_local ', rest, count=1) if self.is_local else rest)}"

    def declaration(self) -> str:
        """A declaration of the variable (an alias of a function has the function's)."""
        keyword = "global" if self.is_alias else self.keyword
        return f"{self.name} = external dso_local {keyword} {self.value[: type_end(self.value)]}"


def read_function(function: Function) -> Piece:
    """A definition with its names."""
    text = str(function)
    return Piece(function, text, _names(text) - {function.header.name})


def read_variable(line: str) -> Variable | None:
    """The variable or alias that a top-level line defines or declares, if it does."""
    match = _VARIABLE.match(line) if line.startswith("@") else None
    if match is None:
        return None
    name, _, keyword, value = match.groups()
    return Variable(name, line, keyword, value, _names(value))


def _pinned(text: str) -> str:
    """What may be dropped where it is not used is kept, and still gives way to another definition."""
    return re.sub(r"\blinkonce(?=_odr | )", "weak", text, count=1)


def _names(text: str) -> frozenset[str]:
    return frozenset(name for name in NAME_OR_STRING.findall(text) if name.startswith("@"))
