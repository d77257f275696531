"""The verifier in C, asked about bytes anywhere."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, NamedTuple

from motte.core import _core

if TYPE_CHECKING:
    from motte.verifier import ClaimedCode


class CoreVerdict(NamedTuple):
    """What the core's verifier decided: acceptance, or the first violation.

    ``rule`` is empty for acceptance; ``offset`` counts from the code's base, for T2, T3 and T4 from the tables'.
    ``instructions`` were decoded.  ``class_traps`` are sorted code offsets, 32 bits each; ``call_sites`` is the frame
    map: return offset, function and height, 32 bits each, by return offset.  They are empty after a refusal.
    """

    rule: str
    offset: int
    instructions: int
    class_traps: bytes
    call_sites: bytes

    @property
    def ok(self) -> bool:
        """Whether every rule holds."""
        return not self.rule


def verify_claims(claimed: ClaimedCode) -> CoreVerdict:
    """Decide about code that need not lie in a region, and is not published by this.

    Raises ``OverflowError`` if a claimed number is negative or does not fit its field.
    """
    code, tables = bytes(claimed.code), bytes(claimed.tables)
    gates = array("I", [number for gate in claimed.gates.items() for number in gate]).tobytes()
    return CoreVerdict(*_core.verify(claimed.packed(), claimed.base, code, claimed.tables_base, tables, gates))
