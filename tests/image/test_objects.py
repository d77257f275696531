"""Reading a confined object: what is refused, by name, and that no damage can surprise the reader."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image.confined_objects import assemble, function, jump_table, program
from motte.abi.limits import Limits
from motte.errors import CompileError, LimitReached
from motte.image import Artifact, link, load_plan
from motte.image.objects import ObjectFunction, ObjectJumpTable, read_object

SMALL_LIMITS = Limits(program_image=1 << 20, code_size=1 << 20)

SAMPLE = program(
    function("f", "call g\nmovl $d, %eax\nret", stack_arguments=24),
    function("g", "jmpq *.LT(,%rax,8)\n.La: ret", binding="local"),
    jump_table(".LT", "g", [".La", ".La"]),
    '.section .rodata.str1.1,"aMS",@progbits,1\nd: .asciz "text"\n.section .init_array,"aw",@init_array\n.quad g\n',
    '.file 1 "sample.c"\n.text\n.p2align 4, 0xcc\n.type h,@function\nh: .loc 1 7\nnop\nret\n.size h, . - h\n',
    '.section .motte.functions,"",@progbits\n.quad h\n.long 0\n.long 1\n.bss\n.zero 64\n.comm block,16,16\n',
)


def test_functions_and_jump_tables_are_read_with_their_records() -> None:
    found = read_object("sample.o", SAMPLE)
    assert list(found.functions.values())[:3] == [
        ObjectFunction(0, 1, 0, 1, "__motte_start"),
        ObjectFunction(16, 11, 24, 4, "f"),
        ObjectFunction(32, 8, 0, 1, "g"),
    ]
    assert found.jump_tables == {0: ObjectJumpTable(0, 2, 32)}


def test_an_alias_is_no_second_function() -> None:
    found = read_object("a.o", assemble(function("f") + ".globl alias\n.set alias, f\n.type alias, @function\n"))
    assert list(found.functions) == [0]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('.section .tdata,"awT",@progbits\n.quad 0\n', "unknown section .tdata"),
        ('.section "evil\x1bsection","aw",@progbits\n.quad 0\n', r"unknown section evil\x1bsection"),
        ('.section .eh_frame,"a",@progbits\n.quad 0\n', "unknown section .eh_frame"),
        ('.section .text.hot,"ax",@progbits\nret\n', "unknown section .text.hot"),
        ('.section .rodata.x,"ax",@progbits\nret\n', "section .rodata.x is executable"),
        ('.section .debug_x,"a",@progbits\n.quad 0\n', "unknown section .debug_x"),
        ('.section .bss.x,"aw",@progbits\n.quad 0\n', "section .bss.x has contents"),
        ('.section .data.x,"aw",@nobits\n.zero 8\n', "section .data.x has no contents"),
        ('.section .data.x,"awG",@progbits,grp,comdat\n.quad 0\n', "unknown section .group"),
        (".data\n.p2align 21\n.quad 0\n", "section .data wants alignment 2097152; at most 1048576 is possible"),
        (".text\n.type f,@function\nf: ret\n.size f, 1\n", "f has no function record"),
        (
            function("f", "nop\nret") + '.section .motte.functions,"",@progbits\n.quad f+1\n.quad 0\n',
            "but no function symbol",
        ),
        (
            function("f") + '.section .motte.functions,"",@progbits\n.quad f\n.quad 9\n',
            "records for .text+0x0 disagree",
        ),
        ('.section .motte.functions,"",@progbits\n.quad 0\n.quad 0\n', "a function record does not point into"),
        ('.section .motte.functions,"",@progbits\n.quad far\n.quad 0\n', "a function record does not point into"),
        ('.section .motte.functions,"",@progbits\n.quad 0\n', "section .motte.functions has an odd size"),
        (function("f").replace(". - f", "2"), "a function extends past the end of .text"),
        (function("f").replace(". - f", "17") + function("h"), "function h is empty or overlaps another"),
        (function("f").replace(". - f", "0"), "function f is empty or overlaps another"),
        (jump_table(".LT", "far", ["far"]), "a jump table's owner does not point into this object"),
        (
            function("f") + '.section .motte.jump_tables,"",@progbits\n.quad f\n.quad f\n.quad 1\n',
            "a jump table record",
        ),
        (".globl x\n.set x, 5\n", "symbol x is an absolute value"),
        (".data\n.type x, @gnu_indirect_function\nx: .quad 0\n", "symbol x has type 10, which confined code lacks"),
        (".data\n.type x, @function\nx: .quad 0\n", "function x is not in .text"),
        ('.section .init_array,"aw",@init_array\n.long 0\n', "section .init_array is not an array of pointers"),
    ],
)
def test_what_a_confined_object_may_not_hold_is_refused_by_name(text: str, problem: str) -> None:
    with pytest.raises(CompileError) as caught:
        link([("p.o", program()), ("bad.o", assemble(text))], [], limits=SMALL_LIMITS, cpu_features=())
    assert caught.value.diagnostics.startswith("object bad.o: ")
    assert problem in caught.value.diagnostics


def test_too_large_jump_table_is_refused() -> None:
    table = jump_table(".LT", "f", ["f", "f"]).replace(".long 2", ".long 3")
    with pytest.raises(CompileError, match="jump table at 0x0 is described wrongly"):
        read_object("bad.o", assemble(function("f") + table))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "is shorter than an ELF header"),
        (b"\0" * 64, "is not a relocatable ELF file for x86-64"),
        (SAMPLE[:16] + struct.pack("<H", 3) + SAMPLE[18:], "is not a relocatable ELF file for x86-64"),
        (SAMPLE[:-40], "section table lies outside the file"),
    ],
)
def test_what_is_no_object_is_refused_with_the_reason(data: bytes, problem: str) -> None:
    with pytest.raises(CompileError, match=rf"object bad\.o: {problem}"):
        read_object("bad.o", data)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    data = bytearray(SAMPLE[: draw(st.one_of(st.just(len(SAMPLE)), st.integers(0, len(SAMPLE))))])
    for _ in range(draw(st.integers(1, 4)) if data else 0):
        position = draw(st.integers(0, len(data) - 1))
        new = draw(st.sampled_from([b"\xff" * 8, b"\0" * 8, b"\x7f", b"\x01", draw(st.binary(min_size=1, max_size=4))]))
        data[position : position + len(new)] = new[: len(data) - position]
    return bytes(data)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(damaged())
def test_a_damaged_object_is_refused_or_makes_an_artifact_that_loads(data: bytes) -> None:
    try:
        made = link([("damaged.o", data)], [], limits=SMALL_LIMITS, cpu_features=())
    except (CompileError, LimitReached):
        return
    artifact = Artifact.read(made, SMALL_LIMITS)
    plan = load_plan(artifact, 0x2000_0000, 0x3000_0000)
    assert len(plan.claimed.code) == artifact.code_size
