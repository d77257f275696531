"""The lexical grammar of LLVM's AT&T output, as far as it is accepted; the rest is an error.

Symbols may be quoted strings chosen by whoever wrote the input, with any printable character
inside.  Nothing here ever searches *for* a character in a line, because the character may
be inside quotes; every pattern consumes the text from its start, and what no pattern
matches is refused.  What is emitted is put together from matched tokens only.
"""

import re
from typing import Final

from motte.compiler.confine.errors import Unconfinable

SYMBOL: Final = r'(?:[A-Za-z_.][A-Za-z0-9_.$]*|"(?:[^"\\]|\\.)*")'
DIGITS: Final = "[0-9]{1,20}"
"""As many as 64 bits need: Python refuses to convert very long numbers."""
NUMBER: Final = rf"-?(?:0x[0-9a-fA-F]{{1,16}}|{DIGITS})"
EXPRESSION: Final = rf"(?:{SYMBOL}(?:[+-]{DIGITS})*|{NUMBER})"
STRING: Final = r'"(?:[^"\\]|\\.)*"'

_FORBIDDEN_CHARACTER = re.compile(r"[^\t\n\x20-\x7e]")
_STRING_OR_COMMENT = re.compile(rf"({STRING})|[^\"#]+|(#)")
_ESCAPE = re.compile(r"\\(.)")
_SYMBOL_PREFIX = re.compile(SYMBOL)


def split_lines(assembly: str) -> list[str]:
    """Lines of the text, which must be printable ASCII with tabs; LLVM escapes everything else."""
    forbidden = _FORBIDDEN_CHARACTER.search(assembly)
    if forbidden is not None:
        line = assembly.count("\n", 0, forbidden.start()) + 1
        raise Unconfinable(f"character {forbidden.group()!r} in line {line} of the assembly")
    return assembly.split("\n")


def without_comment(line: str) -> str:
    """``line`` up to a ``#`` that is not inside a quoted string, without trailing blanks.

    >>> without_comment('\\t.asciz\\t"a # b" # c')
    '\\t.asciz\\t"a # b"'
    """
    position = 0
    while position < len(line):
        token = _STRING_OR_COMMENT.match(line, position)
        if token is None:
            raise Unconfinable("a quoted string does not end")
        if token.group(2) is not None:
            return line[:position].rstrip()
        position = token.end()
    return line.rstrip()


def symbol_name(symbol: str) -> str:
    """The name that a plain or quoted symbol stands for.

    >>> symbol_name('"a\\\\"b"'), symbol_name("main")
    ('a"b', 'main')
    """
    if not symbol.startswith('"'):
        return symbol
    return _ESCAPE.sub(lambda escape: "\n" if escape.group(1) == "n" else escape.group(1), symbol[1:-1])


def leading_symbol(expression: str) -> str:
    """The symbol that an expression begins with, as written, or "" for a number."""
    symbol = _SYMBOL_PREFIX.match(expression)
    return symbol.group() if symbol else ""
