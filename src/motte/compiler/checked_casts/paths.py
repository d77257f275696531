"""Which tests have been passed on every path to an instruction: only the first dereference is tested.

A forward analysis over the blocks.  A test's outcome holds as long as its integer is the same value: it is forgotten
where that is computed anew, as in the next turn of a loop.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from motte.compiler.ir.functions import LABEL
from motte.compiler.ir.scan import NAME

_TARGET: Final = re.compile(r"\blabel %(" + NAME + r")")
_RESULT: Final = re.compile(r"^  (%" + NAME + r") = ")


@dataclass(frozen=True, slots=True)
class Check:
    """One test before a dereference."""

    integer: str
    location: str
    """Of the cast."""
    test: str
    """The function that makes it."""
    amount: str = ""
    """A size or a mask, with its type: if it is zero, nothing is touched, and nothing is known about later ones."""

    @property
    def always(self) -> Check:
        """The test that says as much, or more."""
        return Check(self.integer, self.location, self.test)


@dataclass(slots=True)
class _Block:
    lines: range
    targets: list[str]
    known: int
    """At its beginning: bits of tests."""


class PassedChecks:
    """For each line, whether a test has been passed whenever it is reached."""

    def __init__(self, lines: list[str], wanted: list[list[Check]], computed: list[list[str]]) -> None:
        """``wanted`` are the tests in front of each line, ``computed`` the integers that each line computes."""
        every = dict.fromkeys(check.always for checks in wanted for check in checks)
        self._bits = {check: 1 << number for number, check in enumerate(every)}
        self._wanted = wanted
        self._forgotten = [self._about(integers) for integers in computed]
        self._before = [0] * len(lines)
        blocks = self._blocks(lines)
        while sum(self._changes(blocks, block) for block in blocks.values()):
            pass

    def include(self, line: int, check: Check) -> bool:
        """Whether a test in front of a line can be left out."""
        return bool(self._before[line] & self._bits[check.always])

    def _about(self, integers: list[str]) -> int:
        return sum(bit for check, bit in self._bits.items() if check.integer in integers)

    def _blocks(self, lines: list[str]) -> dict[str, _Block]:
        starts = sorted({0, *(index for index, line in enumerate(lines) if LABEL.match(line))})
        everything = sum(self._bits.values())
        blocks = {}
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
            label = LABEL.match(lines[start])
            targets = [match.group(1) for line in lines[start:end] for match in _TARGET.finditer(line)]
            before = 0 if start == 0 else everything
            blocks[label.group(1) if label else ""] = _Block(range(start, end), targets, before)
        return blocks

    def _changes(self, blocks: dict[str, _Block], block: _Block) -> bool:
        """Walk one block, and tell its successors what they know; whether one of them now knows less."""
        known = block.known
        for line in block.lines:
            self._before[line] = known
            for check in self._wanted[line]:
                if not check.amount:
                    known |= self._bits[check]
            known &= ~self._forgotten[line]
        changed = False
        for target in block.targets:
            successor = blocks[target]
            changed |= successor.known & ~known != 0
            successor.known &= known
        return changed


def result_of(line: str) -> list[str]:
    """The value that a line computes, if it does."""
    found = _RESULT.match(line)
    return [found.group(1)] if found else []
