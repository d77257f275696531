"""Constructs that cannot be confined, each with its reason; found in the text before anything is rewritten.

A word is looked for as plain text first, which is fast, and only then as a word of
the language: outside quotes, and not as part of a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from motte.abi.native_only import NativeOnly
from motte.compiler.accept.intrinsics import is_allowed, is_allowed_natively
from motte.compiler.ir.scan import NAME, without_strings
from motte.compiler.ir.types import WIDE_INTEGER
from motte.errors import CompileError

_WORD: Final = r"(?<![-\w.$%@!])(?:{})(?![-\w.$:])"


@dataclass(frozen=True, slots=True)
class _Rule:
    clue: str
    """Plain text that every occurrence contains."""
    pattern: re.Pattern[str]
    reason: str
    native_only: NativeOnly | None
    """What it is about, if native code may contain it."""


def _rule(clue: str, reason: str, pattern: str | None = None, *, only: NativeOnly | None = None) -> _Rule:
    """``only`` confined code is refused for it."""
    return _Rule(clue, re.compile(pattern or _WORD.format(re.escape(clue))), reason, only)


_EXCEPTIONS: Final = "exceptions are not supported (compile C++ with -fno-exceptions)"
_LONG_DOUBLE: Final = "80-bit and 128-bit floating point is not supported (compile C with -mlong-double-64)"
_NO_BLOCKS: Final = "checked blocks are reached by confined programs only"
_ADDRESS_SPACE: Final = "address spaces other than 0 and 1 are not supported"
_IN_BLOCKS: Final = "only pointers can have address space 1: variables, locals and functions are not in checked blocks"
_BETWEEN_SPACES: Final = "an address in a checked block is none in the window, nor the other way round"
_SWIFT: Final = "parameters in special registers are not supported"
_WIDE_DIVISION: Final = "division of integers wider than 128 bits is not supported"
_WIDE_CONVERSION: Final = "conversion between reals and integers wider than 128 bits is not supported"
_RULES: Final = (
    _rule("module asm", "assembly is not accepted", r"^module asm ", only=NativeOnly.ASSEMBLY),
    _rule("ifunc", "an ifunc's resolver would choose code at load time"),
    _rule("x86_fp80", _LONG_DOUBLE, only=NativeOnly.LONG_DOUBLE),
    _rule("fp128", _LONG_DOUBLE, _WORD.format("fp128|ppc_fp128")),
    _rule("x86_amx", "AMX is not supported"),
    _rule("vscale x", "vectors of unknown length are not supported", r"<vscale x "),
    _rule("target(", "target-specific types are not supported", r"(?<![-\w.$%@])target\("),
    _rule("addrspace(", _ADDRESS_SPACE, r"(?<![-\w.$%@])addrspace\((?![01]\))"),
    _rule("addrspace(1)", _IN_BLOCKS, r"(?<!ptr )(?<![-\w.$%@])addrspace\(1\)"),
    _rule("addrspacecast", _BETWEEN_SPACES),
    _rule("naked", "a naked function is assembly", only=NativeOnly.ASSEMBLY),
    _rule("inalloca", "inalloca arguments are not supported"),
    _rule("preallocated", "preallocated arguments are not supported"),
    _rule("nest", "nested functions are not supported", r"(?<=ptr )nest\b|(?<= )nest(?= %)"),
    _rule("swiftself", _SWIFT, only=NativeOnly.REGISTERS),
    _rule("swifterror", _SWIFT, only=NativeOnly.REGISTERS),
    _rule("swiftasync", _SWIFT, only=NativeOnly.REGISTERS),
    _rule("presplitcoroutine", "coroutines are not supported"),
    _rule("invoke", _EXCEPTIONS, r"^  (?:\S+ = )?invoke "),
    _rule("landingpad", _EXCEPTIONS, r"^  \S+ = landingpad "),
    _rule("resume", _EXCEPTIONS, r"^  resume "),
    _rule("pad within", _EXCEPTIONS, r"^  \S+ = (?:cleanup|catch)pad within "),
    _rule("catchswitch", _EXCEPTIONS, r"^  \S+ = catchswitch "),
    _rule("callbr", "assembly that jumps is not accepted", r"^  (?:\S+ = )?callbr ", only=NativeOnly.ASSEMBLY),
    _rule('[ "', "operand bundles are not supported", r"^(?!.*@llvm\.assume\().* call .*\) (?:#\d+ )?\[ \""),
    _rule("prefix", "data before a function is not supported", r"(?<=\s)prefix (?=.*\{$)"),
    _rule("prologue", "data before a function is not supported", r"(?<=\s)prologue (?=.*\{$)"),
    *(_rule(clue, _WIDE_DIVISION, r"^  \S+ = [us](?:div|rem) (?:exact )?" + WIDE_INTEGER) for clue in ("div ", "rem ")),
    *(_rule(clue, _WIDE_CONVERSION, clue + r"[^,]* to " + WIDE_INTEGER) for clue in ("fptoui ", "fptosi ")),
    *(_rule(clue, _WIDE_CONVERSION, clue + WIDE_INTEGER + " ") for clue in ("uitofp ", "sitofp ")),
)
_NATIVE_RULES: Final = (
    *(rule for rule in _RULES if rule.native_only is None),
    _rule("addrspace(", _NO_BLOCKS, r"(?<![-\w.$%@])addrspace\([1-9]"),
)
_FUNCTION: Final = re.compile(r"^define .*?(@" + NAME + r")\(", re.MULTILINE)
_INTRINSIC: Final = re.compile(r"^declare .*?@llvm\.([-\w$.]+)\(", re.MULTILINE)
_OPCODE: Final = re.compile(r"^  (?:%" + NAME + r" = )?(?:(?:tail|musttail|notail) )?([a-z_]+)", re.MULTILINE)
_OPCODES: Final = frozenset((
    "ret", "br", "switch", "indirectbr", "unreachable", "fneg", "add", "fadd", "sub", "fsub", "mul", "fmul", "udiv",
    "sdiv", "fdiv", "urem", "srem", "frem", "shl", "lshr", "ashr", "and", "or", "xor", "extractelement",
    "insertelement", "shufflevector", "extractvalue", "insertvalue", "alloca", "load", "store", "fence", "cmpxchg",
    "atomicrmw", "getelementptr", "trunc", "zext", "sext", "fptrunc", "fpext", "fptoui", "fptosi", "uitofp", "sitofp",
    "ptrtoint", "ptrtoaddr", "inttoptr", "bitcast", "icmp", "fcmp", "phi", "select", "freeze", "call", "va_arg",
    "callbr",
))  # fmt: skip


def refuse_forbidden(text: str, *, native: bool) -> None:
    """Raise :class:`CompileError` for the first construct that is not accepted in confined, or in native code."""
    for rule in _NATIVE_RULES if native else _RULES:
        for start in _lines_with(text, rule.clue):
            line = without_strings(_line_at(text, start))
            match = None if line.startswith(";") else rule.pattern.search(line)
            if match is not None:
                raise refusal(text, start + match.start(), rule.reason, rule.native_only)
    for opcode in set(_OPCODE.findall(text)) - _OPCODES:
        match = next(match for match in _OPCODE.finditer(text) if match.group(1) == opcode)
        raise refusal(text, match.start(), f"instruction {opcode} is not accepted", None)
    for match in _INTRINSIC.finditer(text):
        intrinsic = match.group(1)
        if not (is_allowed(intrinsic) or (native and is_allowed_natively(intrinsic))):
            name = f"@llvm.{intrinsic}"
            reason = NativeOnly.INTRINSIC if is_allowed_natively(intrinsic) else None
            raise refusal(text, _first_use(text, name, match.start()), f"intrinsic {name[1:]} is not accepted", reason)


def refusal(text: str, position: int, reason: str, native_only: NativeOnly | None) -> CompileError:
    """The error for a construct at ``position``: reason, function and line."""
    line = _line_at(text, text.rfind("\n", 0, position) + 1).strip()
    function = ""
    if group := re.match(r"attributes (#\d+) =", line):
        user = re.search(rf"^define .*?(@{NAME})\(.*{group.group(1)}\b", text, re.MULTILINE)
        function = f"in {user.group(1)}: " if user else ""
    elif not line.startswith(("define ", "declare ", "@", "module ")):
        function = next((f"in {match.group(1)}: " for match in _last_function(text, position)), "")
    elif named := re.search(r"@" + NAME, line):
        function = f"{named.group()}: " if named.start() == 0 else f"in {named.group()}: "
    number = text.count("\n", 0, position) + 1
    details = f"{function}{reason}\nline {number} of the LLVM module: {line[:300]}"
    return CompileError(f"{function}{reason}", details, native_only=native_only)


def _last_function(text: str, position: int) -> list[re.Match[str]]:
    start = text.rfind("\ndefine ", 0, position)
    match = _FUNCTION.search(text, max(0, start), position) if start >= 0 or text.startswith("define ") else None
    return [match] if match else []


def _lines_with(text: str, clue: str) -> Iterator[int]:
    """Starts of the lines that contain ``clue``."""
    position = text.find(clue)
    while position >= 0:
        yield text.rfind("\n", 0, position) + 1
        end = text.find("\n", position)
        position = text.find(clue, end) if end >= 0 else -1


def _line_at(text: str, start: int) -> str:
    end = text.find("\n", start)
    return text[start : end if end >= 0 else len(text)]


def _first_use(text: str, name: str, declaration: int) -> int:
    use = re.search(rf"call .*{re.escape(name)}\(", text)
    return use.start() if use else declaration
