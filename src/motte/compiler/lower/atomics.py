"""Atomic operations that code generation would do with the stack, or with an unbounded bit offset.

A sequentially consistent fence, and an atomic operation that changes nothing, come
out as a locked access to the stack; ``mfence`` does as well.  A change of one bit
that a variable chooses comes out as ``lock bts`` with a register, whose reach the
operand does not bound; hidden from that pattern, it becomes a compare-and-exchange.
"""

from __future__ import annotations

import re
from typing import Final

from motte.compiler.ir.functions import Function
from motte.compiler.ir.module import Module
from motte.compiler.ir.scan import NAME

_MFENCE: Final = "  call void @llvm.x86.sse2.mfence()"
_RMW: Final = re.compile(
    r"^  (?P<result>%" + NAME + r") = atomicrmw (?P<volatile>volatile )?(?P<operation>\w+) ptr (?P<pointer>.*?), "
    r"(?P<type>i\d+) (?P<value>\S+) (?P<order>\w+)(?P<align>, align \d+)?(?P<rest>.*)$"
)
_IDENTITIES: Final = frozenset((("or", "0"), ("add", "0"), ("sub", "0"), ("xor", "0"), ("and", "-1")))
_BITWISE: Final = frozenset(("or", "and", "xor"))


def fence(module: Module, function: Function, line: str) -> list[str]:
    """``fence seq_cst``; one for this thread only is no instruction."""
    del function
    return [line] if "syncscope" in line else [_fence(module)]


def store(module: Module, function: Function, line: str) -> list[str]:
    """``store atomic i128 … seq_cst``, which is a plain store and a fence."""
    del function
    return [line.replace(" seq_cst", " release"), _fence(module)]


def read_modify_write(module: Module, function: Function, line: str) -> list[str]:
    """``atomicrmw`` that changes nothing, or that may change one bit."""
    match = _RMW.match(line)
    if match is None:
        return [line]
    if (match["operation"], match["value"]) in _IDENTITIES:
        place = f"{match['volatile'] or ''}{match['type']}, ptr {match['pointer']} seq_cst{match['align'] or ''}"
        return [_fence(module), f"  {match['result']} = load atomic {place}{match['rest']}"]
    if match["operation"] not in _BITWISE or not match["value"].startswith("%"):
        return [line]
    hidden = function.fresh("mask")
    freeze = f"  {hidden} = freeze {match['type']} {match['value']}"
    return [freeze, line[: match.start("value")] + hidden + line[match.end("value") :]]


def _fence(module: Module) -> str:
    module.require("declare void @llvm.x86.sse2.mfence()")
    return _MFENCE
