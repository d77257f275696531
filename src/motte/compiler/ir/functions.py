"""A function's header taken apart, and its body as lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from motte.compiler.ir.calls import Argument, parse_argument
from motte.compiler.ir.scan import NAME, IRTextError, end_of_bracket, split_list
from motte.compiler.ir.types import type_end

LABEL: Final = re.compile(r"^(" + NAME + r"):")
_NAME_OF_FUNCTION: Final = re.compile(r" (@" + NAME + r")\(")


@dataclass(slots=True)
class Header:
    """``define|declare PREFIX TYPE @name(PARAMETERS) SUFFIX``."""

    keyword: str
    prefix: str
    """Linkage, visibility, calling convention, attributes of the result."""
    result: str
    name: str
    parameters: list[Argument]
    variadic: bool
    suffix: str
    """Everything after the parameters; a definition's brace is not part of it."""

    def __str__(self) -> str:
        """The text, as LLVM writes it."""
        parameters = ", ".join([*map(str, self.parameters), *(["..."] if self.variadic else [])])
        prefix = f"{self.prefix} " if self.prefix else ""
        brace = " {" if self.keyword == "define" else ""
        return f"{self.keyword} {prefix}{self.result} {self.name}({parameters}){self.suffix}{brace}"


def parse_header(line: str) -> Header:
    """Take a ``define`` or ``declare`` line apart."""
    match = _NAME_OF_FUNCTION.search(line)
    if match is None:
        raise IRTextError(f"function without a name: {line}")
    keyword, _, front = line[: match.start()].partition(" ")
    start = _start_of_last_type(front)
    close = end_of_bracket(line, match.end() - 1)
    parts = split_list(line[match.end() : close - 1])
    variadic = bool(parts) and parts[-1] == "..."
    parameters = [parse_argument(part) for part in (parts[:-1] if variadic else parts)]
    suffix = line[close:].rstrip()
    if keyword == "define":
        suffix = suffix.removesuffix("{").rstrip()
    return Header(keyword, front[:start].rstrip(), front[start:], match.group(1), parameters, variadic, suffix)


def _start_of_last_type(front: str) -> int:
    """Where the result type begins: the first place whose type reaches the end of ``front``."""
    for place in re.finditer(r"(?:^|(?<= ))(?=\S)", front):
        if type_end(front, place.start()) == len(front):
            return place.start()
    raise IRTextError(f"function without a result type: {front}")


@dataclass(slots=True)
class Function:
    """A definition.  Passes replace ``lines``; new values get names that the text does not use yet."""

    header: Header
    lines: list[str]
    entry_allocas: list[str] = field(default_factory=list)
    """Allocations that a pass wants at the beginning of the entry block."""
    _serial: int = 0
    _stem: str = ""

    @property
    def stem(self) -> str:
        """Prefix of new names; no local name of the text begins with it and a dot."""
        if not self._stem:
            text = "\n".join([str(self.header), *self.lines])
            self._stem = "motte"
            while f"%{self._stem}." in text or f"\n{self._stem}." in text:
                self._stem += "_"
        return self._stem

    def fresh(self, purpose: str) -> str:
        """A new local name such as ``%motte.3.area``."""
        self._serial += 1
        return f"%{self.stem}.{self._serial}.{purpose}"

    def mentions(self, *clues: str) -> bool:
        """Whether any of these words occurs in the body; a quick way past functions that a pass leaves alone."""
        text = "\n".join(self.lines)
        return any(clue in text for clue in clues)

    def __str__(self) -> str:
        """The text, as LLVM writes it."""
        body = [*self.entry_allocas, *self.lines]
        if self.entry_allocas and LABEL.match(self.lines[0]):
            body = [self.lines[0], *self.entry_allocas, *self.lines[1:]]
        return "\n".join([str(self.header), *body, "}"])
