"""Where relocated fields end up, and which relocations have no meaning."""

from __future__ import annotations

import re
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image.confined_objects import assemble, function, jump_table, program
from motte.abi.kernel_calls import KERNEL_CALL_BY_NAME
from motte.abi.layout import IMAGE_BASE, UNUSED_CLASS
from motte.abi.limits import DEFAULT_LIMITS
from motte.errors import CompileError
from motte.image import Artifact, LoadPlan, link, load_plan

BASE = 0x2000_0000
TABLES = 0x3000_0000


def planned(*objects: bytes) -> LoadPlan:
    named = [(f"{number}.o", data) for number, data in enumerate(objects)]
    return load_plan(Artifact.read(link(named, [], limits=DEFAULT_LIMITS, cpu_features=())), BASE, TABLES)


def offset_of(plan: LoadPlan, name: str) -> int:
    return next(f.offset for f in plan.claimed.functions if f.name == name)


def u32(plan: LoadPlan, offset: int) -> int:
    return int.from_bytes(plan.claimed.code[offset : offset + 4], "little")


def u64_in_image(plan: LoadPlan, address: int) -> int:
    segment = next(s for s in plan.segments if s.address <= address < s.address + len(s.contents))
    start = address - segment.address
    return int.from_bytes(segment.contents[start : start + 8], "little")


def table_entry(plan: LoadPlan, pointer: int) -> tuple[int, int, int]:
    address, number, zero = struct.unpack_from("<QII", plan.claimed.tables, pointer)
    return address, number, zero


def test_a_function_used_as_a_value_is_its_table_offset_everywhere() -> None:
    data = '.data\n.globl p\np: .quad f\n.section .rodata,"a",@progbits\n.long f\n'
    plan = planned(program(function("f"), data, start="movl $f, %eax\nmovq $f, %rax\nmovabsq $f, %rax\nret"))
    code = plan.claimed.code
    pointer = u32(plan, 1)
    assert table_entry(plan, pointer) == (BASE + offset_of(plan, "f"), 1, 0)
    assert (u32(plan, 8), int.from_bytes(code[14:22], "little")) == (pointer, pointer)
    writable = plan.segments[1].address
    assert (u64_in_image(plan, writable + 16), u64_in_image(plan, IMAGE_BASE) & 0xFFFF_FFFF) == (pointer, pointer)


def test_a_local_function_may_be_named_through_its_section() -> None:
    plan = planned(program(function("f", binding="local"), ".data\n.quad f\n"))
    pointer = u64_in_image(plan, plan.segments[0].address + 16)
    assert table_entry(plan, pointer)[0] == BASE + offset_of(plan, "f")


def test_a_gate_may_be_address_taken() -> None:
    plan = planned(program(".data\n.quad motte_exit\n"))
    pointer = u64_in_image(plan, plan.segments[0].address + 16)
    assert table_entry(plan, pointer) == (KERNEL_CALL_BY_NAME["motte_exit"].gate_address, 1, 0)


def test_a_call_of_a_gate_reaches_it_from_wherever_the_code_is() -> None:
    plan = planned(program(start="call motte_syscall\nret"))
    displacement = struct.unpack_from("<i", plan.claimed.code, 1)[0]
    assert BASE + 5 + displacement == KERNEL_CALL_BY_NAME["motte_syscall"].gate_address


def test_an_absent_weak_name_is_null() -> None:
    plan = planned(program(".weak absent\n.data\n.quad absent\n", start="movl $absent, %eax\nret"))
    assert (u32(plan, 1), u64_in_image(plan, plan.segments[0].address + 16)) == (0, 0)


def test_indirect_calls_get_table_mask_and_class() -> None:
    check = """
movl %edi, %r10d
andl $__motte_function_table_mask, %r10d
cmpl $17, __motte_function_table+8(%r10)
jne .Ltrap
callq *__motte_function_table(%r10)
ret
.Ltrap: ud2
"""
    plan = planned(program(start=check))
    assert u32(plan, 6) == (16 << plan.claimed.function_table_log2) - 16
    assert u32(plan, 13) == TABLES + 8
    assert u32(plan, 23) == TABLES
    assert plan.claimed.classes == {17: 0}


def test_a_jump_table_holds_host_addresses_and_its_operand_the_tables_address() -> None:
    owner = function("owner", "jmpq *.LJTI(,%rax,8)\n.La: nop\n.Lb: ret")
    other = program(function("f", "jmpq *.LJT0(,%rcx,8)\n.Lc: ret"), jump_table(".LJT0", "f", [".Lc"] * 3))
    plan = planned(other, assemble(owner + jump_table(".LJTI", "owner", [".La", ".Lb", ".Lb"])))
    start = offset_of(plan, "owner")
    table = plan.claimed.jump_tables[1]
    assert (table.entries, plan.claimed.functions[table.owner].name) == (3, "owner")
    assert u32(plan, start + 3) == table.address
    targets = struct.unpack_from("<3Q", plan.claimed.tables, table.address - TABLES)
    assert targets == (BASE + start + 7, BASE + start + 8, BASE + start + 8)


def test_data_is_its_window_address_plus_the_addend() -> None:
    data = """
.section .rodata,"a",@progbits
.p2align 4
.globl c
c: .zero 32
.data
.quad c+24
.bss
.globl z
z: .zero 64
"""
    plan = planned(program(data, start="movl $c+5, %eax\nmovl %gs:z-0x20000(,%eax), %ecx\nret"))
    assert u32(plan, 1) == IMAGE_BASE + 5
    assert u64_in_image(plan, plan.segments[1].address + 16) == IMAGE_BASE + 24
    z = plan.segments[1].address + len(plan.segments[1].contents)
    assert u32(plan, 5 + 5) == (z - 0x20000) & 0xFFFF_FFFF


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    kind=st.sampled_from([("movl $v{:+d}, %eax", 1, 4, False), ("movq $v{:+d}, %rax", 3, 4, True)]),
    addend=st.integers(-(1 << 31), (1 << 31) - 1),
)
def test_a_value_lands_exactly_or_is_refused_as_too_large(kind: tuple[str, int, int, bool], addend: int) -> None:
    text, place, size, signed = kind
    expected = IMAGE_BASE + addend
    data = '.section .rodata,"a",@progbits\n.globl v\nv: .quad 1\n'
    source = program(data, start=text.format(addend) + "\nret")
    low, high = (-(1 << 31), 1 << 31) if signed else (0, 1 << 32)
    if low <= expected < high:
        code = planned(source).claimed.code
        assert int.from_bytes(code[place : place + size], "little", signed=signed) == expected
    else:
        with pytest.raises(CompileError, match=r"\.text\+0x[13]: value .* does not fit R_X86_64_32S?: v$"):
            planned(source)


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        ("movl $f+1, %eax", r"\.text\+0x1", "an address inside a function, or of no function, is used as a value: f"),
        ("call f+1", r"\.text\+0x1", "a call goes to something that is not a function: f"),
        ("call d", r"\.text\+0x1", "a call goes to something that is not a function: d"),
        ("call motte_exit+1", r"\.text\+0x1", "a call goes to something that is not a function: motte_exit"),
        ("movl d@GOTPCREL(%rip), %eax", r"\.text\+0x2", "R_X86_64_GOTPCRELX is not for this section: d"),
        ("movb $d, %al", r"\.text\+0x1", "R_X86_64_8 is not for this section: d"),
        ("movl $motte_exit+8, %eax", r"\.text\+0x1", "has no value here: motte_exit"),
        ("movabsq $__motte_function_table, %rax", r"\.text\+0x2", "a table's address is 32 bits wide"),
        ("callq *__motte_function_table+16(%r10)", r"\.text\+0x3", "addend 0x10 leaves the function table's first"),
        ("movl $__motte_function_table+8, %eax", r"\.text\+0x1", "a class check has an unknown shape"),
        ("jmpq *.LT-8(,%rax,8)", r"\.text\+0x3", "addend -0x8 leaves the jump tables: .motte.tables"),
        (".data\n.quad .LT", r"\.data\+0x10", "has no value here: .motte.tables"),
        (".data\n.quad __motte_function_table", r"\.data\+0x10", "has no value here: __motte_function_table"),
        (".data\n.long d - .", r"\.data\+0x10", "R_X86_64_PC32 is not for this section: d"),
        ("movl $.Lnote, %eax", r"\.text\+0x1", r"has no value here: \.motte\.padding"),
    ],
)
def test_a_relocation_without_meaning_is_refused_by_place_and_name(text: str, place: str, problem: str) -> None:
    parts = function("f") + '.section .rodata,"a",@progbits\n.globl d\nd: .quad 1\n'
    parts += jump_table(".LT", "f", ["f"]) + '.section .motte.padding,"",@progbits\n.Lnote: .quad 0\n'
    with pytest.raises(CompileError, match=rf"object 0\.o: {place}: {problem}"):
        planned(program(parts + text) if text.startswith(".data") else program(parts, start=text + "\nret"))


def test_a_jump_table_of_data_is_refused() -> None:
    table = jump_table(".LT", "f", ["__motte_data_stack_limit"])
    with pytest.raises(CompileError, match=re.escape("object 0.o: .motte.tables+0x0: a jump table holds something")):
        planned(program(function("f"), table))


def test_unused_table_entries_lead_to_the_trap_with_the_reserved_class() -> None:
    plan = planned(program(function("f"), start="movl $f, %eax\nret"))
    entries = list(struct.iter_unpack("<QII", plan.claimed.tables))
    used = u32(plan, 1) // 16
    trap = (BASE + offset_of(plan, "__motte_trap"), UNUSED_CLASS, 0)
    assert len(entries) == 1 << plan.claimed.function_table_log2
    assert all(entry == trap for number, entry in enumerate(entries) if number != used)
