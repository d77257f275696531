"""What registers carry, as far as LLVM's types tell."""

from __future__ import annotations

import re
from typing import Final

from motte.compiler.ir.functions import Header
from motte.compiler.ir.types import Types

_VECTOR: Final = {"float": "f", "double": "d"}
_UNKNOWN: Final = {8: "b", 16: "h", 32: "k", 64: "K"}
_SIGNED: Final = {8: "b", 16: "h", 32: "i", 64: "q"}
_UNSIGNED: Final = {8: "B", 16: "H", 32: "I", 64: "Q"}
_SHOWN: Final = {"ptr": "void *", "float": "float", "double": "double", "void": "void"}


def problem_of(types: Types, header: Header) -> str | None:
    """Why the host cannot call a function with this header, or ``None``."""
    if header.variadic:
        return "it takes a variable number of arguments"
    if any(item.byval_type is not None for item in header.parameters):
        return "it takes a structure by value: pass a pointer to it"
    for text in (header.result, *(item.type for item in header.parameters)):
        if not shape_of(types, text, ())[0]:
            return f"a value of type {text} cannot be passed"
    return None


def shape_of(types: Types, text: str, attributes: tuple[str, ...]) -> tuple[str, str]:  # noqa: PLR0911 (a table of cases)
    """Letter and C type of a value; the letter is empty for what cannot be passed."""
    resolved = types.resolve(text) if text != "void" else text
    if resolved == "void":
        return "v", "void"
    if resolved == "ptr":
        return "P", _SHOWN["ptr"]
    if resolved in _VECTOR:
        return _VECTOR[resolved], _SHOWN[resolved]
    match = re.fullmatch(r"i(1|8|16|32|64)", resolved)
    if match is None:
        return "", text
    bits = int(match.group(1))
    if bits == 1:
        return "?", "bool"
    if "zeroext" in attributes:
        return _UNSIGNED[bits], f"uint{bits}_t"
    return (_SIGNED if "signext" in attributes else _UNKNOWN)[bits], f"int{bits}_t"
