"""A large module in two or more parts, which several processes optimise and compile at once.

Optimising is the slow half of a compilation and LLVM does it on one CPU, so a large
module is divided before.  The parts are stretches of the program in its own order,
since neighbours call each other; and each part sees the small functions of the
others that it calls, for inlining only (``available_externally``).  A symbol that
was local to the module and is now wanted by another part becomes visible, under a
name that no other unit can have; small constants without identity are copied.

Everything depends on the input alone: the same unit gives the same parts anywhere.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from motte.compiler.ir.module import Module
from motte.compiler.partition.plan import Plan

LINES_OF_TWO_PARTS: Final = 40_000
LINES_OF_FOUR_PARTS: Final = 800_000


def parts_of(module: Module, unit: bytes) -> list[str]:
    """The texts of the parts; the whole if the module is small.

    ``unit`` is what the unit is made from, and of which no other unit is made: new names are derived from it.
    """
    functions = list(module.functions())
    lines = sum(len(function.lines) for function in functions)
    if lines < LINES_OF_TWO_PARTS:
        return [str(module)]
    count = 2 if lines < LINES_OF_FOUR_PARTS else 4
    return Plan(module, functions, count).texts(blake2b(unit, digest_size=6).hexdigest())
