"""Placing sections: segments, alignment, constructor order, the function table's shape."""

from __future__ import annotations

import pytest

from image.confined_objects import assemble, function, program
from motte.abi.layout import DATA_STACK_ALIGNMENT, DATA_STACK_GAP, HEAP_END, IMAGE_BASE, PAGE_SIZE
from motte.abi.limits import DEFAULT_LIMITS
from motte.errors import LimitReached
from motte.image import Artifact, LoadPlan, link, load_plan
from motte.image.function_table import FunctionTable, table_log2

CONSTANTS = '.section .rodata.cst32,"aM",@progbits,32\n.p2align 5\n.quad 1, 2, 3, 4\n'


def artifact_of(*objects: bytes) -> Artifact:
    named = [(f"{number}.o", data) for number, data in enumerate(objects)]
    return Artifact.read(link(named, [], limits=DEFAULT_LIMITS, cpu_features=()))


def plan_of(*objects: bytes) -> LoadPlan:
    return load_plan(artifact_of(*objects), 0x2000_0000, 0x3000_0000)


def pointers(plan: LoadPlan, start: int, end: int) -> list[int]:
    """The 64-bit values in [start, end) of the window image."""
    segment = next(s for s in plan.segments if s.address <= start < s.address + len(s.contents))
    contents = bytes(segment.contents[start - segment.address : end - segment.address])
    return [int.from_bytes(contents[place : place + 8], "little") for place in range(0, len(contents), 8)]


def test_read_only_and_writable_segments_share_no_page() -> None:
    plan = plan_of(program(CONSTANTS, ".data\n.quad 1\n"))
    read_only, writable = plan.segments
    assert (read_only.address, read_only.writable, writable.writable) == (IMAGE_BASE, False, True)
    assert writable.address % PAGE_SIZE == 0 and writable.address >= read_only.address + read_only.size


def test_without_constants_the_writable_segment_begins_the_image() -> None:
    (only,) = plan_of(program()).segments
    assert (only.address, only.writable) == (IMAGE_BASE, True)


def test_sections_of_all_objects_keep_their_alignment() -> None:
    aligned = ".data\n.globl {0}\n.p2align 6\n{0}: .byte 1\n.text\n" + function("use_{0}", "movl ${0}, %eax\nret")
    plan = plan_of(program(), assemble(aligned.format("a")), assemble(aligned.format("b")))
    code = plan.claimed.code
    uses = [f.offset for f in plan.claimed.functions if f.name.startswith("use_")]
    first, second = (int.from_bytes(code[offset + 1 : offset + 5], "little") for offset in uses)
    assert first % 64 == second % 64 == 0 and first != second


def test_code_is_whole_pages_and_filled_with_int3_between_functions() -> None:
    plan = plan_of(program(function("f", "nop\nret")), assemble(function("g")))
    code = bytearray(plan.claimed.code)
    assert len(code) % PAGE_SIZE == 0
    for each in plan.claimed.functions:
        assert each.offset % 16 == 0
        code[each.offset : each.offset + each.size] = b"\xcc" * each.size
    assert set(code) == {0xCC}


def test_the_linkers_names_mark_the_image() -> None:
    names = ["__bss_start", "_edata", "_end", "end", "__dso_handle"]
    data = '.section .rodata,"a",@progbits\n' + "".join(f".quad {name}\n" for name in names)
    plan = plan_of(program(data, ".bss\n.zero 100\n"))
    bss, edata, end, also_end, handle = pointers(plan, IMAGE_BASE, IMAGE_BASE + 40)
    writable = plan.segments[1]
    assert bss == edata == writable.address + len(writable.contents)
    assert end == also_end == plan.image_end == writable.address + writable.size
    assert handle == IMAGE_BASE


def test_constructors_run_by_priority_then_in_link_order_and_inside_legacy_arrays_backwards() -> None:
    def array(section: str, *entries: str) -> str:
        return f'.section {section},"aw",@progbits\n' + "".join(f".quad {entry}\n" for entry in entries)

    marks = '.section .rodata,"a",@progbits\n.quad __init_array_start, __init_array_end\n'
    marks += ".quad __fini_array_start, __fini_array_end, __preinit_array_start, __preinit_array_end\n"
    callees = "".join(map(function, ["p101", "p200", "plain1", "plain2", "old101", "c1", "c2", "c3", "fini"]))
    first = program(
        marks,
        callees,
        array(".init_array", "plain1"),
        array(".init_array.200", "p200"),
        array(".ctors", "c2", "c1"),
        array(".ctors.65434", "old101"),
        array(".fini_array", "fini"),
    )
    second = assemble(array(".init_array.101", "p101") + array(".init_array", "plain2") + array(".ctors", "c3"))
    plan = plan_of(first, second)
    start, end, fini_start, fini_end, preinit_start, preinit_end = pointers(plan, IMAGE_BASE, IMAGE_BASE + 48)

    def called(start: int, end: int) -> list[str]:
        addresses = {plan.claimed.base + f.offset: f.name for f in plan.claimed.functions}
        table = plan.claimed.tables
        return [addresses[int.from_bytes(table[p : p + 8], "little")] for p in pointers(plan, start, end)]

    assert called(start, end) == ["p101", "old101", "p200", "plain1", "plain2", "c1", "c2", "c3"]
    assert called(fini_start, fini_end) == ["fini"]
    assert preinit_start == preinit_end
    assert end <= plan.segments[0].address + plan.segments[0].size


def test_null_small_integers_and_aligned_addresses_meet_unused_entries() -> None:
    for count in (0, 1, 127, 128, 129, 5000):
        table = FunctionTable(range(count))
        used = set(table.entries.values())
        assert len(used) == count and all(entry < 1 << table.log2 for entry in used)
        reached = {(value & table.mask) // 16 for value in (*range(4096), *range(0, 1 << 22, 32))}
        assert not reached & used
        assert 2 * len(used) <= 1 << table.log2


def test_function_pointers_are_equal_exactly_if_the_functions_are() -> None:
    table = FunctionTable(["f", "g", "f"])
    assert table.pointer("f") != table.pointer("g")
    assert len(table.entries) == 2


def test_the_table_is_never_larger_than_needed() -> None:
    for used in range(129, 3000):
        last = max(FunctionTable(range(used)).entries.values())
        assert 1 << (table_log2(used) - 1) <= last < 1 << table_log2(used)


def test_the_data_stack_begins_where_the_image_ends() -> None:
    plan = plan_of(program(".bss\n.zero 5000\n"))
    stack = plan.data_stack((8 << 20) - 1)
    assert stack.low == -(-plan.image_end // DATA_STACK_ALIGNMENT) * DATA_STACK_ALIGNMENT
    assert stack.high % PAGE_SIZE == 0
    assert 0 <= stack.high - stack.low - ((8 << 20) - 1) < PAGE_SIZE


def test_a_data_stack_without_room_is_refused() -> None:
    plan = plan_of(program())
    room = HEAP_END - DATA_STACK_GAP - plan.data_stack(0).low
    assert plan.data_stack(room).high == HEAP_END - DATA_STACK_GAP
    with pytest.raises(LimitReached, match="past the heap's end 0x80000000"):
        plan.data_stack(room + 1)


@pytest.mark.parametrize(
    ("base", "tables_base", "what"),
    [
        (0x2000_0001, 0x3000_0000, "code of 4096 bytes cannot be at 0x20000001"),
        (0x0FFF_F000, 0x3000_0000, "code of 4096 bytes cannot be at 0xffff000"),
        (0x7FFF_0000, 0x3000_0000, "code of 4096 bytes cannot be at 0x7fff0000"),
        (0x2000_0000, 0x7FFE_F000, "tables of 8192 bytes cannot be at 0x7ffef000"),
        (0x2000_0000, 0x3000_0010, "tables of 8192 bytes cannot be at 0x30000010"),
    ],
)
def test_code_and_tables_belong_on_pages_of_the_code_region(base: int, tables_base: int, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        load_plan(artifact_of(program()), base, tables_base)
    assert load_plan(artifact_of(program()), 0x7FFE_F000, 0x7FFE_D000)
