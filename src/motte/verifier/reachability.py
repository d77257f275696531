"""C1: code that no path reaches.

Such code has no height, so nothing about its stack accesses can be said.  It is harmless as long
as it stays unreached, but it serves nobody, and is refused; except for ``ud2``, which compilers
put behind calls that never return, and NOPs, which pad.
"""

from bisect import bisect_left
from collections.abc import Set

from motte.verifier import effects
from motte.verifier.findings import Findings
from motte.verifier.functions import DecodedFunction
from motte.verifier.prefixes import NOPS


def check_unreached(function: DecodedFunction, reached: Set[int], code: bytes, findings: Findings) -> None:
    """Report unreached code; ``reached`` are the offsets at which jumps from reached code arrive.

    Unreached code begins behind a unit after which control does not go on, or follows such code.
    """
    end = function.claim.offset + function.claim.size
    for event in function.events:
        if event[2] in effects.TERMINATORS and event[1] != end:
            _check_run(function, event[1], reached, code, findings)


def _check_run(function: DecodedFunction, offset: int, reached: Set[int], code: bytes, findings: Findings) -> None:
    """Walk over NOPs from ``offset`` to a trap or to reached code."""
    starts = function.starts
    index = bisect_left(starts, offset)
    while offset not in reached and offset not in function.traps:
        index += 1
        following = starts[index] if index < len(starts) else function.claim.offset + function.claim.size
        if code[offset:following] not in NOPS:
            findings.add("C1", offset, function.claim.name, "no path reaches this instruction")
            return
        offset = following
