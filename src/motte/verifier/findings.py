"""Where violations are collected, up to a limit."""

from typing import Final

from motte.verifier.verdict import MAX_VIOLATIONS, Violation

TABLE_RULES: Final = frozenset({"T2", "T3", "T4"})
"""Rules whose offsets count from the tables' base; all others count from the code's."""


class Findings:
    """The violations of one verification, and where the verification stands.

    Everything beyond ``MAX_VIOLATIONS`` is dropped: the verdict is long decided, and hostile code must
    not choose how much memory its refusal takes.
    """

    __slots__ = ("violations",)

    def __init__(self) -> None:
        """Nothing found yet."""
        self.violations: list[Violation] = []

    def add(self, rule: str, offset: int, function: str, text: str) -> None:
        """Record that ``rule`` is broken at ``offset``."""
        if not self.full:
            self.violations.append(Violation(rule, offset, function, text))

    @property
    def full(self) -> bool:
        """Whether there is no point in looking further."""
        return len(self.violations) >= MAX_VIOLATIONS

    def __len__(self) -> int:
        """How many violations were recorded."""
        return len(self.violations)

    def in_order(self) -> tuple[Violation, ...]:
        """Violations in the code by offset, then those in the tables."""
        return tuple(sorted(self.violations, key=lambda found: (found.rule in TABLE_RULES, found.offset)))
