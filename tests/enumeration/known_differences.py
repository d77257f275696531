"""Where other decoders are known to read accepted instructions differently, and why that is harmless.

Each entry turns what the decoder read into what it should have said, and only where its reason holds; what differs
after that is a disagreement.  An entry that settles nothing is dead, and a test says so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from enumeration.meaning import Immediate, Meaning, Memory, difference

FLOAT_PREDICATES = (
    "eq lt le unord neq nlt nle ord eq_uq nge ngt false neq_oq ge gt true"
    " eq_os lt_oq le_oq unord_s neq_us nlt_uq nle_uq ord_s eq_us nge_uq ngt_uq false_os neq_os ge_oq gt_oq true_us"
).split()
INTEGER_PREDICATES = "eq lt le false neq nlt nle true".split()
CARRYLESS = {0x00: "lqlq", 0x01: "hqlq", 0x10: "lqhq", 0x11: "hqhq"}
IMPLICIT_XMM0 = frozenset(("blendvps", "blendvpd", "pblendvb", "sha256rnds2"))

Rewrite = Callable[[Meaning, Meaning], Meaning]


@dataclass(frozen=True)
class Known:
    """One difference: whose, why it is harmless, and how to see through it.

    ``rewrite`` gives what was read in the words of the specification; ``unknown`` says what is not read at all.
    """

    decoder: str
    reason: str
    rewrite: Rewrite = lambda expected, read: read
    unknown: Callable[[Meaning], bool] = lambda expected: False


def _named(names: dict[str, str]) -> Rewrite:
    """The decoder has another name for the same instruction."""

    def rewrite(expected: Meaning, read: Meaning) -> Meaning:
        return read._replace(mnemonic=expected.mnemonic) if names.get(expected.mnemonic) == read.mnemonic else read

    return rewrite


def _predicate_in_name(expected: Meaning, read: Meaning) -> Meaning:
    match = re.fullmatch(r"(v?p?cmp)(u?)([a-z]{1,2})", expected.mnemonic)
    if match is None or not expected.operands or not isinstance(expected.operands[-1], Immediate):
        return read
    stem, unsigned, kind = match.groups()
    names = INTEGER_PREDICATES if "p" in stem[:-1].replace("cmp", "") else FLOAT_PREDICATES
    number = expected.operands[-1].value
    if number not in range(len(names)) or read.mnemonic != f"{stem}{names[number]}{unsigned}{kind}":
        return read
    return read._replace(mnemonic=expected.mnemonic, operands=(*read.operands, expected.operands[-1]))


def _halves_in_name(expected: Meaning, read: Meaning) -> Meaning:
    last = expected.operands[-1] if expected.operands else None
    if not isinstance(last, Immediate) or not expected.mnemonic.endswith("pclmulqdq"):
        return read
    name = expected.mnemonic.replace("qdq", f"{CARRYLESS.get(last.value & 255)}dq")
    if read.mnemonic != name:
        return read
    return read._replace(mnemonic=expected.mnemonic, operands=(*read.operands, last))


def _shift_by_one(expected: Meaning, read: Meaning) -> Meaning:
    one = Immediate(1, 8)
    if expected.operands[1:] == (one,) and len(read.operands) == 1:
        return read._replace(operands=(*read.operands, one))
    return read


def _implicit_xmm0(expected: Meaning, read: Meaning) -> Meaning:
    if expected.mnemonic in IMPLICIT_XMM0 and read.operands[-1] == "xmm0" and len(read.operands) == 3:
        return read._replace(operands=read.operands[:-1])
    return read


KNOWN = (
    Known("LLVM", "W = 1 of the string comparisons is q at the end of the name", _named(
        {f"{v}pcmpestr{kind}64": f"{v}pcmpestr{kind}q" for v in ("", "v") for kind in "im"})),
    Known("LLVM", "mov with an immediate of 64 bits is movabs", _named({"mov": "movabs"})),
    Known("LLVM", "the predicate of a comparison is part of its name", _predicate_in_name),
    Known("LLVM", "the halves of a carry-less multiplication are part of its name", _halves_in_name),
    Known("LLVM", "a shift by 1 does not mention the 1", _shift_by_one),
    Known("LLVM", "the implicit xmm0 is mentioned", _implicit_xmm0),
)


class Settlement:
    """Compares one decoder's readings, sees through what is known, and counts what of it was needed."""

    def __init__(self, decoder: str) -> None:
        self._known = [known for known in KNOWN if known.decoder == decoder]
        self.used: Counter[str] = Counter()

    def difference(self, expected: Meaning, read: Meaning | None) -> str:
        """What is different and not known to be harmless; ``None`` was not decoded."""
        if read is None:
            known = next((known for known in self._known if known.unknown(expected)), None)
            self.used.update([known.reason] if known else [])
            return "" if known else "unknown: does not decode"
        if not difference(expected, read):
            return ""
        needed = []
        for known in self._known:
            rewritten = known.rewrite(expected, read)
            if rewritten != read:
                needed.append(known.reason)
                read = rewritten
        found = difference(expected, read)
        if not found:
            self.used.update(needed)
        return found

    def unused(self) -> list[str]:
        """Entries that settled nothing."""
        return [known.reason for known in self._known if not self.used[known.reason]]
