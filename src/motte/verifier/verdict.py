"""What :func:`motte.verifier.verify` answers: a verdict, and what was learned about good code.

A verdict is a value and never an exception: code that breaks a rule is an ordinary
input.  Nothing is published because of a value made here: the core publishes what it has
verified itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

MAX_VIOLATIONS: Final = 1000
"""Verification stops after so many violations: hostile code must not fill our memory with them."""

MAX_NAME: Final = 200
"""Characters of a function's name that a message shows."""

MAX_LISTED: Final = 20
"""Violations that ``Verdict.summary`` lists."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule, and the place: ``str()`` gives ``M1 at 0x1c in f: …``.

        for violation in program.verdict.violations:
            print(violation.rule, violation)

    ``offset`` counts bytes from the code's base, or, where ``function`` is empty and the rule is
    about tables (T2, T3, T4), from the tables' base.
    """

    rule: str
    offset: int
    function: str
    text: str

    def __str__(self) -> str:
        """``M1 at 0x1c in f: …``."""
        place = f" in {_printable(self.function)}" if self.function else ""
        return f"{self.rule} at {self.offset:#x}{place}: {self.text}"


def _printable(claimed_name: str) -> str:
    """A stranger's name, so that no terminal interprets it and no reader is misled: escaped, and cut."""
    cut = claimed_name if len(claimed_name) <= MAX_NAME else claimed_name[:MAX_NAME] + "…"
    return cut if cut.isprintable() else ascii(cut)


@dataclass(frozen=True, slots=True)
class VerifiedCode:
    """What verification learned about bytes that obey every rule, at exactly these addresses.

    The bytes are the verifier's own copy, taken before anything was checked.

    ``trap_offsets`` are the code offsets of the ``ud2`` instructions to which the class checks of
    indirect calls jump, so that a fault there can be named a bad indirect call.  ``entry_offsets`` are
    those of the functions that the host may enter.  ``call_sites`` is the frame map, sorted: for each call
    the code offset behind it, which is what it pushes as the return address, the index of its function, and
    the height of the stack there.
    """

    base: int
    code: bytes
    tables_base: int
    tables: bytes
    trap_offsets: frozenset[int]
    entry_offsets: frozenset[int]
    call_sites: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of one verification: ``ok``, or the violations in order of place.

        print(program.verdict.ok, program.verdict.instructions)

    ``functions`` and ``instructions`` count what was decoded.  ``verified`` is there if ``motte.verifier.verify``
    accepted the code.
    """

    violations: tuple[Violation, ...]
    functions: int
    instructions: int
    verified: VerifiedCode | None = None

    @property
    def ok(self) -> bool:
        """Whether every rule holds."""
        return not self.violations

    @property
    def summary(self) -> str:
        """``ok: N functions, N instructions``, or ``refused: …`` and one violation a line."""
        if self.ok:
            return f"ok: {self.functions} functions, {self.instructions} instructions"
        count = len(self.violations)
        lines = [f"refused: {count} violation{'s' if count != 1 else ''}", *map(str, self.violations[:MAX_LISTED])]
        if count > MAX_LISTED:
            lines.append(f"and {count - MAX_LISTED} more")
        return "\n".join(lines)

    def __str__(self) -> str:
        """The summary."""
        return self.summary

    def __rich_repr__(self) -> Iterator[tuple[str, object]]:
        """For rich: what was decided, and why."""
        yield "ok", self.ok
        yield "functions", self.functions
        yield "instructions", self.instructions
        if self.violations:
            yield "violations", [str(violation) for violation in self.violations[:MAX_LISTED]]

    def _repr_html_(self) -> str:
        from html import escape  # late: its table of entities takes long to import

        color = "green" if self.ok else "red"
        return f"<pre class='motte' style='color:{color}'>{escape(self.summary)}</pre>"
