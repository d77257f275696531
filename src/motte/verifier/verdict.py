"""What :func:`motte.verifier.verify` answers: a verdict, and the proof that goes with a good one.

A verdict is a value and never an exception: code that breaks a rule is an ordinary
input.  :class:`VerifiedCode` is the only thing that the core publishes as executable,
so its constructor is guarded: ``verify`` alone can make one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from motte.verifier.claims import ClaimedCode

MAX_VIOLATIONS: Final = 1000
"""Verification stops after so many violations: hostile code must not fill our memory with them."""

MAX_NAME: Final = 200
"""Characters of a function's name that a message shows."""

MAX_LISTED: Final = 20
"""Violations that ``Verdict.summary`` lists."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule, and the place: ``str()`` gives ``M1 at 0x1c in f: …``.

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


_VERIFY_ONLY: Final = object()


class VerifiedCode:
    """Proof that exactly these bytes, at exactly these addresses, obey every rule.

    The bytes are verify's own copy, taken before anything was checked.  Whoever maps code must
    compare what it maps with ``code`` and ``tables`` after the last write to those pages.

    ``trap_offsets`` are the code offsets of the ``ud2`` instructions to which the class checks of
    indirect calls jump, so that a fault there can be named a bad indirect call.  ``entry_offsets`` are
    those of the functions that the host may enter.  ``call_sites`` is the frame map: for each call
    the code offset behind it, which is what it pushes as the return address, the index of its function, and
    the height of the stack there.
    """

    __slots__ = ("base", "call_sites", "claims", "code", "entry_offsets", "tables", "tables_base", "trap_offsets")

    base: int
    code: bytes
    tables_base: int
    tables: bytes
    trap_offsets: frozenset[int]
    entry_offsets: frozenset[int]
    call_sites: tuple[tuple[int, int, int], ...]
    claims: ClaimedCode

    def __init__(
        self,
        guard: object,
        claims: ClaimedCode,
        code: bytes,
        tables: bytes,
        *,
        trap_offsets: frozenset[int],
        call_sites: tuple[tuple[int, int, int], ...],
    ) -> None:
        """For ``verify`` alone; anybody else gets ``TypeError``."""
        if guard is not _VERIFY_ONLY:
            raise TypeError("VerifiedCode is made by motte.verifier.verify only")
        for name, value in (
            ("base", claims.base),
            ("code", code),
            ("tables_base", claims.tables_base),
            ("tables", tables),
            ("trap_offsets", trap_offsets),
            ("entry_offsets", frozenset(claims.functions[index].offset for index in claims.entries)),
            ("call_sites", call_sites),
            ("claims", claims),
        ):
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: a proof that can be altered proves nothing."""
        raise AttributeError("VerifiedCode is immutable")

    def __delattr__(self, name: str) -> None:
        """Refuse, as for assignment."""
        raise AttributeError("VerifiedCode is immutable")

    def __reduce__(self) -> str:
        """Refuse: a pickle is bytes from somewhere, and reading one would forge the proof."""
        raise TypeError("VerifiedCode cannot be pickled or copied")

    def __repr__(self) -> str:
        """Where the code lies, and how much it is."""
        return f"VerifiedCode(base={self.base:#x}, {len(self.code)} bytes)"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of one verification: ``ok`` with ``verified``, or the violations in order of place.

    ``functions`` and ``instructions`` count what was decoded.
    """

    violations: tuple[Violation, ...]
    functions: int
    instructions: int
    verified: VerifiedCode | None

    @property
    def ok(self) -> bool:
        """Whether every rule holds."""
        return self.verified is not None

    @property
    def summary(self) -> str:
        """``ok: N functions, N instructions``, or ``refused: …`` and one violation a line."""
        if self.verified is not None:
            return f"ok: {self.functions} functions, {self.instructions} instructions"
        count = len(self.violations)
        lines = [f"refused: {count} violation{'s' if count != 1 else ''}", *map(str, self.violations[:MAX_LISTED])]
        if count > MAX_LISTED:
            lines.append(f"and {count - MAX_LISTED} more")
        return "\n".join(lines)

    def __str__(self) -> str:
        """The summary."""
        return self.summary
