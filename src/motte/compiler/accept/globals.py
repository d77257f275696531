"""Globals in one plain form: linkage, address significance, type, value, alignment.

Everything else that a global may carry reaches the assembly text (sections,
partitions, comdats), or chooses an addressing mode that confined code does not
have (thread-local, preemptible, imported), and is dropped.
"""

from __future__ import annotations

import re
from math import prod
from typing import Final

from motte.compiler.ir.scan import NAME, without_strings
from motte.errors import CompileError

GREATEST_ALIGNMENT: Final = 4096

_NUMBERS: Final = re.compile(r"((?:\[\d+ x )+)(i8|i16|i32|i64|float|double)\]")
_NUMBER_SIZES: Final = {"i8": 1, "i16": 2, "i32": 4, "i64": 8, "float": 4, "double": 8}
_CACHE_LINE: Final = 64
_LARGE_ARRAY: Final = 512
"""Bytes from which an array of numbers starts on a cache line: a loop over it in 64-byte vectors would otherwise
touch two lines with every access, which costs half its speed."""

_GLOBAL: Final = re.compile(r"^(@" + NAME + r") = ((?:\w+(?:\([^)]*\))? )*?)(global|constant|alias|ifunc) (.*)$")
_TRAILER: Final = re.compile(
    r', (?:(?:section|partition|code_model) "[^"]*"|comdat(?:\(\$[^)]*\))?|align (\d+)|(?:no_)?sanitize_\w+'
    r"|(!dbg !\d+)|![\w.]+ !\d+)"
)
_ASSOCIATED_DATA: Final = re.compile(r"(\{ i32 -?\d+, ptr @" + NAME + r", )ptr @" + NAME + r" \}")
"""A constructor may be tied to a variable's comdat; there are none."""
_LINKAGES: Final = frozenset((
    "private", "internal", "available_externally", "linkonce", "weak", "common", "appending", "extern_weak",
    "linkonce_odr", "weak_odr", "external",
))  # fmt: skip
_KEPT: Final = frozenset(("unnamed_addr", "local_unnamed_addr", "externally_initialized"))
_VISIBLE_DEFINITIONS: Final = frozenset(("", "weak", "weak_odr", "linkonce", "linkonce_odr", "common"))


def linkage_of(words: list[str]) -> str:
    """The linkage among a definition's words; ``''`` for the default."""
    return next((word for word in words if word in _LINKAGES), "")


def final_linkage(linkage: str, name: str, public: frozenset[str] | None) -> str:
    """Internalise what nobody outside needs; a common symbol is a weak one, and an unnamed one is private."""
    if name[1:].isdigit() and linkage not in ("extern_weak", "external"):
        return "private"
    if linkage not in _VISIBLE_DEFINITIONS:
        return linkage
    if public is not None and name[1:] not in public:
        return "internal"
    return "weak" if linkage == "common" else linkage


def locality(linkage: str) -> str:
    """Every symbol resolves inside the program; LLVM implies it for local ones."""
    return "" if linkage in ("private", "internal") else "dso_local"


def normalise_global(line: str, public: frozenset[str] | None, debug: bool) -> str:
    """One ``@name = …`` line in the plain form."""
    match = _GLOBAL.match(line)
    if match is None:
        raise CompileError(f"cannot read this global: {line[:200]}")
    name, prefix, keyword, rest = match.groups()
    if keyword == "ifunc":
        raise CompileError(f"{name} is an ifunc: its resolver would choose code at load time")
    words = prefix.split()
    linkage = linkage_of(words)
    if not name.startswith("@llvm."):
        linkage = final_linkage(linkage, name, public)
    rest, trailers = _split_trailers(rest)
    if name in ("@llvm.global_ctors", "@llvm.global_dtors"):
        rest = _ASSOCIATED_DATA.sub(r"\1ptr null }", rest)
    words = [linkage, locality(linkage), *(word for word in words if word in _KEPT), keyword, rest]
    kept = _kept_trailers(name, trailers, debug)
    if linkage not in ("appending", "external", "extern_weak", "available_externally"):
        kept = _on_a_cache_line(rest, kept)
    return f"{name} = {' '.join(word for word in words if word)}{kept}"


def _on_a_cache_line(value: str, trailers: str) -> str:
    """The properties of a large array of numbers, with at least a cache line's alignment."""
    match = _NUMBERS.match(value)
    if match is None:
        return trailers
    lengths = [int(length) for length in re.findall(r"\d+", match.group(1))]
    align = re.search(r", align (\d+)", trailers)
    if prod(lengths) * _NUMBER_SIZES[match.group(2)] < _LARGE_ARRAY or (align and int(align.group(1)) >= _CACHE_LINE):
        return trailers
    return f", align {_CACHE_LINE}" + re.sub(r", align \d+", "", trailers)


def _split_trailers(rest: str) -> tuple[str, list[re.Match[str]]]:
    """Cut the properties after the initial value off, last one first."""
    blank = without_strings(rest)
    end = len(rest)
    trailers: list[re.Match[str]] = []
    while (comma := blank.rfind(", ", 0, end)) >= 0:
        match = _TRAILER.fullmatch(rest, comma, end)
        if match is None:
            break
        trailers.append(match)
        end = comma
    return re.sub(r" #\d+$", "", rest[:end]), trailers


def _kept_trailers_of_special(name: str) -> str:
    """LLVM emits nothing for its lists of used symbols, by this section's name."""
    return ', section "llvm.metadata"' if name in ("@llvm.used", "@llvm.compiler.used") else ""


def _kept_trailers(name: str, trailers: list[re.Match[str]], debug: bool) -> str:
    kept = _kept_trailers_of_special(name)
    for trailer in reversed(trailers):
        align, location = trailer.groups()
        if align is not None and int(align) > GREATEST_ALIGNMENT:
            raise CompileError(f"{name} is aligned to {align} bytes, more than {GREATEST_ALIGNMENT}")
        if align is not None or (location is not None and debug):
            kept += trailer.group()
    return kept
