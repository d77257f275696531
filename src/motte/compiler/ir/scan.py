"""Lexical facts of LLVM's textual IR: brackets, quotes, names, lists.

Strings hold no quote inside (LLVM writes ``\\22``), so a quoted string is always
``"[^"]*"``, and every bracket outside one is structure: ``<`` and ``>`` only
delimit vectors and packed structures, for comparisons are words.
"""

from __future__ import annotations

import re
from typing import Final

from motte.errors import CompileError

NAME: Final = r'(?:[-\w$.]+|"[^"]*")'
"""What follows ``@``, ``%`` or ``$``: plain, numbered, or quoted."""

_STRUCTURE: Final = re.compile(r'"[^"]*"|[()\[\]{}<>,]')
_OPENING: Final = frozenset("([{<")
_CLOSING: Final = frozenset(")]}>")


class IRTextError(CompileError):
    """The text is not what LLVM prints; a bug of ours, or a construct nobody taught this package."""


def end_of_bracket(text: str, start: int) -> int:
    """Index just after the bracket that closes the one at ``start``."""
    depth = 0
    for match in _STRUCTURE.finditer(text, start):
        symbol = match.group()
        if symbol in _OPENING:
            depth += 1
        elif symbol in _CLOSING:
            depth -= 1
            if depth == 0:
                return match.end()
    raise IRTextError(f"unbalanced brackets: {text[start : start + 80]}")


def split_list(text: str) -> list[str]:
    """Split at commas outside brackets and quotes; ``''`` is the empty list."""
    if not text.strip():
        return []
    if "," not in text:
        return [text.strip()]
    parts: list[str] = []
    depth = begin = 0
    for match in _STRUCTURE.finditer(text):
        symbol = match.group()
        if symbol in _OPENING:
            depth += 1
        elif symbol in _CLOSING:
            depth -= 1
        elif symbol == "," and depth == 0:
            parts.append(text[begin : match.start()].strip())
            begin = match.end()
    parts.append(text[begin:].strip())
    return parts


def without_strings(text: str) -> str:
    """The text with the contents of every quoted string blanked, same length, so that words can be searched."""
    if '"' not in text:
        return text
    return re.sub(r'"[^"]*"', lambda match: '"' + "_" * (len(match.group()) - 2) + '"', text)
