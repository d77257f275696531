"""Where other decoders are known to read accepted instructions differently, and why that is harmless.

Each entry turns what the decoder read into what it should have said, and only where its reason holds; what differs
after that is a disagreement.  An entry that settles nothing is dead, and a test says so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from enumeration.listing import Form
from enumeration.meaning import Immediate, Meaning, Memory, difference

FLOAT_PREDICATES = (
    *(
        "eq",
        "lt",
        "le",
        "unord",
        "neq",
        "nlt",
        "nle",
        "ord",
        "eq_uq",
        "nge",
        "ngt",
        "false",
        "neq_oq",
        "ge",
        "gt",
        "true",
    ),
    *("eq_os", "lt_oq", "le_oq", "unord_s", "neq_us", "nlt_uq", "nle_uq", "ord_s", "eq_us", "nge_uq", "ngt_uq"),
    *("false_os", "neq_os", "ge_oq", "gt_oq", "true_us"),
)
INTEGER_PREDICATES = ("eq", "lt", "le", "false", "neq", "nlt", "nle", "true")
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
    unknown: Callable[[Form], bool] = lambda form: False


def _named(names: dict[str, str]) -> Rewrite:
    """The decoder has another name for the same instruction."""

    def rewrite(expected: Meaning, read: Meaning) -> Meaning:
        return read._replace(mnemonic=expected.mnemonic) if names.get(expected.mnemonic) == read.mnemonic else read

    return rewrite


def _predicate_in_low_bits(expected: Meaning, read: Meaning) -> Meaning:
    last = expected.operands[-1] if expected.operands else None
    if not isinstance(last, Immediate) or "cmp" not in expected.mnemonic:
        return read
    known = _predicate_in_name(
        expected._replace(operands=(*expected.operands[:-1], Immediate(last.value & 31, 8))), read
    )
    return known if known == read else known._replace(operands=(*known.operands[:-1], last))


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


def _shift_by_one(expected: Meaning, read: Meaning) -> Meaning:
    one = Immediate(1, 8)
    if expected.operands[1:] == (one,) and len(read.operands) == 1:
        return read._replace(operands=(*read.operands, one))
    return read


def _implicit_xmm0(expected: Meaning, read: Meaning) -> Meaning:
    if expected.mnemonic in IMPLICIT_XMM0 and read.operands[-1] == "xmm0" and len(read.operands) == 3:
        return read._replace(operands=read.operands[:-1])
    return read


def _address_without_width(expected: Meaning, read: Meaning) -> Meaning:
    if expected.mnemonic != "lea":
        return read
    return read._replace(
        operands=tuple(
            operand._replace(bits=0) if isinstance(operand, Memory) else operand for operand in read.operands
        )
    )


def _exchanged(expected: Meaning, read: Meaning) -> Meaning:
    return read._replace(operands=read.operands[::-1]) if expected.mnemonic == "xchg" else read


def _comisd_of_one_double(expected: Meaning, read: Meaning) -> Meaning:
    if expected.mnemonic != "comisd":
        return read
    return read._replace(
        operands=tuple(
            operand._replace(bits=64) if isinstance(operand, Memory) else operand for operand in read.operands
        )
    )


def _affine_broadcast(expected: Meaning, read: Meaning) -> Meaning:
    """Of 64 bits, not 8; so the compressed displacement counts eights, too."""
    if not expected.mnemonic.startswith("vgf2p8affine"):
        return read
    ours = [operand for operand in expected.operands if isinstance(operand, Memory) and operand.repeat]
    theirs = [operand for operand in read.operands if isinstance(operand, Memory) and operand.repeat]
    if len(ours) != 1 or len(theirs) != 1 or theirs[0].bits != 8:
        return read
    displacement = theirs[0].displacement * (8 if abs(theirs[0].displacement) < 129 else 1)
    corrected = theirs[0]._replace(bits=64, displacement=displacement)
    return read._replace(operands=tuple(corrected if operand in theirs else operand for operand in read.operands))


def _quadword_in_eights(expected: Meaning, read: Meaning) -> Meaning:
    """The 8-bit displacement counts eights, not sixteens."""
    if expected.mnemonic != "vmovq" or not isinstance(expected.operands[0], Memory):
        return read
    ours, theirs = expected.operands[0].displacement, read.operands[0]
    if not isinstance(theirs, Memory) or theirs.displacement != 2 * ours:
        return read
    return read._replace(operands=(theirs._replace(displacement=ours), *read.operands[1:]))


def _string_comparison_w1(form: Form) -> bool:
    return form.space == "VEX" and form.mnemonic in ("vpcmpestri64", "vpcmpestrm64")


def _half_precision(form: Form) -> bool:
    return form.space == "EVEX" and (
        form.opcode_map in ("MAP5", "MAP6") or form.mnemonic.endswith(("ph", "sh", "phx", "psx"))
    )


def _recent_vex(form: Form) -> bool:
    return form.space == "VEX" and form.mnemonic.startswith(("vpdp", "vpmadd52", "vcvtne", "vbcstne"))


def _brain_floats(form: Form) -> bool:
    return form.space == "EVEX" and form.mnemonic in ("vcvtne2ps2bf16", "vcvtneps2bf16", "vdpbf16ps")


KNOWN = (
    Known(
        "LLVM",
        "W = 1 of the string comparisons is q at the end of the name",
        _named({f"{v}pcmpestr{kind}64": f"{v}pcmpestr{kind}q" for v in ("", "v") for kind in "im"}),
    ),
    Known("LLVM", "mov with an immediate of 64 bits is movabs", _named({"mov": "movabs"})),
    Known("LLVM", "the predicate of a comparison is part of its name", _predicate_in_name),
    Known("LLVM", "a shift by 1 does not mention the 1", _shift_by_one),
    Known("LLVM", "the implicit xmm0 is mentioned", _implicit_xmm0),
    Known("LLVM", "the operands of an exchange of registers are in the other order", _exchanged),
    Known(
        "capstone",
        "W = 1 of the string comparisons is not mentioned",
        _named({f"pcmpestr{kind}64": f"pcmpestr{kind}" for kind in "im"}),
    ),
    Known("capstone", "VEX.W = 1 of the string comparisons is not decoded", unknown=_string_comparison_w1),
    Known("capstone", "comisd is said to read 128 bits; processors and LLVM say 64", _comisd_of_one_double),
    Known(
        "capstone",
        "a repeated element of vgf2p8affine* is said to have 8 bits; processors and LLVM say 64",
        _affine_broadcast,
    ),
    Known(
        "capstone",
        "the 8-bit displacement of an EVEX vmovq from xmm is said to count sixteens; processors and LLVM say eights",
        _quadword_in_eights,
    ),
    Known("capstone", "mov with an immediate of 64 bits is movabs", _named({"mov": "movabs"})),
    Known("capstone", "the low five bits of a comparison's predicate are part of its name", _predicate_in_low_bits),
    Known("capstone", "the operand of lea has a width, though nothing is accessed", _address_without_width),
    Known("capstone", "AVX-512 FP16 is younger than this decoder", unknown=_half_precision),
    Known("capstone", "AVX-VNNI, AVX-IFMA, AVX-NE-CONVERT are younger than this decoder", unknown=_recent_vex),
    Known("capstone", "AVX-512 BF16 is younger than this decoder", unknown=_brain_floats),
)


class Settlement:
    """Compares one decoder's readings, sees through what is known, and counts what of it was needed."""

    def __init__(self, decoder: str) -> None:
        self._decoder = decoder
        self._known = [known for known in KNOWN if known.decoder == decoder]
        self.used: Counter[str] = Counter()

    def difference(self, form: Form, expected: Meaning, read: Meaning | None) -> str:
        """What is different and not known to be harmless; ``None`` was not decoded."""
        if read is None:
            known = next((known for known in self._known if known.unknown(form)), None)
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

    def taken(self) -> Counter[str]:
        """How often each entry was needed since the last time, with the decoder's name before the reason."""
        used, self.used = self.used, Counter()
        return Counter({f"{self._decoder}: {reason}": count for reason, count in used.items()})
