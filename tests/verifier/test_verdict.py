"""Verdicts are values: what they say about good and bad code, and how."""

from __future__ import annotations

from dataclasses import replace

import pytest

from motte.abi.layout import PAGE_SIZE
from motte.verifier import ClaimedFunction, Verdict, VerifiedCode, Violation
from motte.verifier.verdict import MAX_LISTED, MAX_VIOLATIONS
from verifier.agreement import verify
from verifier.assembling import CODE, TABLES, Assembled, assemble

GOOD = """
function main
        movl    %ecx, %r10d
        andl    $MASK, %r10d
        cmpl    $1, FT+8(%r10)
        jne     wrong
        callq   *FT(%r10)
        testl   %eax, %eax
        je      other
        ret
wrong:  ud2
other:  ud2
end main
"""


@pytest.fixture(scope="module")
def assembled() -> Assembled:
    return assemble(GOOD)


@pytest.fixture(scope="module")
def verified(assembled: Assembled) -> VerifiedCode:
    proof = verify(assembled.claimed).verified
    assert proof is not None
    return proof


def test_a_good_verdict_counts_functions_and_instructions(assembled: Assembled) -> None:
    verdict = verify(assembled.claimed)
    assert verdict.ok
    assert verdict.violations == ()
    assert str(verdict) == "ok: 2 functions, 11 instructions"


def test_a_bad_verdict_names_rule_place_function_and_bytes() -> None:
    verdict = verify(assemble("function f\nnop\nmovl (%rax), %ecx\nret\nend f\n").claimed)
    assert not verdict.ok
    assert verdict.verified is None
    first, second = str(verdict).split("\n")
    assert first == "refused: 1 violation"
    assert second.startswith("M1 at 0x1 in f: mov (%rax),%ecx [8b 08]: ")


def test_a_violation_without_a_function_names_the_place_alone() -> None:
    assert str(Violation("T4", 16, "", "why")) == "T4 at 0x10: why"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("\x1b[2Jok: 1 functions", "'\\x1b[2Jok: 1 functions'"),
        ("f\nok: 2 functions", "'f\\nok: 2 functions'"),
        ("\u202egpj.exe", "'\\u202egpj.exe'"),
        ("x" * 300, "x" * 200 + "…"),
    ],
)
def test_a_strangers_name_cannot_write_on_the_terminal(name: str, shown: str) -> None:
    assert str(Violation("M1", 1, name, "why")) == f"M1 at 0x1 in {shown}: why"


def test_violations_come_in_order_of_place() -> None:
    assembled = assemble("function f\nhlt\nret\nend f\nfunction g\ncli\nret\nend g\n")
    functions = list(reversed(assembled.claimed.functions))
    tables = bytes(16) + bytes(assembled.claimed.tables[16:])
    verdict = verify(replace(assembled.claimed, functions=functions, tables=tables))
    assert [(found.rule, found.offset) for found in verdict.violations] == [("D5", 0), ("D5", 2), ("T2", 0)]


def test_nothing_is_read_behind_bytes_that_do_not_decode() -> None:
    verdict = verify(assemble("function f\n.byte 0x06\nhlt\nret\nend f\nfunction g\nhlt\nret\nend g\n").claimed)
    assert [(found.rule, found.offset) for found in verdict.violations] == [("D1", 0), ("D5", 3)]


def test_a_long_summary_is_cut_and_says_so() -> None:
    verdict = verify(assemble("function f\n.rept 30\nhlt\n.endr\nret\nend f\n").claimed)
    lines = verdict.summary.split("\n")
    assert len(verdict.violations) == 30
    assert lines[0] == "refused: 30 violations"
    assert len(lines) == MAX_LISTED + 2
    assert lines[-1] == f"and {30 - MAX_LISTED} more"


def test_hostile_code_cannot_fill_memory_with_violations() -> None:
    code = b"\xf4" * (2 * MAX_VIOLATIONS)
    code += b"\xcc" * (-len(code) % PAGE_SIZE)
    start = assemble(GOOD).claimed
    verdict = verify(replace(start, code=code, functions=[ClaimedFunction(0, 2 * MAX_VIOLATIONS)]))
    assert len(verdict.violations) == MAX_VIOLATIONS


def test_a_verdict_holds_the_bytes_that_were_checked(assembled: Assembled) -> None:
    writable = bytearray(assembled.claimed.code)
    verdict = verify(replace(assembled.claimed, code=memoryview(writable)))
    writable[0] = 0xF4
    assert verdict.verified is not None
    assert verdict.verified.code == assembled.claimed.code
    assert verdict.verified.tables == assembled.claimed.tables
    assert (verdict.verified.base, verdict.verified.tables_base) == (CODE, TABLES)


def test_a_verdict_names_the_traps_of_class_checks_and_no_others(assembled: Assembled, verified: VerifiedCode) -> None:
    assert verified.trap_offsets == {assembled.labels["wrong"]}


def test_a_verdict_names_the_functions_that_the_host_may_enter(assembled: Assembled) -> None:
    verdict = verify(replace(assembled.claimed, entries=[1, 0, 1]))
    assert verdict.verified is not None
    assert verdict.verified.entry_offsets == {assembled.labels["main"], assembled.labels["trap"]}


def test_the_frame_map_lists_every_call_with_its_height(assembled: Assembled) -> None:
    source = """
function main
        pushq   %rbx
        call    inner
        subq    $24, %rsp
        movl    %ecx, %r10d
        andl    $MASK, %r10d
        cmpl    $1, FT+8(%r10)
        jne     wrong
        callq   *FT(%r10)
after:  call    GATE
last:   addq    $24, %rsp
        popq    %rbx
        jmp     inner
wrong:  ud2
end main
function inner
        ret
end inner
"""
    caller = assemble(source)
    verified = verify(caller.claimed).verified
    assert verified is not None
    assert verified.call_sites == ((6, 0, 8), (caller.labels["after"], 0, 32), (caller.labels["last"], 0, 32))


def test_a_verdict_is_ok_without_violations_only() -> None:
    assert Verdict((), 1, 1).ok
    assert not Verdict((Violation("M1", 0, "f", "why"),), 1, 1).ok
