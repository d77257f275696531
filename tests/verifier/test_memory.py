"""What hostile code can make the verifiers remember or wait for is bounded, and forgetting changes no answer."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path
from time import process_time

import pytest
from iced_x86 import Decoder

from motte.abi.layout import PAGE_SIZE
from motte.core import verify_claims
from motte.verifier import ClaimedCode, ClaimedFunction, ClaimedJumpTable, instructions, verify
from motte.verifier.instructions import Examiner
from motte.verifier.placement import MAX_FUNCTION_SIZE
from motte.verifier.verdict import MAX_VIOLATIONS
from verifier.assembling import CODE, assemble

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


FAR_TABLES = CODE + 0x1000_0000
PATIENCE_S = 5.0
"""What takes a quarter of a second where it was written must not take this long anywhere; squares would take hours."""


def of_functions(bodies: list[bytes], tables: bytes = b"", entries: list[int] | None = None) -> ClaimedCode:
    """Functions one behind the other, and a trap; a function table of one entry before ``tables``."""
    functions, code = [], b"".join(bodies)
    end = 0
    for body in bodies:
        functions.append(ClaimedFunction(end, len(body)))
        end += len(body)
    functions.append(ClaimedFunction(end, 2))
    code += b"\x0f\x0b"
    return ClaimedCode(
        base=CODE,
        code=code + b"\xcc" * (-len(code) % PAGE_SIZE),
        functions=functions,
        tables_base=FAR_TABLES,
        tables=struct.pack("<QII", CODE + end, 0, 0) + tables,
        function_table=FAR_TABLES,
        function_table_log2=0,
        classes={},
        gates={},
        jump_tables=[ClaimedJumpTable(FAR_TABLES + 16 + 8 * number, 1, 0) for number in entries or ()],
    )


def switches(count: int) -> ClaimedCode:
    """One function of switches, each through a table of its own, of one entry: the switch behind it."""
    body = b"".join(
        b"\x83\xe0\x00\xff\x24\xc5" + struct.pack("<I", FAR_TABLES + 16 + 8 * number) for number in range(count)
    )
    tables = struct.pack(f"<{count}Q", *(CODE + 10 * (number + 1) for number in range(count)))
    return of_functions([body + b"\xc3"], tables, list(range(count)))


HALF = MAX_FUNCTION_SIZE // 2


@pytest.mark.parametrize(
    "claimed",
    [
        pytest.param(of_functions([b"\x50\x58" * (HALF - 1) + b"\x90\xc3"]), id="pushes and pops"),
        pytest.param(of_functions([b"\x74\x00" * (HALF - 1) + b"\x90\xc3"]), id="branches"),
        pytest.param(of_functions([b"\xeb\x00" * (HALF - 1) + b"\x90\xc3"]), id="jumps"),
        pytest.param(of_functions([b"\x0f\x0b" * HALF]), id="traps"),
        pytest.param(of_functions([b"\xc3"] * 200_000), id="functions"),
        pytest.param(switches(20_000), id="tables"),
    ],
)
def test_the_core_decides_about_the_largest_hostile_functions_in_linear_time(claimed: ClaimedCode) -> None:
    shuffled = replace(claimed, jump_tables=claimed.jump_tables[::-1])
    start = process_time()
    assert verify_claims(claimed).ok
    assert verify_claims(shuffled).ok
    assert process_time() - start < PATIENCE_S


def test_functions_and_classes_may_be_claimed_in_any_order() -> None:
    claimed = of_functions([b"\xc3"] * 5000)
    backwards = replace(claimed, functions=claimed.functions[::-1], classes=dict.fromkeys(range(5000, 0, -1), 0))
    assert verify_claims(backwards).ok
