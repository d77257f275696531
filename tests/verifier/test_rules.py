"""Every rule has a file that breaks it and nothing else, and a twin that is accepted."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from verifier.agreement import verify
from verifier.assembling import assemble

HERE = Path(__file__).parent
REJECTED = sorted(path.stem for path in (HERE / "reject").glob("*.s"))

RULES = [
    *("D1", "D2", "D3", "D4", "D5", "D6"),
    *("M1", "M2", "M3", "M4", "M5", "M6", "M7", "M8"),
    *("S1", "S2", "S4", "C1", "C2", "C3"),
]
"""Rules that code can break; T1 to T4 are about claims and tables, and have their own tests."""


def source_of(folder: str, name: str) -> str:
    return (HERE / folder / f"{name}.s").read_text()


def instructions_of(source: str) -> list[str]:
    return [line.split("#")[0].strip() for line in source.splitlines() if line.split("#")[0].strip()]


@pytest.mark.parametrize("name", REJECTED)
def test_a_broken_rule_is_reported_by_its_number_at_its_place(name: str) -> None:
    assembled = assemble(source_of("reject", name))
    violations = verify(assembled.claimed).violations
    rule = name.split("-", maxsplit=1)[0].upper()
    assert [(found.rule, found.offset) for found in violations] == [(rule, assembled.labels["bad"])], violations


@pytest.mark.parametrize("name", REJECTED)
def test_the_twin_without_the_fault_is_accepted(name: str) -> None:
    verdict = verify(assemble(source_of("accept", name)).claimed)
    assert verdict.ok, verdict.summary


@pytest.mark.parametrize("name", REJECTED)
def test_the_twins_differ_in_one_place_only(name: str) -> None:
    rejected, accepted = (instructions_of(source_of(folder, name)) for folder in ("reject", "accept"))
    changes = [code for code in difflib.SequenceMatcher(None, rejected, accepted).get_opcodes() if code[0] != "equal"]
    assert len(changes) == 1, changes


def test_every_accepted_file_has_a_rejected_twin() -> None:
    assert sorted(path.stem for path in (HERE / "accept").glob("*.s")) == REJECTED


def test_every_rule_that_code_can_break_has_a_reject_file() -> None:
    assert {name.split("-")[0].upper() for name in REJECTED} == set(RULES)
