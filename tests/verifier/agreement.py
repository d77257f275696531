"""Both verifiers asked as one: they must agree, on acceptance, on rule and place, and on what they learned."""

from __future__ import annotations

import struct

from motte.core import CoreVerdict, verify_claims
from motte.verifier import ClaimedCode, Verdict
from motte.verifier import verify as verify_in_python

NONSENSE = {"D1", "D5", "M6"}
"""The verifiers may differ among these where a form that no program may use is not even encoded as it must be."""


def verify(claimed: ClaimedCode, *, may_be_nonsense: bool = False) -> Verdict:
    """The verdict of the verifier in Python, after the one in C has said the same.

    ``may_be_nonsense`` says that the code is not what any assembler would write.
    """
    verdict = verify_in_python(claimed)
    try:
        decision = verify_claims(claimed)
    except OverflowError:
        # Claims reach the core as unsigned numbers of fixed width; what does not fit must be wrong.
        assert not verdict.ok
        return verdict
    said = [said_by_core(decision), said_in_python(verdict)]
    if may_be_nonsense:
        said = [("nonsense", *words[1:]) if words[0] in NONSENSE else words for words in said]
    assert said[0] == said[1], f"{said[0]} in C, but {verdict}"
    return verdict


def said_in_python(verdict: Verdict) -> tuple[object, ...]:
    """What the core must say, too: the first violation, or all that is kept about good code."""
    if verdict.violations:
        return verdict.violations[0].rule, verdict.violations[0].offset
    assert verdict.verified is not None
    return verdict.instructions, sorted(verdict.verified.trap_offsets), list(verdict.verified.call_sites)


def said_by_core(decision: CoreVerdict) -> tuple[object, ...]:
    """The same from the core."""
    if not decision.ok:
        return decision.rule, decision.offset
    traps = [trap for (trap,) in struct.iter_unpack("<I", decision.class_traps)]
    return decision.instructions, traps, list(struct.iter_unpack("<III", decision.call_sites))
