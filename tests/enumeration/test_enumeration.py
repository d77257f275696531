"""A sample of all encodings: the same verdict from everybody; the whole is ``make enumerate``."""

from __future__ import annotations

from enumeration.comparison import Report, compare
from enumeration.encodings import FAMILIES, TOTAL, sample
from enumeration.judges import PythonVerifier
from enumeration.specification import judge

SAMPLED = 60_000
"""Encodings of the whole space, and as many of the listed forms."""


def test_everybody_gives_the_same_verdict_on_a_sample() -> None:
    listed = sum(family.size for family in FAMILIES if family.name.startswith("listed"))
    codes = [*sample(0, listed, listed // SAMPLED | 1), *sample(listed, TOTAL, (TOTAL - listed) // SAMPLED | 1)]
    report = Report()
    compare(codes, [PythonVerifier()], [], report)
    assert not report.disagreements, report.examples
    assert report.accepted > SAMPLED // 5


def test_the_specification_refuses_what_is_cut_off() -> None:
    whole = bytes.fromhex("65678b840811223344")
    assert not judge(whole).broken
    for length in range(1, len(whole)):
        assert judge(whole[:length]).broken
