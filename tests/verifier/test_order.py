"""In which order violations are listed, and that hostile code does not choose how many."""

from __future__ import annotations

import struct
from dataclasses import replace

from motte.verifier import ClaimedCode, ClaimedJumpTable
from motte.verifier.verdict import MAX_VIOLATIONS
from verifier.agreement import verify
from verifier.assembling import CODE, TABLE_SIZE, TABLES, assemble

WITH_TABLE = """
function f
        andl    $1, %eax
        jmpq    *cases(,%rax,8)
1:      ret
end f
function g
        .fill   600, 1, 0x90
        hlt
        ret
end g
.section .tables,"a"
jump_table cases f
        .quad   1b
        .quad   1b + 1
end cases
"""


def with_wrong_entries(count: int) -> ClaimedCode:
    """A table of which no entry is the start of a unit."""
    claimed = assemble("function f\nnop\nret\nend f\n").claimed
    tables = bytes(claimed.tables) + struct.pack("<Q", CODE + 100) * count
    return replace(claimed, tables=tables, jump_tables=[ClaimedJumpTable(TABLES + TABLE_SIZE, count, 0)])


def test_violations_in_the_code_come_before_those_in_tables() -> None:
    violations = verify(assemble(WITH_TABLE).claimed).violations
    assert [found.rule for found in violations] == ["D5", "T3"]
    assert violations[0].offset > violations[1].offset


def test_violations_in_the_code_are_listed_by_place() -> None:
    violations = verify(assemble("function f\nhlt\nnop\npushw %ax\ncpuid\nret\nend f\n").claimed).violations
    assert [(found.rule, found.offset) for found in violations] == [("D5", 0), ("S1", 2), ("D5", 4)]


def test_no_more_violations_are_kept_than_fit() -> None:
    assert len(verify(with_wrong_entries(MAX_VIOLATIONS)).violations) == MAX_VIOLATIONS
    assert len(verify(with_wrong_entries(2 * MAX_VIOLATIONS)).violations) == MAX_VIOLATIONS


def test_decoding_stops_when_no_more_fit() -> None:
    verdict = verify(assemble(f"function f\n.fill {3 * MAX_VIOLATIONS}, 1, 0xf4\nret\nend f\n").claimed)
    assert len(verdict.violations) == MAX_VIOLATIONS
    assert verdict.instructions == MAX_VIOLATIONS
