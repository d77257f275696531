"""A sample of all encodings: the same verdict from everybody; the whole is ``make enumerate``."""

from __future__ import annotations

import pytest

from enumeration.capstone_reader import Capstone
from enumeration.comparison import Report, compare
from enumeration.encodings import FAMILIES, TOTAL, sample
from enumeration.judges import PythonVerifier
from enumeration.known_differences import KNOWN
from enumeration.listing import forms
from enumeration.llvm_reader import Llvm
from enumeration.native_verifier import NativeVerifier, build
from enumeration.specification import judge

SAMPLED = 150_000
"""Encodings of the listed forms' families, and as many of all others."""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    listed = sum(family.size for family in FAMILIES if family.name.startswith("listed"))
    settled = FAMILIES[0]
    codes = [settled.at(number) for number in range(settled.size)]
    codes += [*sample(0, listed, listed // SAMPLED | 1), *sample(listed, TOTAL, (TOTAL - listed) // SAMPLED | 1)]
    found = Report()
    verifiers = [PythonVerifier(), NativeVerifier(build(tmp_path_factory.mktemp("native")))]
    compare(codes, verifiers, [Llvm(), Capstone()], found)
    return found


def test_everybody_gives_the_same_verdict_length_and_operands(report: Report) -> None:
    assert not report.disagreements, report.examples


def test_the_sample_reaches_nearly_all_listed_forms(report: Report) -> None:
    assert report.accepted > SAMPLED // 5
    assert len(report.forms) > 0.9 * len(forms())


def test_every_known_difference_settles_something(report: Report) -> None:
    assert {f"{known.decoder}: {known.reason}" for known in KNOWN} == report.known.keys()


def test_the_specification_refuses_what_is_cut_off() -> None:
    whole = bytes.fromhex("65678b840811223344")
    assert not judge(whole).broken
    for length in range(1, len(whole)):
        assert judge(whole[:length]).broken
