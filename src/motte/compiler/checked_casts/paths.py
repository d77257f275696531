"""Which tests have been passed on every path to an instruction: only the first dereference is tested.

A forward analysis over the blocks.  A test's outcome holds as long as its integer is the same value: it is forgotten
where that is computed anew, as in the next turn of a loop.

A loop over what one cast made would test in every turn what only the first one has to.  So a test moves from the
beginning of a block to the ends of those predecessors that have not made it, if others have, if nothing else follows
there, and if nothing happens in between.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from motte.compiler.ir.functions import LABEL
from motte.compiler.ir.scan import NAME

_TARGET: Final = re.compile(r"\blabel %(" + NAME + r")")
_EFFECT: Final = re.compile(
    r"^  (?:%" + NAME + r" = )?(?:(?:tail |notail |musttail )?call|store|atomicrmw|cmpxchg|fence)\b| volatile "
)
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
    """Bits of the tests that have been passed whenever it is reached."""
    passes: int = 0
    forgets: int = 0

    @property
    def known_at_end(self) -> int:
        """Bits of the tests that have been passed whenever it is left."""
        return self.known & ~self.forgets | self.passes


class PassedChecks:
    """For each line, whether a test has been passed whenever it is reached."""

    def __init__(self, lines: list[str], wanted: list[list[Check]], computed: list[list[str]]) -> None:
        """``wanted`` are the tests in front of each line, ``computed`` the integers that each line computes."""
        every = dict.fromkeys(check.always for checks in wanted for check in checks)
        self._bits = {check: 1 << number for number, check in enumerate(every)}
        self._lines = lines
        self._wanted = wanted
        self._forgotten = self._forgotten_by(computed)
        self._before = [0] * len(lines)
        self._blocks = self._find_blocks()
        while sum(self._tell_successors(block) for block in self._blocks.values()):
            pass
        for block in self._blocks.values():
            self._walk(block, block.known)

    def include(self, line: int, check: Check) -> bool:
        """Whether a test in front of a line can be left out."""
        return bool(self._before[line] & self._bits[check.always])

    def earlier(self) -> list[tuple[int, Check]]:
        """Tests that are better made elsewhere: in front of which lines, the ends of blocks."""
        moved = []
        for label, block in self._blocks.items():
            before = [each for each in self._blocks.values() if label in each.targets]
            for check in self._first_tests(block):
                late = [each for each in before if not each.known_at_end & self._bits[check]]
                if 0 < len(late) < len(before) and all(self._goes_on(each) for each in late):
                    moved += [(each.lines[-1], check) for each in late]
        return moved

    def _first_tests(self, block: _Block) -> Iterator[Check]:
        """The tests that a block makes before anything happens in it, of integers that come from elsewhere."""
        computed = 0
        for line in block.lines:
            for check in self._wanted[line]:
                if not check.amount and not (self._before[line] | computed) & self._bits[check]:
                    yield check
            computed |= self._forgotten[line]
            if _EFFECT.search(self._lines[line]):
                return

    def _goes_on(self, block: _Block) -> bool:
        return self._lines[block.lines[-1]].startswith("  br label ")

    def _forgotten_by(self, computed: list[list[str]]) -> list[int]:
        about: dict[str, int] = {}
        for check, bit in self._bits.items():
            about[check.integer] = about.get(check.integer, 0) | bit
        return [sum(about.get(integer, 0) for integer in integers) for integers in computed]

    def _find_blocks(self) -> dict[str, _Block]:
        lines = self._lines
        starts = sorted({0, *(index for index, line in enumerate(lines) if LABEL.match(line))})
        everything = sum(self._bits.values())
        blocks = {}
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
            label = LABEL.match(lines[start])
            targets = [match.group(1) for line in lines[start:end] for match in _TARGET.finditer(line)]
            block = _Block(range(start, end), targets, 0 if start == 0 else everything)
            block.passes = self._walk(block, 0)
            block.forgets = everything & ~self._walk(block, everything)
            blocks[label.group(1) if label else ""] = block
        return blocks

    def _walk(self, block: _Block, known: int) -> int:
        """Note what is known before each line; what is known at the end."""
        for line in block.lines:
            self._before[line] = known
            for check in self._wanted[line]:
                if not check.amount:
                    known |= self._bits[check]
            known &= ~self._forgotten[line]
        return known

    def _tell_successors(self, block: _Block) -> bool:
        """Whether one of them now knows less."""
        known, changed = block.known_at_end, False
        for target in block.targets:
            successor = self._blocks[target]
            changed |= successor.known & ~known != 0
            successor.known &= known
        return changed


def result_of(line: str) -> list[str]:
    """The value that a line computes, if it does."""
    found = _RESULT.match(line)
    return [found.group(1)] if found else []
