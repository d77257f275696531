"""The last number that a claim may be, and the first that it may not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from motte.abi import layout
from motte.verifier import ClaimedCode, ClaimedJumpTable
from motte.verifier.placement import LOWEST, MAX_CLASS, MAX_TABLE_LOG2
from verifier.agreement import verify
from verifier.assembling import CODE, TABLES, assemble

PAGE = layout.PAGE_SIZE
FUNCTION = "function f\nret\nend f\n"


def rules(claimed: ClaimedCode) -> list[str]:
    return [found.rule for found in verify(claimed).violations]


def moved(base: int, tables_base: int) -> ClaimedCode:
    """The program elsewhere, with all its tables."""
    claimed = assemble(FUNCTION).claimed
    entries = memoryview(bytearray(claimed.tables)).cast("Q")
    for index in range(0, len(entries), 2):
        entries[index] += base - CODE
    return replace(claimed, base=base, tables_base=tables_base, function_table=tables_base, tables=entries.tobytes())


TABLES_SIZE = len(assemble(FUNCTION).claimed.tables)
LAST_CODE, LAST_TABLES = layout.CODE_REGION_END - PAGE, layout.CODE_REGION_END - TABLES_SIZE


@pytest.mark.parametrize(
    ("base", "tables_base", "expected"),
    [
        (LOWEST, TABLES, []),
        (LOWEST - PAGE, TABLES, ["T1"]),
        (LAST_CODE, TABLES, []),
        (LAST_CODE + PAGE, TABLES, ["T1"]),
        (CODE, LOWEST, []),
        (CODE, LOWEST - PAGE, ["T1"]),
        (CODE, CODE + PAGE, []),
        (CODE, CODE, ["T1"]),
        (CODE, CODE - PAGE, []),
        (CODE, layout.CODE_REGION_END - PAGE, []),
        (CODE, layout.CODE_REGION_END, ["T1"]),
        (CODE, layout.CODE_REGION_END + PAGE, ["T1"]),
        (layout.CODE_REGION_END + PAGE, TABLES, ["T1"]),
        (CODE + (1 << 32), TABLES, ["T1"]),
    ],
)
def test_code_and_tables_may_fill_the_region(base: int, tables_base: int, expected: list[str]) -> None:
    assert rules(moved(base, tables_base)) == expected


def test_tables_that_fill_a_page_end_where_the_code_begins() -> None:
    claimed = moved(CODE, CODE - PAGE)
    assert rules(replace(claimed, tables=bytes(claimed.tables).ljust(PAGE, b"\0"))) == []
    assert rules(replace(claimed, tables=bytes(claimed.tables).ljust(PAGE + 1, b"\0"))) == ["T1"]
    assert rules(replace(claimed, tables=bytes(claimed.tables).ljust(PAGE - 1, b"\0"))) == []


def test_tables_end_where_the_region_does() -> None:
    claimed = moved(CODE, layout.CODE_REGION_END - PAGE)
    assert rules(replace(claimed, tables=bytes(claimed.tables).ljust(PAGE, b"\0"))) == []
    assert rules(replace(claimed, tables=bytes(claimed.tables).ljust(PAGE + 1, b"\0"))) == ["T1"]


@pytest.mark.parametrize(("number", "expected"), [(1, []), (MAX_CLASS, []), (0, ["T1"]), (MAX_CLASS + 1, ["T1"])])
def test_classes_are_32_bit_numbers_but_0(number: int, expected: list[str]) -> None:
    claimed = assemble(FUNCTION).claimed
    assert rules(replace(claimed, classes={**claimed.classes, number: 0})) == expected


@pytest.mark.parametrize("number", [0, MAX_CLASS + 1])
def test_the_first_class_is_checked_like_the_others(number: int) -> None:
    claimed = assemble(FUNCTION).claimed
    assert rules(replace(claimed, classes={number: 0, **claimed.classes})) == ["T1"]
    assert rules(replace(claimed, classes={12: 4, **claimed.classes})) == ["T1"]


def test_each_single_entry_of_the_host_is_checked() -> None:
    claimed = assemble("function f\nret\nend f\nfunction g 8\nret\nend g\n").claimed
    assert [function.stack_arguments for function in claimed.functions] == [0, 8, 0]
    assert [rules(replace(claimed, entries=[index])) for index in (0, 1, 2, 3)] == [[], ["S4"], [], ["T1"]]
    assert rules(replace(claimed, entries=[0, 1])) == ["S4"]
    assert rules(replace(claimed, entries=[1, 0])) == ["S4"]
    assert rules(replace(claimed, entries=[3, 0])) == ["T1"]


@pytest.mark.parametrize("size", [PAGE, PAGE + 1, 2 * PAGE, 1 << 21])
def test_a_function_does_not_end_behind_the_code(size: int) -> None:
    claimed = assemble(FUNCTION).claimed
    functions = [claimed.functions[0], replace(claimed.functions[1], size=size)]
    assert rules(replace(claimed, functions=functions))[0] == "D1"


@pytest.mark.parametrize(("log2", "expected"), [(0, ["T4"]), (MAX_TABLE_LOG2, ["T4"]), (MAX_TABLE_LOG2 + 1, ["T1"])])
def test_the_function_table_fits_the_region(log2: int, expected: list[str]) -> None:
    assert rules(replace(assemble(FUNCTION).claimed, function_table_log2=log2))[:1] == expected


def test_a_function_may_end_where_the_code_does() -> None:
    claimed = assemble(f"function f\n.fill {PAGE - 3}, 1, 0x90\nret\nend f\n").claimed
    assert len(claimed.code) == PAGE
    assert rules(claimed) == []


def test_a_function_does_not_begin_before_the_code() -> None:
    claimed = assemble(FUNCTION).claimed
    functions = [replace(claimed.functions[0], offset=-1, size=2), claimed.functions[1]]
    assert rules(replace(claimed, functions=functions))[0] == "D1"


@pytest.mark.parametrize(("entries", "expected"), [(1 << 20, []), ((1 << 20) + 1, ["T4"]), (1, []), (0, ["T4"])])
def test_jump_tables_have_1_to_2_to_the_20_entries(entries: int, expected: list[str]) -> None:
    claimed = assemble(FUNCTION).claimed
    tables = bytes(claimed.tables) + CODE.to_bytes(8, "little") * entries
    table = ClaimedJumpTable(TABLES + TABLES_SIZE, entries, 0)
    assert sorted({*rules(replace(claimed, tables=tables, jump_tables=[table]))}) == expected


@pytest.mark.parametrize(("gap", "expected"), [(0, []), (4, ["T4"]), (1, ["T4"]), (8, [])])
def test_jump_tables_begin_at_multiples_of_8(gap: int, expected: list[str]) -> None:
    claimed = assemble(FUNCTION).claimed
    tables = bytes(claimed.tables) + bytes(gap) + CODE.to_bytes(8, "little") + bytes(8)
    table = ClaimedJumpTable(TABLES + TABLES_SIZE + gap, 1, 0)
    assert sorted({*rules(replace(claimed, tables=tables, jump_tables=[table]))}) == expected


@pytest.mark.parametrize(("gap", "expected"), [(0, []), (8, ["T4"]), (4, ["T4"]), (16, [])])
def test_the_function_table_begins_at_a_multiple_of_16(gap: int, expected: list[str]) -> None:
    claimed = assemble(FUNCTION).claimed
    tables = bytes(gap) + bytes(claimed.tables)
    assert sorted({*rules(replace(claimed, tables=tables, function_table=TABLES + gap))}) == expected


@pytest.mark.parametrize("place", range(12, 16))
@pytest.mark.parametrize("entry", [0, 1])
def test_the_end_of_a_function_table_entry_is_zero(entry: int, place: int) -> None:
    tables = bytearray(assemble(FUNCTION).claimed.tables)
    tables[16 * entry + place] = 1
    assert rules(replace(assemble(FUNCTION).claimed, tables=bytes(tables))) == ["T2"]


@pytest.mark.parametrize("address", [CODE, CODE + 1, CODE + 64, 0, (1 << 64) - 1])
def test_an_undeclared_class_fits_nothing(address: int) -> None:
    tables = bytearray(assemble(FUNCTION).claimed.tables)
    tables[16:32] = address.to_bytes(8, "little") + (77).to_bytes(4, "little") + bytes(4)
    assert rules(replace(assemble(FUNCTION).claimed, tables=bytes(tables))) == ["T2"]


def test_an_unused_entry_leads_to_no_bytes_inside_an_instruction() -> None:
    claimed = assemble("function f\nmovl $0x0b0f, %eax\nret\nend f\n").claimed
    tables = bytearray(claimed.tables)
    tables[32:40] = (CODE + 1).to_bytes(8, "little")
    assert rules(replace(claimed, tables=bytes(tables))) == ["T2"]
