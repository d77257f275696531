"""The little that even native code cannot keep: storage of threads that there are not.

And one thing that it could: locals of different blocks that share a place, in functions that something may jump back
into.  A block that was left lives on there, as in confined code.
"""

from __future__ import annotations

from typing import Final

from motte.compiler.ir.calls import parse_call
from motte.compiler.ir.module import Module
from motte.compiler.legalise.intrinsics import replace_intrinsic
from motte.compiler.lower.data_stack import returns_twice

_ADDRESS: Final = "@llvm.threadlocal.address"
_LIFETIME: Final = "@llvm.lifetime."


def legalise_native(module: Module) -> None:
    """Rewrite the module in place.

    Variadic calls, structures by value and stack frames are left to LLVM.
    """
    for function in module.functions():
        if function.mentions(_ADDRESS):
            lines: list[str] = []
            for line in function.lines:
                lines += replace_intrinsic(module, function, parse_call(line)) if _ADDRESS in line else [line]
            function.lines = lines
        if function.mentions(_LIFETIME) and returns_twice(module, function.lines):
            function.lines = [line for line in function.lines if _LIFETIME not in line]
