"""What hostile code can make the verifier remember is bounded, and forgetting changes no answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from iced_x86 import Decoder

from motte.abi.layout import PAGE_SIZE
from motte.verifier import ClaimedFunction, instructions, verify
from motte.verifier.instructions import Examiner
from motte.verifier.verdict import MAX_VIOLATIONS
from verifier.assembling import assemble

HERE = Path(__file__).parent


def test_the_number_of_remembered_encodings_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instructions, "MAX_REMEMBERED", 100)
    examiner = Examiner()
    for value in range(500):
        encoding = b"\xb8" + value.to_bytes(4, "little")
        examiner.examine(Decoder(64, encoding).decode(), encoding)
    assert len(examiner.known) == 100


@pytest.mark.parametrize("name", ["c2-mask-too-wide", "c3-without-mask", "m1-neither-prefix", "s1-loop-that-grows"])
def test_answers_are_the_same_without_memory(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    rejected, accepted = (assemble((HERE / folder / f"{name}.s").read_text()) for folder in ("reject", "accept"))
    remembered = verify(rejected.claimed)
    monkeypatch.setattr(instructions, "MAX_REMEMBERED", 0)
    assert verify(rejected.claimed) == remembered
    assert verify(accepted.claimed).ok


def test_a_function_of_violations_is_left_when_there_are_enough() -> None:
    start = assemble("function f\nret\nend f\n").claimed
    body = b"\xf4" * 100_000
    code = body + b"\xcc" * (-len(body) % PAGE_SIZE)
    verdict = verify(replace(start, code=code, functions=[ClaimedFunction(0, len(body))]))
    assert verdict.instructions == len(verdict.violations) == MAX_VIOLATIONS


def test_the_functions_behind_enough_violations_are_not_read() -> None:
    start = assemble(
        f"function f\n.rept {MAX_VIOLATIONS}\nhlt\n.endr\nret\nend f\nfunction g\nhlt\nret\nend g\n"
    ).claimed
    verdict = verify(start)
    assert (verdict.functions, len(verdict.violations)) == (1, MAX_VIOLATIONS)
