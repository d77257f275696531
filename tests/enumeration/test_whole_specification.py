"""Whole programs before three readers: both verifiers, and the specification that was written from the pages alone."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from enumeration.whole_specification import judge_code
from motte.verifier import ClaimedCode
from verifier.agreement import verify
from verifier.assembling import assemble

TWINS = Path(__file__).parents[1] / "verifier"
PATHS = sorted(path for folder in ("reject", "accept") for path in (TWINS / folder).glob("*.s"))
CHANGED = 3_000
LARGEST = 1 << 16
"""Bytes of tables in one program; the simple reader looks at each of them."""


@pytest.fixture(scope="module")
def programs() -> list[ClaimedCode]:
    assembled = [assemble(path.read_text()).claimed for path in PATHS]
    return [claimed for claimed in assembled if len(claimed.tables) <= LARGEST]


def disagreement(claimed: ClaimedCode) -> str:
    """What the readers disagree about, or nothing."""
    verdict, broken = verify(claimed), judge_code(claimed)
    if not verdict.violations:
        return "" if not broken else f"accepted, but {sorted(broken)}"
    first = verdict.violations[0]
    return "" if first.rule in broken else f"{first}, but {sorted(broken) or 'accepted'}"


def test_the_specification_says_of_every_twin_what_the_verifiers_say(programs: list[ClaimedCode]) -> None:
    assert [found for found in map(disagreement, programs) if found] == []


def changed(claimed: ClaimedCode, choose: random.Random) -> ClaimedCode:
    """The same program with one thing different."""
    code, tables = bytearray(claimed.code), bytearray(claimed.tables)
    functions, used = list(claimed.functions), max(function.offset + function.size for function in claimed.functions)
    index = choose.randrange(len(functions))
    match choose.randrange(8):
        case 0 | 1:
            code[choose.randrange(used)] ^= 1 << choose.randrange(8)
        case 2:
            code[choose.randrange(used)] = choose.choice(
                (0x90, 0xC3, 0x50, 0x58, 0xEB, 0x75, 0x00, 0xFF, choose.randrange(256))
            )
        case 3:
            length = choose.randrange(1, 12)
            start, end = choose.randrange(used), choose.randrange(used)
            code[start : start + length] = code[end : end + length]
        case 4:
            tables[choose.randrange(len(tables))] ^= 1 << choose.randrange(8)
        case 5:
            functions[index] = replace(functions[index], stack_arguments=choose.choice((0, 4, 8, 16, 65_536, 65_544)))
        case 6:
            step = choose.choice((-2, -1, 1, 2))
            functions[index] = replace(functions[index], size=max(0, functions[index].size + step))
        case _:
            return replace(claimed, entries=[index], function_table_log2=choose.choice((3, 4, 4, 4, 5)))
    return replace(claimed, code=bytes(code[: len(claimed.code)]), tables=bytes(tables), functions=functions)


def test_programs_with_one_change_are_judged_alike(programs: list[ClaimedCode]) -> None:
    choose, accepted = random.Random(4), [claimed for claimed in programs if verify(claimed).ok]
    seen: Counter[str] = Counter()
    for _ in range(CHANGED):
        claimed = changed(choose.choice(accepted), choose)
        assert disagreement(claimed) == "", claimed
        violations = verify(claimed).violations
        seen[violations[0].rule if violations else "accepted"] += 1
    assert seen["accepted"] > CHANGED // 10
    assert len(seen) > 18, seen
