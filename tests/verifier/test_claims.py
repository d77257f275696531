"""T1 to T4, and what D1, D2 and S4 say about the claims: each broken alone, from an accepted start."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace

import pytest

from motte.abi import layout
from motte.verifier import ClaimedCode, ClaimedFunction, ClaimedJumpTable, Verdict
from motte.verifier.placement import MAX_FUNCTION_SIZE
from motte.verifier.tables import MAX_ENTRIES
from verifier.agreement import verify
from verifier.assembling import CODE, TABLE_LOG2, TABLE_SIZE, TABLES, assemble

SOURCE = """
function main
        andl    $1, %eax
        jmpq    *cases(,%rax,8)
one:    call    callee
two:    ret
end main
.byte 0xcc
function callee
        nop
        ret
end callee
function taker 8
        ret
end taker
.section .tables,"a"
jump_table cases main
        .quad   one
        .quad   two
end cases
"""

START = assemble(SOURCE)
MAIN, CALLEE, TAKER, TRAP = range(4)


def test_the_start_is_accepted() -> None:
    verdict = verify(START.claimed)
    assert verdict.summary == "ok: 4 functions, 8 instructions"


def broken(change: Callable[[ClaimedCode], ClaimedCode]) -> list[tuple[str, int]]:
    return [(found.rule, found.offset) for found in verify(change(START.claimed)).violations]


def with_function(claimed: ClaimedCode, index: int, **changes: int) -> ClaimedCode:
    functions = list(claimed.functions)
    functions[index] = replace(functions[index], **changes)  # type: ignore[arg-type]
    return replace(claimed, functions=functions)


def with_code(claimed: ClaimedCode, offset: int, patch: bytes) -> ClaimedCode:
    code = bytes(claimed.code)
    return replace(claimed, code=code[:offset] + patch + code[offset + len(patch) :])


def with_tables(claimed: ClaimedCode, offset: int, patch: bytes) -> ClaimedCode:
    tables = bytes(claimed.tables)
    return replace(claimed, tables=tables[:offset] + patch + tables[offset + len(patch) :])


def with_entry(claimed: ClaimedCode, number: int, address: int, class_number: int, zero: int = 0) -> ClaimedCode:
    return with_tables(claimed, 16 * number, struct.pack("<QII", address, class_number, zero))


def offset_of(index: int) -> int:
    return START.claimed.functions[index].offset


@pytest.mark.parametrize(
    "change",
    [
        lambda claimed: replace(claimed, base=CODE + 1),
        lambda claimed: replace(claimed, base=CODE + 16),
        lambda claimed: replace(claimed, tables_base=TABLES + 16),
        lambda claimed: replace(claimed, base=layout.CODE_REGION_BASE),
        lambda claimed: replace(claimed, base=layout.CODE_REGION_END),
        lambda claimed: replace(claimed, base=-layout.PAGE_SIZE),
        lambda claimed: replace(claimed, base=1 << 64),
        lambda claimed: replace(claimed, tables_base=layout.CODE_REGION_END),
        lambda claimed: replace(claimed, tables_base=0),
        lambda claimed: replace(claimed, tables_base=CODE),
        lambda claimed: replace(claimed, reaches_blocks=2),
        lambda claimed: replace(claimed, reaches_blocks=-1),
        lambda claimed: replace(claimed, function_table_log2=-1),
        lambda claimed: replace(claimed, function_table_log2=1 << 40),
        lambda claimed: replace(claimed, classes={**claimed.classes, layout.UNUSED_CLASS: 0}),
        lambda claimed: replace(claimed, classes={**claimed.classes, -1: 0}),
        lambda claimed: replace(claimed, classes={**claimed.classes, 1 << 32: 0}),
        lambda claimed: replace(claimed, classes={**claimed.classes, 9: 12}),
        lambda claimed: replace(claimed, classes={**claimed.classes, 9: -8}),
        lambda claimed: replace(claimed, classes={**claimed.classes, 9: layout.MAX_FRAME_HEIGHT + 8}),
        lambda claimed: replace(claimed, jump_tables=[replace(claimed.jump_tables[0], owner=4)]),
        lambda claimed: replace(claimed, jump_tables=[replace(claimed.jump_tables[0], owner=-1)]),
        lambda claimed: replace(claimed, entries=[4]),
        lambda claimed: replace(claimed, entries=[-1]),
    ],
)
def test_claims_out_of_range_break_t1(change: Callable[[ClaimedCode], ClaimedCode]) -> None:
    rules = {rule for rule, _ in broken(change)}
    assert rules == {"T1"}


def test_tables_may_lie_before_the_code_or_just_behind_it() -> None:
    def moved(base: int) -> list[tuple[str, int]]:
        # The function table moves along; the code names the old place, so only a code without uses of it fits.
        plain = assemble("function f\nret\nend f\n").claimed
        return broken(lambda _: replace(plain, tables_base=base, function_table=base))

    assert moved(CODE - layout.PAGE_SIZE) == []
    assert moved(CODE + layout.PAGE_SIZE) == []
    assert moved(CODE) == [("T1", 0)]


def test_code_that_is_not_whole_pages_breaks_t1() -> None:
    assert broken(lambda claimed: replace(claimed, code=bytes(claimed.code)[:-1])) == [("T1", layout.PAGE_SIZE - 1)]
    assert broken(lambda claimed: replace(claimed, code=b"")) == [("T1", 0)]


@pytest.mark.parametrize("arguments", [4, -8, layout.MAX_FRAME_HEIGHT + 8, 1 << 64])
def test_stack_arguments_out_of_range_break_t1(arguments: int) -> None:
    change = broken(lambda claimed: with_function(claimed, TAKER, stack_arguments=arguments))
    assert change == [("T1", offset_of(TAKER))]


def test_the_largest_stack_arguments_are_accepted() -> None:
    assert broken(lambda claimed: with_function(claimed, TAKER, stack_arguments=layout.MAX_FRAME_HEIGHT)) == []


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"size": 0}, offset_of(CALLEE)),
        ({"size": -1}, offset_of(CALLEE)),
        ({"size": 1 << 64}, offset_of(CALLEE)),
        ({"offset": -1}, -1),
        ({"offset": layout.PAGE_SIZE}, layout.PAGE_SIZE),
        ({"offset": 1 << 64}, 1 << 64),
    ],
)
def test_a_function_that_is_empty_or_outside_breaks_d1(changes: dict[str, int], place: int) -> None:
    assert ("D1", place) in broken(lambda claimed: with_function(claimed, CALLEE, **changes))


def test_a_function_larger_than_the_limit_breaks_d1() -> None:
    def sized(size: int) -> Verdict:
        body = b"\x90" * (size - 1) + b"\xc3"
        code = body + b"\xcc" * (-len(body) % layout.PAGE_SIZE)
        trap = ClaimedFunction(len(code), 2)
        code += b"\x0f\x0b" + b"\xcc" * (layout.PAGE_SIZE - 2)
        entry = struct.pack("<QII", CODE + trap.offset, 0, 0)
        far = TABLES + 0x1000_0000
        start = replace(START.claimed, tables=entry, tables_base=far, function_table=far)
        start = replace(start, function_table_log2=0, jump_tables=[])
        return verify(replace(start, code=code, functions=[ClaimedFunction(0, size), trap]))

    assert sized(MAX_FUNCTION_SIZE).ok
    assert [found.rule for found in sized(MAX_FUNCTION_SIZE + 1).violations][:1] == ["D1"]


def test_functions_that_overlap_break_d1() -> None:
    size = START.claimed.functions[CALLEE].size
    assert broken(lambda claimed: with_function(claimed, CALLEE, size=size + 1)) == [("D1", offset_of(TAKER))]


def test_the_same_function_twice_breaks_d1() -> None:
    change = broken(lambda claimed: replace(claimed, functions=[*claimed.functions, claimed.functions[CALLEE]]))
    assert change == [("D1", offset_of(CALLEE))]


def test_a_byte_behind_the_last_function_breaks_d2() -> None:
    last = layout.PAGE_SIZE - 1
    assert broken(lambda claimed: with_code(claimed, last, b"\xc3")) == [("D2", last)]


def test_a_function_left_out_of_the_claims_breaks_d2() -> None:
    assert ("D2", offset_of(TAKER)) in broken(
        lambda claimed: replace(claimed, functions=[claimed.functions[i] for i in (MAIN, CALLEE, TRAP)])
    )


def test_no_functions_and_nothing_but_padding_break_t2_only() -> None:
    nothing = replace(START.claimed, code=b"\xcc" * layout.PAGE_SIZE, functions=[], jump_tables=[])
    rules = {found.rule for found in verify(replace(nothing, tables=START.claimed.tables[:TABLE_SIZE])).violations}
    assert rules == {"T2"}


def test_a_function_that_the_host_enters_takes_no_stack_arguments() -> None:
    assert broken(lambda claimed: replace(claimed, entries=[MAIN, CALLEE])) == []
    assert broken(lambda claimed: replace(claimed, entries=[MAIN, TAKER])) == [("S4", offset_of(TAKER))]


# --- T2: the function table -------------------------------------------------------------


def test_entries_lead_to_functions_and_gates_of_their_class() -> None:
    assert broken(lambda claimed: with_entry(claimed, 3, CODE + offset_of(TAKER), 2)) == []
    assert broken(lambda claimed: with_entry(claimed, 3, 0x1000_0020, 3)) == []


@pytest.mark.parametrize(
    ("address", "class_number", "zero"),
    [
        pytest.param(CODE + offset_of(TAKER), 1, 0, id="class of fewer arguments"),
        pytest.param(CODE + offset_of(CALLEE), 2, 0, id="class of more arguments"),
        pytest.param(0x1000_0020, 1, 0, id="gate of another class"),
        pytest.param(CODE + offset_of(CALLEE) + 1, 1, 0, id="middle of a function"),
        pytest.param(CODE + START.labels["two"], 1, 0, id="unit that is no entry"),
        pytest.param(0x1000_0001, 1, 0, id="middle of a gate"),
        pytest.param(0, 1, 0, id="null"),
        pytest.param(TABLES, 1, 0, id="the table itself"),
        pytest.param((1 << 64) - 1, 1, 0, id="the end of the address space"),
        pytest.param(CODE + offset_of(CALLEE), 77, 0, id="class not declared"),
        pytest.param(CODE + offset_of(CALLEE), 1, 1, id="last field not zero"),
        pytest.param(CODE + offset_of(CALLEE), 0, 0, id="unused, but no trap"),
        pytest.param(0, 0, 0, id="unused and null"),
        pytest.param(CODE + layout.PAGE_SIZE - 1, 0, 0, id="unused and padding"),
    ],
)
def test_an_entry_that_leads_elsewhere_breaks_t2(address: int, class_number: int, zero: int) -> None:
    assert broken(lambda claimed: with_entry(claimed, 3, address, class_number, zero)) == [("T2", 48)]


def test_each_bad_entry_is_reported() -> None:
    change = broken(lambda claimed: with_entry(with_entry(claimed, 3, 0, 0), 15, 0, 0))
    assert change == [("T2", 48), ("T2", 240)]


# --- T3: jump tables ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(CODE + START.labels["two"] + 1, id="behind a unit"),
        pytest.param(CODE + START.labels["one"] + 1, id="inside an instruction"),
        pytest.param(CODE + offset_of(CALLEE), id="another function"),
        pytest.param(CODE + 3, id="inside the switch"),
        pytest.param(0, id="null"),
        pytest.param(0x1000_0000, id="gate"),
        pytest.param((1 << 64) - 1, id="the end of the address space"),
    ],
)
def test_an_entry_that_is_no_unit_of_the_owner_breaks_t3(target: int) -> None:
    place = TABLE_SIZE + 8
    assert broken(lambda claimed: with_tables(claimed, place, struct.pack("<Q", target))) == [("T3", place)]


def test_a_table_that_nobody_jumps_through_is_checked_too() -> None:
    def add(target: int) -> Callable[[ClaimedCode], ClaimedCode]:
        extra = ClaimedJumpTable(TABLES + TABLE_SIZE + 16, 1, CALLEE)
        return lambda claimed: replace(
            claimed,
            tables=bytes(claimed.tables) + struct.pack("<Q", CODE + target),
            jump_tables=[*claimed.jump_tables, extra],
        )

    assert broken(add(offset_of(CALLEE))) == []
    assert broken(add(offset_of(CALLEE) + 2)) == [("T3", TABLE_SIZE + 16)]


# --- T4: what lies where --------------------------------------------------------------------


def test_padding_of_zeros_is_accepted() -> None:
    assert broken(lambda claimed: replace(claimed, tables=bytes(claimed.tables) + bytes(64))) == []


def test_padding_of_anything_else_breaks_t4() -> None:
    place = TABLE_SIZE + 16 + 40
    tables = bytes(START.claimed.tables) + bytes(40) + b"\x01" + bytes(7)
    assert broken(lambda claimed: replace(claimed, tables=tables)) == [("T4", place)]


def test_a_table_left_out_of_the_claims_breaks_t4() -> None:
    assert broken(lambda claimed: replace(claimed, jump_tables=[])) == [("T4", TABLE_SIZE)]


@pytest.mark.parametrize(
    ("address", "entries", "place"),
    [
        pytest.param(TABLES + TABLE_SIZE + 4, 1, TABLE_SIZE + 4, id="unaligned"),
        pytest.param(TABLES + TABLE_SIZE, 0, TABLE_SIZE, id="empty"),
        pytest.param(TABLES + TABLE_SIZE, -1, TABLE_SIZE, id="negative"),
        pytest.param(TABLES + TABLE_SIZE, 3, TABLE_SIZE, id="beyond the end"),
        pytest.param(TABLES + TABLE_SIZE, 1 << 61, TABLE_SIZE, id="wraps"),
        pytest.param(TABLES + TABLE_SIZE, MAX_ENTRIES + 1, TABLE_SIZE, id="more than the limit"),
        pytest.param(TABLES - 8, 2, -8, id="before the tables"),
        pytest.param(TABLES + TABLE_SIZE + 16, 1, TABLE_SIZE + 16, id="behind the tables"),
        pytest.param(TABLES + TABLE_SIZE - 8, 2, TABLE_SIZE - 8, id="inside the function table"),
    ],
)
def test_a_misplaced_jump_table_breaks_t4(address: int, entries: int, place: int) -> None:
    table = ClaimedJumpTable(address, entries, MAIN)
    assert ("T4", place) in broken(lambda claimed: replace(claimed, jump_tables=[table]))


def test_the_number_of_entries_has_a_limit() -> None:
    tables = bytes(START.claimed.tables) + bytes(8 * MAX_ENTRIES)
    assert broken(lambda claimed: replace(claimed, tables=tables)) == []
    table = ClaimedJumpTable(TABLES + TABLE_SIZE + 16, MAX_ENTRIES + 1, MAIN)
    changed = replace(START.claimed, tables=tables + bytes(8), jump_tables=[*START.claimed.jump_tables, table])
    assert broken(lambda _: changed) == [("T4", TABLE_SIZE + 16)]


def test_the_same_jump_table_twice_breaks_t4() -> None:
    change = broken(lambda claimed: replace(claimed, jump_tables=[*claimed.jump_tables, *claimed.jump_tables]))
    assert change == [("T4", TABLE_SIZE)]


@pytest.mark.parametrize(
    ("address", "log2"),
    [
        pytest.param(TABLES - 16, TABLE_LOG2, id="before the tables"),
        pytest.param(TABLES + 8, TABLE_LOG2, id="unaligned"),
        pytest.param(TABLES, TABLE_LOG2 + 1, id="beyond the end"),
        pytest.param(TABLES, 27, id="far beyond the end"),
    ],
)
def test_a_misplaced_function_table_breaks_t4(address: int, log2: int) -> None:
    rules = broken(lambda claimed: replace(claimed, function_table=address, function_table_log2=log2))
    assert ("T4", address - TABLES) in rules


def test_a_claim_of_another_type_is_misuse() -> None:
    with pytest.raises(TypeError):
        verify(replace(START.claimed, functions=[ClaimedFunction("0", 1)]))  # type: ignore[arg-type]
