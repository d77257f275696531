"""The verifier in Python: final bytes in, :class:`Verdict` out.

It is the readable specification of the decision that ``core/verifier`` makes, in C, for every program that is loaded;
this one explains refusals, and any disagreement between the two is a refusal.

The problem.  A program compiled by tools that nobody trusts, or delivered by
strangers, is about to become executable inside this process.  Testing it, signing
it, or trusting the compiler does not say what its bytes will do.

The answer.  :func:`verify` reads the code in its final, relocated form, once, and
accepts it only if every instruction obeys the numbered rules of
``docs/spec/confinement.md``: all memory access stays in the window or in the
function's own stack frame, and all control flow stays on checked instructions.
Anything that is not known to be good is refused, by rule and place.

Reading order: ``claims`` (what we are told), ``verdict`` (what we answer), ``verification`` (the
table of contents), then one file for each family of rules: ``placement`` (T1, D1, D2), ``mnemonics`` and
``allowlist`` (D5), ``prefixes`` (D3, D4, D6), ``operands`` (M, S2), ``instructions`` (one instruction
by itself), ``shapes`` (C2, C3), ``functions`` (the loop over all instructions), ``heights`` (S, M2, C1),
``reachability`` (C1), ``tables`` (T2 to T4).  ``effects`` is the language between them.

Trusted beside this package: ``motte.abi``, the decoder (iced-x86), Python, the CPU.
"""

from motte.verifier.claims import ClaimedCode, ClaimedFunction, ClaimedJumpTable
from motte.verifier.verdict import Verdict, VerifiedCode, Violation

__all__ = [
    "ClaimedCode",
    "ClaimedFunction",
    "ClaimedJumpTable",
    "Verdict",
    "VerifiedCode",
    "Violation",
    "verify",
]


def verify(claimed: ClaimedCode) -> Verdict:
    """Decide whether ``claimed`` obeys every rule of the confinement specification.

    Never raises for what the code or the claims say; ``TypeError`` if a claim has not its declared
    type.  Takes time linear in the size of code and tables.
    """
    # Late: loading a program needs the words of this package, and its decoder only to explain a refusal.
    from motte.verifier.verification import Verification

    return Verification(claimed).verdict()
