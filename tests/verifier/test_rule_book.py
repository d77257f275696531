"""The rule book is complete: each numbered rule is checked, reported and tested, and the page says where."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from verifier.test_rules import REJECTED

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "spec" / "confinement.md").read_text()
RULES = re.findall(r"^\*\*([A-Z][1-9])\. ", PAGE, re.MULTILINE)

NO_VERDICTS = {"S3", "S5", "C4", "C5", "C6", "C7"}
"""Rules that follow from others, or that the core keeps while code runs: no code can be refused for them."""


def sources(*patterns: str) -> str:
    return "\n".join(path.read_text() for pattern in patterns for path in sorted(ROOT.glob(pattern)))


def rows() -> list[tuple[set[str], list[str]]]:
    """The table of the page: rules, and the paths that it names."""
    table = PAGE.partition("## Where each rule is kept")[2].partition("\n## ")[0]
    found = []
    for line in re.findall(r"^\| ([A-Z].*)$", table, re.MULTILINE):
        named, _, places = line.partition(" | ")
        spans = re.sub(r"([A-Z])(\d) to [A-Z](\d)", lambda m: _span(m[1], int(m[2]), int(m[3])), named)
        found.append((set(re.findall(r"\b[A-Z]\d\b", spans)), re.findall(r"`([\w/.]+)`", places)))
    return found


def _span(letter: str, first: int, last: int) -> str:
    return ", ".join(f"{letter}{number}" for number in range(first, last + 1))


def test_every_rule_has_one_number() -> None:
    assert len(RULES) == len(set(RULES)) == 30


@pytest.mark.parametrize("rule", sorted(set(RULES) - NO_VERDICTS))
def test_a_rule_is_checked_by_both_verifiers(rule: str) -> None:
    assert f'"{rule}"' in sources("src/motte/verifier/*.py")
    # What the verifier in C refuses by form, it has from the allow-list, when it is built.
    by_form = re.search(rf'"{rule}", "', sources("src/motte/verifier/allowlist.py"))
    assert f"MOTTE_RULE_{rule}" in sources("core/verifier/*.c") or by_form


@pytest.mark.parametrize("rule", sorted(set(RULES) - NO_VERDICTS))
def test_a_rule_is_named_by_a_verdict_that_a_test_expects(rule: str) -> None:
    rejected = {name.split("-")[0].upper() for name in REJECTED}
    assert rule in rejected or f'("{rule}", ' in sources("tests/verifier/test_claims.py")


@pytest.mark.parametrize("rule", RULES)
def test_the_page_says_where_a_rule_is_kept_and_tested(rule: str) -> None:
    places = [place for named, found in rows() if rule in named for place in found]
    assert places
    assert all((ROOT / place).exists() for place in places), places


def test_the_verifiers_name_no_other_rules() -> None:
    text = (ROOT / "core" / "verifier" / "verify.h").read_text().partition("enum motte_rule {")[2].partition("}")[0]
    assert set(re.findall(r"MOTTE_RULE_([A-Z]\d)\b", text)) == set(RULES) - NO_VERDICTS
    assert set(re.findall(r'"([DMSCT]\d)"', sources("src/motte/verifier/*.py"))) <= set(RULES) - NO_VERDICTS
