"""What the verifier says as it is, of everything that the tests ask it about: what a mutant must say, too."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from itertools import product
from pathlib import Path

import pytest

from enumeration.encodings import BEHIND, FAMILIES, LONGEST, TOTAL, axis, listed_encodings, sample
from enumeration.specification import NOPS
from motte.verifier import ClaimedCode, Verdict
from verifier import agreement
from verifier.assembling import assemble

TESTS = Path(__file__).parents[1] / "verifier"
RECORDED = [
    str(TESTS / f"test_{name}.py")
    for name in ("claims", "boundaries", "any_order", "order", "shapes", "heights", "memory", "forbidden_instructions")
]
SAMPLED = 5_000
DENSE = {"EVEX: destinations that are sources", "legacy: byte registers", "VEX: mask registers"}
"""Small families of which a sample of all would meet too few."""


@dataclass
class Question:
    """Claims, where they come from, and the verdict about them."""

    source: str
    claimed: ClaimedCode
    verdict: Verdict


def questions() -> list[Question]:
    """The twins, and every claim that the tests of the verifier make, with the verdicts as they are today."""
    twins = [path for folder in ("reject", "accept") for path in sorted((TESTS / folder).glob("*.s"))]
    asked = [
        Question(f"twin {path.parent.name}/{path.stem}", claimed, agreement.verify(claimed))
        for path in twins
        for claimed in [assemble(path.read_text()).claimed]
    ]
    return asked + _recorded()


def _recorded() -> list[Question]:
    """Run the tests, and listen to what they ask."""
    found: list[Question] = []
    original = agreement.verify

    def listening(claimed: ClaimedCode) -> Verdict:
        verdict = original(claimed)
        found.append(Question("a claim of the tests", claimed, verdict))
        return verdict

    with _replaced(listening), redirect_stdout(StringIO()):
        status = pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist", *RECORDED])
    assert status == pytest.ExitCode.OK, "the tests must pass without mutants"
    return found


class _replaced:  # noqa: N801 - a context manager
    def __init__(self, verify: Callable[[ClaimedCode], Verdict]) -> None:
        self._verify = verify

    def __enter__(self) -> None:
        self._original, agreement.verify = agreement.verify, self._verify

    def __exit__(self, *_: object) -> None:
        agreement.verify = self._original
        for name in [name for name in sys.modules if name.startswith("test_")]:
            del sys.modules[name]


def encodings() -> list[bytes]:
    """One of each listed form, its neighbours in W, every SIB where the effect tells it, and a sample of the rest."""
    listed = sum(family.size for family in FAMILIES if family.name.startswith("listed"))
    return [
        *listed_encodings(),
        *_addresses(),
        *_padding(),
        *_gathers(),
        *(family.at(number) for family in FAMILIES if family.name in DENSE for number in range(0, family.size, 7)),
        *sample(1, listed, listed // SAMPLED | 1),
        *sample(listed, TOTAL, (TOTAL - listed) // SAMPLED | 1),
    ]


def _padding() -> list[bytes]:
    """The listed NOPs, all that differ from one in a byte by one or in a bit, and their beginnings."""
    found = []
    for nop in sorted(NOPS):
        found += [nop + BEHIND[0], *(nop[:length] for length in range(1, len(nop)))]
        for place, byte in enumerate(nop):
            others = {(byte + 1) & 255, (byte - 1) & 255, *(byte ^ 1 << bit for bit in range(8))}
            found += [nop[:place] + bytes((other,)) + nop[place + 1 :] + BEHIND[0] for other in sorted(others)]
    return [encoding[:LONGEST] for encoding in found]


def _gathers() -> list[bytes]:
    """Every gather and scatter, with registers that it accepts."""
    vex = [
        bytes((0xC4, 0xE2, wide << 7 | 0x61 | length << 2, opcode))
        for wide, length, opcode in product((0, 1), (0, 1), range(0x90, 0x94))
    ]
    evex = [
        bytes((0x62, 0xF2, wide << 7 | 0x7D, length << 5 | 0x09, opcode))
        for wide, length, opcode in product((0, 1), (0, 1, 2), (*range(0x90, 0x94), *range(0xA0, 0xA4)))
    ]
    return [b"\x65\x67" + head + b"\x0c\x10" + BEHIND[0] for head in vex + evex]


def _addresses() -> list[bytes]:
    return [
        prefix + opcode + bytes((sib,)) + bytes.fromhex("1122334401000000")
        for prefix in axis("- 41 42 43 48 49 4a 4b 6567 656741 656742 65 67")
        for opcode in axis("ff24 ff64 81bc 837c 8d24 8d0c 8d4c 8b4c")
        for sib in range(0, 256, 3)
    ]
