"""Mutants of the verifier in C: its sources, each with one token or one statement changed.

What is changed: each comparison and its neighbours, ``&&`` and ``||`` with either operand dropped, each condition of
``if`` to both truth values, each ``!``, each number, each arithmetic or bitwise operator between two operands, and each
statement that assigns or calls.  What is not: declarations, loops' heads, preprocessor lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from enumeration.native_verifier import VERIFIER

_TOKEN = re.compile(
    r"(?P<skip>\s+|/\*.*?\*/|//[^\n]*|^[ \t]*#(?:[^\n\\]|\\\n|\\.)*|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')"
    r"|(?P<number>0[xX][0-9a-fA-F]+[uUlL]*|\d+[uUlL]*)"
    r"|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<sign>->|\+\+|--|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|.)",
    re.DOTALL | re.MULTILINE,
)
_OTHERS = {
    **{"==": ("!=",), "!=": ("==",), "<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<")},
    **{"+": ("-",), "-": ("+",), "*": ("+",), "%": ("*",), "&": ("|",), "|": ("&",), "^": ("|",)},
    **{"<<": (">>",), ">>": ("<<",), "&=": ("|=",), "|=": ("&=",), "+=": ("-=",), "-=": ("+=",)},
}
_ASSIGNMENTS = frozenset(("=", "+=", "-=", "|=", "&=", "++", "--"))
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")
_ENDS_OPERAND = frozenset((")", "]"))
_CONTROL = frozenset(("if", "for", "while", "switch", "return", "case", "goto", "sizeof", "else", "do", "default"))
LONGEST = 90


@dataclass(frozen=True)
class Token:
    """``end`` is where it ends in the text."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class NativeMutant:
    """One file's text between two places replaced."""

    path: Path
    name: str
    source: str


def all_native_mutants() -> Iterator[NativeMutant]:
    """Of every source file, in order."""
    for path in sorted(VERIFIER.glob("*.c")):
        yield from of_file(path, path.read_text())


def of_file(path: Path, text: str) -> Iterator[NativeMutant]:
    """The mutants of one file; a name is the function, what was there, and what is there now."""
    tokens = [
        Token(str(match.lastgroup), match.group(), match.start(), match.end())
        for match in _TOKEN.finditer(text)
        if match.lastgroup != "skip"
    ]
    seen: dict[str, int] = {}
    for start, end, new in sorted(set(_changes(tokens, text))):
        line_start, line_end = text.rfind("\n", 0, start) + 1, text.find("\n", end)
        line = " ".join(text[line_start:line_end].split())
        change = f"{_cut(text[start:end]) or 'nothing'} → {new or 'nothing'}"
        name = f"{path.stem}.{_function_at(text, start)}: {_cut(line)}: {change}"
        seen[name] = seen.get(name, 0) + 1
        number = f" ({seen[name]})" if seen[name] > 1 else ""
        yield NativeMutant(path, name + number, text[:start] + new + text[end:])


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}…{text[-LONGEST // 2 :]}"


def _function_at(text: str, place: int) -> str:
    heads = re.findall(r"^[a-z][^\n;={]*?\b(\w+)\([^;{]*?\)\n\{", text[:place], re.MULTILINE)
    return heads[-1] if heads else "file"


def _changes(tokens: list[Token], text: str) -> Iterator[tuple[int, int, str]]:
    depth = 0
    for index, token in enumerate(tokens):
        depth += (token.text == "{") - (token.text == "}")
        before = tokens[index - 1] if index else None
        if token.kind == "number" and not (before and before.text in (".", "->")):
            suffix = re.sub(r"^(0[xX][0-9a-fA-F]+|\d+)", "", token.text)
            value = int(token.text.removesuffix(suffix) if suffix else token.text, 0)
            yield from ((token.start, token.end, f"{value + step}{suffix}") for step in (1, -1) if value + step >= 0)
        if depth == 0:
            continue
        between = before is not None and (before.kind in ("number", "word") or before.text in _ENDS_OPERAND)
        if token.text in _OTHERS and between and not (token.text in "*&" and _declares(tokens, index)):
            yield from ((token.start, token.end, other) for other in _OTHERS[token.text])
        elif token.text == "!":
            yield token.start, token.end, ""
        elif token.text in ("&&", "||"):
            yield token.start, token.end, "||" if token.text == "&&" else "&&"
            yield token.start, tokens[_operand_end(tokens, index)].start, ""
            yield tokens[_operand_start(tokens, index)].start, token.end, ""
        elif token.text == "if":
            close = _matching(tokens, index + 1)
            yield from ((tokens[index + 1].start, tokens[close].end, value) for value in ("(1)", "(0)"))
        if before is not None and before.text in (";", "{", "}", ")", "else", ":"):
            end = _statement_end(tokens, index)
            if end:
                yield token.start, tokens[end].end, ";"


def _declares(tokens: list[Token], index: int) -> bool:
    """Whether ``*`` belongs to a declaration or a cast."""
    before = tokens[index - 1].text
    return (
        before.endswith("_t")
        or before in ("char", "void", "const")
        or tokens[index - 2].text in ("struct", "const", "enum")
    )


def _matching(tokens: list[Token], index: int) -> int:
    depth = 0
    for place in range(index, len(tokens)):
        depth += (tokens[place].text in _OPEN) - (tokens[place].text in _CLOSE)
        if depth == 0:
            return place
    raise AssertionError("unbalanced")


def _operand_end(tokens: list[Token], index: int) -> int:
    depth = 0
    for place in range(index + 1, len(tokens)):
        text = tokens[place].text
        if depth == 0 and (text in _CLOSE or text in ("&&", "||", ";", "?", ":", ",")):
            return place
        depth += (text in _OPEN) - (text in _CLOSE)
    raise AssertionError("unbalanced")


def _operand_start(tokens: list[Token], index: int) -> int:
    depth = 0
    for place in range(index - 1, -1, -1):
        text = tokens[place].text
        if depth == 0 and (text in _OPEN or text in ("&&", "||", ";", "?", ":", ",", "=", "return")):
            return place + 1
        depth += (text in _CLOSE) - (text in _OPEN)
    raise AssertionError("unbalanced")


def _statement_end(tokens: list[Token], index: int) -> int:
    """The semicolon of a statement that begins here and assigns or only calls; 0 if it does not."""
    first = tokens[index]
    if first.text in _CONTROL or (first.kind != "word" and first.text not in ("*", "++", "--")):
        return 0
    if first.kind == "word" and tokens[index + 1].kind == "word":
        return 0
    depth, assigns = 0, False
    for place in range(index, len(tokens)):
        text = tokens[place].text
        depth += (text in _OPEN) - (text in _CLOSE)
        if depth < 0 or text in ("{", "}"):
            return 0
        assigns = assigns or (depth == 0 and text in _ASSIGNMENTS)
        if depth == 0 and text == ";":
            calls = first.kind == "word" and tokens[index + 1].text == "("
            declares = tokens[index + 1].text == "*" and tokens[index + 2].kind == "word"
            return place if (assigns or calls) and not declares else 0
    return 0
