"""Two verifiers, one verdict: the core's decides, the one in Python says why; where they differ, it is no.

The core's is fast and stops at the first violation; the one in Python lists them all, with instructions and
reasons.  Both decide by the same rules, so a difference is a bug in one of them, and a bug in a verifier must not
let code run.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from motte.core import CoreVerdict, verify_claims
from motte.verifier import Verdict, Violation, verify
from motte.verifier.findings import TABLE_RULES

if TYPE_CHECKING:
    from motte.verifier import ClaimedCode


def verify_twice(claimed: ClaimedCode) -> Verdict:
    """What both verifiers say together: accepted only if both accept."""
    decision = verify_claims(claimed)
    if not decision.ok:
        return explained_refusal(claimed, decision)
    verdict = verify(claimed)
    if verdict.ok:
        return verdict
    note = "accepted by the core's verifier only: the two verifiers disagree"
    violations = tuple(replace(found, text=f"{found.text}; {note}") for found in verdict.violations)
    return replace(verdict, violations=violations)


def explained_refusal(claimed: ClaimedCode, decision: CoreVerdict) -> Verdict:
    """A refusal of the core, with every violation that the verifier in Python finds, and why."""
    verdict = verify(claimed)
    if not verdict.ok:
        return verdict
    text = "refused by the core's verifier only: the two verifiers disagree"
    function = "" if decision.rule in TABLE_RULES else _function_at(claimed, decision.offset)
    violation = Violation(decision.rule, decision.offset, function, text)
    return Verdict((violation,), verdict.functions, verdict.instructions)


def _function_at(claimed: ClaimedCode, offset: int) -> str:
    """The name of the function that contains a code offset, or nothing."""
    names = [each.name for each in claimed.functions if each.offset <= offset < each.offset + each.size]
    return names[0] if names else ""
