"""The trusted verifier: final bytes in, :class:`Verdict` out.

The problem.  A program compiled by tools that nobody trusts, or delivered by
strangers, is about to become executable inside this process.  Testing it, signing
it, or trusting the compiler does not say what its bytes will do.

The answer.  :func:`verify` reads the code in its final, relocated form, once, and
accepts it only if every instruction obeys the numbered rules of
``docs/spec/confinement.md``: all memory access stays in the window or in the
function's own stack frame, and all control flow stays on checked instructions.
Anything that is not known to be good is refused, by rule and place.

Reading order: ``claims`` (what we are told), ``verdict`` (what we answer), ``verify`` (the
table of contents), then one file for each family of rules: ``placement`` (T1, D1, D2), ``mnemonics`` and
``allowlist`` (D5), ``prefixes`` (D3, D4, D6), ``operands`` (M, S2), ``instructions`` (one instruction
by itself), ``shapes`` (C2, C3), ``functions`` (the loop over all instructions), ``heights`` (S, M2, C1),
``reachability`` (C1), ``tables`` (T2 to T4).  ``effects`` is the language between them.

Trusted beside this package: ``motte.abi``, the decoder (iced-x86), Python, the CPU.
"""

from motte.verifier.claims import ClaimedCode, ClaimedFunction, ClaimedJumpTable
from motte.verifier.verdict import Verdict, VerifiedCode, Violation
from motte.verifier.verify import verify

__all__ = [
    "ClaimedCode",
    "ClaimedFunction",
    "ClaimedJumpTable",
    "Verdict",
    "VerifiedCode",
    "Violation",
    "verify",
]
