"""Changed functions, accepted and refused, before the verifier in Python: it says what the one in C said."""

from __future__ import annotations

from mutation.answers import compare
from mutation.conftest import Harness


def test_both_verifiers_give_the_same_answers(harness: Harness) -> None:
    rules = compare(harness.answers)
    assert rules["accepted"] > 400
    assert rules.total() > 1000
    assert {"D1", "D3", "D4", "D5", "M1", "M2", "S1", "S2", "C1"} <= set(rules)
