"""Symbol names reach the assembly text, so each is a plain identifier, or gets a plain name.

A name with a quote or a newline in it must not become a directive, one that looks
like a label of LLVM's own (``.LJTI0_0``) must not stand for it, and a dollar sign
in front makes an operand an immediate.  The new name depends on the old one alone,
so that two objects that mean the same symbol still do.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Final

from motte.abi.symbols import FUNCTION_TABLE, FUNCTION_TABLE_MASK
from motte.compiler.ir.scan import NAME
from motte.errors import CompileError

_PLAIN: Final = re.compile(r"[A-Za-z_][\w.$]*")
_PRIVATE: Final = re.compile(r"\.(?!motte\.)[a-z_][\w.$]*|__\w[\w.$]*|switch\.table\.[\w.$]+")
_LONGEST: Final = 512
_RESERVED: Final = (FUNCTION_TABLE, FUNCTION_TABLE_MASK)
_SPECIAL: Final = frozenset(("llvm.used", "llvm.compiler.used", "llvm.global_ctors", "llvm.global_dtors"))
_ANNOTATIONS: Final = "llvm.global.annotations"
_DEFINED: Final = re.compile(
    r"^@(?P<variable>"
    + NAME
    + r") = (?P<private>private )?|^(?P<keyword>define|declare) (?P<words>.*?)@(?P<function>"
    + NAME
    + r")\(",
    re.MULTILINE,
)
_QUOTED: Final = re.compile(r'@"[^"]*"|"[^"]*"')
_UNQUOTED: Final = re.compile(r"@([-\w$.]+)")


def plain_symbols(text: str) -> str:
    """The module with every global name a plain identifier."""
    renamed: dict[str, str] = {}
    for match in _DEFINED.finditer(text):
        name = match["variable"] or match["function"]
        is_variable = match["variable"] is not None
        private = match["private"] is not None or (match["words"] or "").startswith("private ")
        new = _plain_name(name, is_variable, private)
        if new != name:
            renamed[f"@{name}"] = f"@{new}"
    if any(name.startswith('@"') for name in renamed):
        text = _QUOTED.sub(lambda match: renamed.get(match.group(), match.group()), text)
    if any(not name.startswith('@"') for name in renamed):
        text = _rename_unquoted(text, renamed)
    return text


def _plain_name(name: str, is_variable: bool, private: bool) -> str:
    if name.isdigit():
        return name
    if name in _RESERVED:
        raise CompileError(f"the symbol {name} is reserved")
    if name.startswith("llvm."):
        if is_variable and name not in _SPECIAL and name != _ANNOTATIONS:
            raise CompileError(f"the variable {name} has a meaning that is not supported")
        return name
    if len(name) <= _LONGEST and (_PRIVATE if private else _PLAIN).fullmatch(name):
        return name
    digest = blake2b(name.encode(), digest_size=6).hexdigest()
    readable = re.sub(r"\W+", "_", name.strip('"'))[:64].strip("_")
    return f"{'.' if private else ''}renamed.{digest}.{readable}"


def _rename_unquoted(text: str, renamed: dict[str, str]) -> str:
    """Names without quotes, not touching what stands inside quotes."""
    parts = re.split(r'("[^"]*")', text)
    for index in range(0, len(parts), 2):
        if "@" in parts[index]:
            parts[index] = _UNQUOTED.sub(lambda match: renamed.get(match.group(), match.group()), parts[index])
    return "".join(parts)
