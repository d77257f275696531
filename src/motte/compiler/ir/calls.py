"""One call instruction, taken apart and put together again.

    [%result =] [tail|musttail|notail] call [fast-math] [convention] [attributes]
        type callee(arguments) [#group | attributes] [[ bundles ]] [, !metadata …]

Only lines that a pass changes are parsed; ``str(call)`` gives back LLVM's form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from motte.compiler.ir.scan import NAME, IRTextError, end_of_bracket, split_list
from motte.compiler.ir.types import type_end

CALL_LINE: Final = re.compile(r"^  (?:%" + NAME + r" = )?(?:(?:tail|musttail|notail) )?call ")

_HEAD: Final = re.compile(r"^  (?:(%" + NAME + r") = )?(?:(tail|musttail|notail) )?call ")
_PLAIN_CALLEE: Final = re.compile(r"[@%]" + NAME)
_ATTRIBUTE: Final = re.compile(
    r"(?:align \d+|(?:[a-z_]+(?=\())|[a-z_]+(?= )|\"[^\"]*\"(?:=\"[^\"]*\")?)",
)
_NOT_ATTRIBUTES: Final = frozenset((
    "null", "undef", "poison", "true", "false", "none", "zeroinitializer", "splat", "c", "inttoptr", "ptrtoint",
    "ptrtoaddr", "bitcast", "addrspacecast", "getelementptr", "trunc", "add", "sub", "xor", "blockaddress",
    "dso_local_equivalent", "no_cfi", "ptrauth", "asm", "nan", "inf",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument or parameter: its type, its attributes as written, and its value (or name, or nothing)."""

    type: str
    attributes: tuple[str, ...]
    value: str

    def __str__(self) -> str:
        """The text, as LLVM writes it."""
        return " ".join(part for part in (self.type, *self.attributes, self.value) if part)

    def attribute(self, name: str) -> str | None:
        """The attribute called ``name`` as written (``byval(%struct.S)``), or ``None``."""
        for attribute in self.attributes:
            if attribute == name or attribute.startswith((name + "(", name + " ")):
                return attribute
        return None

    def without(self, *names: str) -> Argument:
        """The same argument with these attributes dropped."""
        dropped = {self.attribute(name) for name in names}
        return replace(self, attributes=tuple(item for item in self.attributes if item not in dropped))

    @property
    def byval_type(self) -> str | None:
        """The type that is passed by copy, if it is."""
        written = self.attribute("byval")
        return None if written is None else written[len("byval(") : -1]

    def alignment(self, default: int) -> int:
        """The ``align`` attribute in bytes, or ``default``."""
        written = self.attribute("align")
        return default if written is None else int(written[len("align ") :])


@dataclass(frozen=True, slots=True)
class Call:
    """A call instruction; ``type`` is the function type if variadic, else the result type, as LLVM prints it."""

    result: str | None
    tail: str
    prefix: str
    """Fast-math flags, calling convention and result attributes."""
    type: str
    callee: str
    arguments: tuple[Argument, ...]
    suffix: str
    """Function attributes, operand bundles and metadata, with its leading space or comma."""

    def __str__(self) -> str:
        """The text, as LLVM writes it."""
        result = f"{self.result} = " if self.result else ""
        tail = f"{self.tail} " if self.tail else ""
        prefix = f"{self.prefix} " if self.prefix else ""
        arguments = ", ".join(map(str, self.arguments))
        return f"  {result}{tail}call {prefix}{self.type} {self.callee}({arguments}){self.suffix}"

    @property
    def result_type(self) -> str:
        """The type of the value, whether or not the whole function type is written."""
        return self.type.rpartition(" (")[0] if self.type.endswith(")") else self.type

    @property
    def is_variadic(self) -> bool:
        """Whether the callee's type ends in ``...``."""
        return self.type.endswith("...)")

    @property
    def is_direct(self) -> bool:
        """Whether the callee is a global name."""
        return self.callee.startswith("@")


def parse_call(line: str) -> Call:
    """Take a call instruction apart."""
    head = _HEAD.match(line)
    if head is None:
        raise IRTextError(f"not a call: {line}")
    attributes, position = _attributes(line, head.end())
    end = type_end(line, position)
    if end is None:
        raise IRTextError(f"call without a type: {line}")
    call_type = line[position:end]
    callee, open_bracket = _callee(line, end + 1)
    close = end_of_bracket(line, open_bracket)
    arguments = tuple(parse_argument(part) for part in split_list(line[open_bracket + 1 : close - 1]))
    return Call(
        head.group(1), head.group(2) or "", " ".join(attributes), call_type, callee, arguments, line[close:].rstrip()
    )


def parse_argument(text: str) -> Argument:
    """``type attributes value``; for a parameter the value is its name, or empty."""
    if text == "...":
        return Argument("...", (), "")
    end = type_end(text)
    if end is None:
        raise IRTextError(f"argument without a type: {text}")
    if text[:end] == "metadata":
        return Argument("metadata", (), text[end + 1 :])
    attributes, position = _attributes(text + " ", end + 1)
    return Argument(text[:end], tuple(attributes), text[position:].strip())


def _callee(line: str, start: int) -> tuple[str, int]:
    """The callee's text, and the index of the bracket that opens the arguments."""
    plain = _PLAIN_CALLEE.match(line, start)
    if plain:
        return plain.group(), plain.end()
    bracket = line.index("(", start)
    if line.startswith("asm ", start):
        raise IRTextError(f"inline assembly: {line}")
    expression = line[start:bracket].strip()
    if expression in ("null", "undef", "poison"):
        return expression, bracket
    end = end_of_bracket(line, bracket)  # a constant expression, e.g. inttoptr (i64 5 to ptr)
    return line[start:end], end


def _attributes(text: str, start: int) -> tuple[list[str], int]:
    """The attribute words from ``start`` on, and the index of what follows them."""
    found: list[str] = []
    while type_end(text, start) is None:
        match = _ATTRIBUTE.match(text, start)
        if match is None or match.group() in _NOT_ATTRIBUTES:
            break
        end = match.end()
        if text[end] == "(":
            end = end_of_bracket(text, end)
        found.append(text[start:end])
        start = end + 1
    return found, start
