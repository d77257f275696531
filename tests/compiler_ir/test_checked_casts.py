"""Where tests stand after the optimiser, and which conversions are tested at all."""

from __future__ import annotations

import re
from functools import partial

import pytest

from compiler_ir.stages import legalised, lines_of
from motte.abi.checked_casts import PointerUse
from motte.compiler.checked_casts import expand_checks, mark_casts
from motte.compiler.ir.module import Module
from motte.compiler.optimise import optimise
from motte.compiler.options import Checked, CompileOptions
from motte.compiler.read import parse
from motte.errors import CompileError

TESTED = re.compile(r"call void @motte_check_pointer\(i64 ([^,]+), i32 (\d), ")


def checked(text: str, mode: Checked, level: int = 2) -> str:
    """A module after its checks were expanded."""
    options = CompileOptions(optimization=level, cpu="x86-64-v3", internalize=None, checked=mode)
    marked = Module(legalised(text, options))
    mark_casts(marked, mode)
    module = parse(str(marked))
    optimise(module, options)
    return str(expand_checks(module, options))


def seen_in(text: str, function: str = "f") -> list[tuple[str, PointerUse]]:
    """What is tested, in order: the integer, and for which use."""
    return [
        (match.group(1), PointerUse(int(match.group(2))))
        for match in TESTED.finditer("\n".join(lines_of(text, function)))
    ]


def function(body: str, parameters: str = "i64 %x", result: str = "i32") -> str:
    return f"declare void @keep(ptr)\ndefine {result} @f({parameters}) {{\n{body}\n}}\n"


READ = function("  %p = inttoptr i64 %x to ptr\n  %v = load i32, ptr %p\n  ret i32 %v")
USES = partial(checked, mode="use")
CASTS = partial(checked, mode="cast")


# --- conversions -----------------------------------------------------------------------------------------------------


def test_a_cast_is_tested_where_it_stands_or_where_its_result_is_read() -> None:
    assert seen_in(CASTS(READ)) == [("%x", PointerUse.CAST)]
    assert seen_in(USES(READ)) == [("%x", PointerUse.ACCESS)]


def test_a_cast_whose_result_nobody_wants_is_tested_in_mode_cast_alone() -> None:
    text = function("  %p = inttoptr i64 %x to ptr\n  ret i32 0")
    assert seen_in(CASTS(text)) == [("%x", PointerUse.CAST)]
    assert seen_in(USES(text)) == []


def test_a_cast_that_the_program_does_not_reach_is_not_run_early() -> None:
    text = function(
        "  br i1 %c, label %a, label %b\na:\n  %p = inttoptr i64 %x to ptr\n  br label %b\n"
        "b:\n  %q = phi ptr [ %p, %a ], [ null, %0 ]\n  %r = ptrtoint ptr %q to i64\n  ret i64 %r",
        "i1 %c, i64 %x",
        "i64",
    )
    body = lines_of(CASTS(text), "f")
    assert body[0].startswith("br i1 %c, ")
    assert seen_in(CASTS(text)) == [("%x", PointerUse.CAST)]


@pytest.mark.parametrize("mode", ["use", "cast"])
def test_a_round_trip_is_a_cast_like_any_other(mode: Checked) -> None:
    """LLVM would fold it."""
    text = function(
        "  %i = ptrtoint ptr %q to i64\n  %p = inttoptr i64 %i to ptr\n  %v = load i32, ptr %p\n  ret i32 %v", "ptr %q"
    )
    assert len(seen_in(checked(text, mode))) == 1


@pytest.mark.parametrize("mode", ["use", "cast"])
def test_what_the_optimiser_makes_of_a_union_is_no_cast(mode: Checked) -> None:
    text = function(
        "  %u = alloca i64\n  store i64 %x, ptr %u\n  %p = load ptr, ptr %u\n  %v = load i32, ptr %p\n  ret i32 %v"
    )
    result = checked(text, mode)
    assert " = inttoptr i64 %x to ptr" in result, "the optimiser makes a conversion of it"
    assert seen_in(result) == []


@pytest.mark.parametrize(
    "pointer",
    [
        "inttoptr (i64 4096 to ptr)",
        "inttoptr (i64 add (i64 ptrtoint (ptr @g to i64), i64 4096) to ptr)",
        "getelementptr (i8, ptr null, i64 4096)",
    ],
)
@pytest.mark.parametrize("mode", ["use", "cast"])
def test_constants_are_not_tested(mode: Checked, pointer: str) -> None:
    text = f"@g = global i64 0\n{function(f'  %v = load volatile i32, ptr {pointer}{chr(10)}  ret i32 %v', '')}"
    assert "@motte_check_pointer" not in checked(text, mode)


def test_a_constant_instruction_is_a_constant() -> None:
    text = function("  %p = inttoptr i64 4096 to ptr\n  %v = load volatile i32, ptr %p\n  ret i32 %v")
    assert "@motte_check_pointer" not in CASTS(text)


@pytest.mark.parametrize(("kind", "change"), [("i8", "zext"), ("i32", "zext"), ("i63", "zext"), ("i128", "trunc")])
def test_integers_of_other_widths_are_extended_or_cut_as_the_cast_does(kind: str, change: str) -> None:
    text = function(f"  %p = inttoptr {kind} %x to ptr\n  %v = load i32, ptr %p\n  ret i32 %v", f"{kind} %x")
    ((integer, use),) = seen_in(CASTS(text))
    assert use is PointerUse.CAST
    assert any(
        line.startswith(f"{integer} = {change} ") and line.endswith(" to i64") for line in lines_of(CASTS(text), "f")
    )


def test_every_lane_of_a_vector_is_tested() -> None:
    text = function("  %p = inttoptr <4 x i64> %x to <4 x ptr>\n  ret <4 x ptr> %p", "<4 x i64> %x", "<4 x ptr>")
    assert [use for _, use in seen_in(CASTS(text))] == [PointerUse.CAST] * 4


def test_lanes_that_are_read_are_tested() -> None:
    text = function(
        "  %p = inttoptr <2 x i32> %x to <2 x ptr>\n  %q = extractelement <2 x ptr> %p, i64 1\n"
        "  %v = load i32, ptr %q\n  ret i32 %v",
        "<2 x i32> %x",
    )
    assert [use for _, use in seen_in(USES(text))] == [PointerUse.ACCESS]


@pytest.mark.parametrize("mode", ["use", "cast"])
def test_a_module_without_casts_stays_as_it_is(mode: Checked) -> None:
    text = function("  %v = load i32, ptr %q\n  %i = ptrtoint ptr %q to i64\n  ret i32 %v", "ptr %q")
    options = CompileOptions(optimization=2, cpu="x86-64-v3", internalize=None, checked=mode)
    marked = Module(before := legalised(text, options))
    mark_casts(marked, mode)
    assert str(parse(str(marked))) == before
    module = parse(before)
    assert expand_checks(module, options) is module


# --- uses ------------------------------------------------------------------------------------------------------------

DEREFERENCES = {
    "load": "  %v = load volatile i32, ptr %p",
    "atomic load": "  %v = load atomic i32, ptr %p seq_cst, align 4",
    "structure": "  %v = load volatile { i64, i64 }, ptr %p",
    "store": "  store i32 1, ptr %p",
    "atomic store": "  store atomic i32 1, ptr %p release, align 4",
    "store of a constant": "  store ptr getelementptr (i8, ptr null, i64 3), ptr %p",
    "atomicrmw": "  %v = atomicrmw volatile add ptr %p, i32 1 seq_cst",
    "cmpxchg": "  %v = cmpxchg weak volatile ptr %p, i32 1, i32 2 seq_cst seq_cst",
    "element": "  %e = getelementptr inbounds { i32, [4 x i16] }, ptr %p, i64 %x, i32 1, i64 2\n  store i16 1, ptr %e",
    "freeze": "  %e = freeze ptr %p\n  store i16 1, ptr %e",
    "mask": "  %e = call ptr @llvm.ptrmask.p0.i64(ptr %p, i64 -16)\n  store i16 1, ptr %e",
    "memset": "  call void @llvm.memset.p0.i64(ptr align 1 %p, i8 0, i64 100, i1 false)",
    "memcpy from": "  call void @llvm.memcpy.p0.p0.i64(ptr %q, ptr %p, i64 100, i1 false)",
    "memcpy to": "  call void @llvm.memcpy.p0.p0.i64(ptr %p, ptr %q, i64 100, i1 true)",
    "memmove": "  call void @llvm.memmove.p0.p0.i64(ptr %q, ptr %p, i64 100, i1 true)",
    "copy": "  %e = call ptr @llvm.launder.invariant.group.p0(ptr %p)\n  store i16 1, ptr %e",
    "processor's own": "  %v = call <16 x i8> @llvm.x86.sse3.ldu.dq(ptr %p)\n  store <16 x i8> %v, ptr %q",
    "reference": "  call void @keep(ptr dereferenceable(4) %p)",
}
INTRINSICS = """
declare ptr @llvm.ptrmask.p0.i64(ptr, i64)
declare ptr @llvm.launder.invariant.group.p0(ptr)
declare <16 x i8> @llvm.x86.sse3.ldu.dq(ptr)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)
declare void @llvm.masked.store.v4i32.p0(<4 x i32>, ptr, <4 x i1>)
"""


def using(lines: str, parameters: str = "i64 %x, ptr %q") -> str:
    return INTRINSICS + function(f"  %p = inttoptr i64 %x to ptr\n{lines}\n  ret i32 0", parameters)


@pytest.mark.parametrize("lines", DEREFERENCES.values(), ids=DEREFERENCES)
@pytest.mark.parametrize("level", [0, 2])
def test_each_kind_of_dereference_is_tested_once(lines: str, level: int) -> None:
    assert seen_in(USES(using(lines), level=level)) == [("%x", PointerUse.ACCESS)]


HARMLESS = {
    "comparison": "  %c = icmp ult ptr %p, %q\n  call void @flag(i1 %c)",
    "conversion": "  %i = ptrtoint ptr %p to i64\n  call void @number(i64 %i)",
    "passed": "  call void @keep(ptr %p)",
    "maybe": "  call void @keep(ptr dereferenceable_or_null(4) %p)",
    "stored": "  store ptr %p, ptr %q",
    "exchanged": "  %v = atomicrmw xchg ptr %q, ptr %p seq_cst",
    "nothing copied": "  call void @llvm.memcpy.p0.p0.i64(ptr %q, ptr %p, i64 0, i1 true)",
}


@pytest.mark.parametrize("lines", HARMLESS.values(), ids=HARMLESS)
@pytest.mark.parametrize("level", [0, 2])
def test_what_touches_nothing_is_not_tested(lines: str, level: int) -> None:
    text = "declare void @flag(i1)\ndeclare void @number(i64)\n" + using(lines)
    assert seen_in(USES(text, level=level)) == []


def test_a_call_of_the_pointer_is_tested_for_functions() -> None:
    assert seen_in(USES(using("  call void %p(i64 1)"))) == [("%x", PointerUse.CALL)]


@pytest.mark.parametrize(
    "lines",
    [
        "  call void @llvm.memset.p0.i64(ptr %p, i8 0, i64 %n, i1 false)",
        "  call void @llvm.masked.store.v4i32.p0(<4 x i32> zeroinitializer, ptr %p, <4 x i1> %m)",
    ],
    ids=["size", "mask"],
)
def test_an_amount_that_may_be_zero_decides_whether_there_is_anything_to_test(lines: str) -> None:
    text = USES(using(lines, "i64 %x, i64 %n, <4 x i1> %m"))
    ((integer, _),) = seen_in(text)
    assert any(re.match(rf"{re.escape(integer)} = select i1 %\S+, i64 0, i64 %x", line) for line in lines_of(text, "f"))


def test_only_the_first_dereference_is_tested() -> None:
    again = "  %e = getelementptr i8, ptr %p, i64 8\n  store volatile i32 2, ptr %e\n  %v = load volatile i32, ptr %p"
    assert len(seen_in(USES(using(f"  store volatile i32 1, ptr %p\n  call void @keep(ptr %p)\n{again}")))) == 1


BRANCH = """\
  br i1 %c, label %a, label %b
a:
  store volatile i32 1, ptr %p
  br label %z
b:
  {}
  br label %z
z:
  call void @keep(ptr null)
  store volatile i32 3, ptr %p
"""


@pytest.mark.parametrize(
    ("other", "again"), [("store volatile i32 2, ptr %p", False), ("call void @keep(ptr null)", True)]
)
def test_a_test_is_left_out_only_where_every_path_made_it(other: str, again: bool) -> None:
    text = USES(using(BRANCH.format(other), "i64 %x, i1 %c"), level=0)
    assert len(seen_in(text)) == 2
    assert (TESTED.search(text[text.index("\nz:") :]) is not None) == again


def test_a_loop_tests_what_is_new_in_each_turn() -> None:
    body = (
        "  br label %l\nl:\n  %i = phi i64 [ %x, %0 ], [ %n, %l ]\n  %p = inttoptr i64 %i to ptr\n"
        "  %n = load volatile i64, ptr %p\n  store volatile i32 1, ptr %p\n  %c = icmp eq i64 %n, 0\n"
        "  br i1 %c, label %z, label %l\nz:\n  ret i32 0"
    )
    assert seen_in(USES(function(body))) == [("%i", PointerUse.ACCESS)]


def test_where_pointers_meet_the_integers_meet() -> None:
    body = (
        "  br i1 %c, label %a, label %z\na:\n  %p = inttoptr i64 %x to ptr\n  br label %z\n"
        "z:\n  %r = phi ptr [ %p, %a ], [ %q, %0 ]\n  %v = load volatile i32, ptr %r\n  ret i32 %v"
    )
    text = USES(function(body, "i64 %x, i1 %c, ptr %q"), level=0)
    ((integer, _),) = seen_in(text)
    assert f"{integer} = phi i64 [ %x, %a ], [ 0, %0 ]" in lines_of(text, "f")


def test_names_with_braces_are_kept() -> None:
    body = (
        '  br i1 %"c{0}", label %"a{}", label %z\n"a{}":\n  %p = inttoptr i64 %x to ptr\n  br label %z\n'
        'z:\n  %r = phi ptr [ %p, %"a{}" ], [ %q, %0 ]\n  %s = select i1 %"c{0}", ptr %r, ptr %q\n'
        "  %v = load volatile i32, ptr %s\n  ret i32 %v"
    )
    assert len(seen_in(USES(function(body, 'i64 %x, i1 %"c{0}", ptr %q'), level=0))) == 1


def test_a_choice_of_pointers_is_a_choice_of_integers() -> None:
    body = (
        "  %p = inttoptr i64 %x to ptr\n  %r = select i1 %c, ptr %p, ptr @g\n"
        "  %v = load volatile i32, ptr %r\n  ret i32 %v"
    )
    text = USES("@g = global i32 0\n" + function(body, "i64 %x, i1 %c"), level=0)
    ((integer, _),) = seen_in(text)
    assert f"{integer} = select i1 %c, i64 %x, i64 0" in lines_of(text, "f")


def test_a_pointer_that_runs_through_a_loop_keeps_its_one_integer() -> None:
    body = (
        "  %p = inttoptr i64 %x to ptr\n  br label %l\nl:\n  %r = phi ptr [ %p, %0 ], [ %e, %l ]\n"
        "  %v = load volatile i32, ptr %r\n  %e = getelementptr i32, ptr %r, i64 1\n  %c = icmp eq i32 %v, 0\n"
        "  br i1 %c, label %z, label %l\nz:\n  ret i32 0"
    )
    assert seen_in(USES(function(body), level=0)) == [("%x", PointerUse.ACCESS)]


LOOP = """\
  br i1 %c, label %a, label %z
a:
  br label %l
l:
  %i = phi i64 [ 0, %a ], [ %n, %l ]
  {}
  %e = getelementptr i32, ptr %p, i64 %i
  %v = load i32, ptr %e
  store i32 %v, ptr %q
  %n = add i64 %i, 1
  %d = icmp eq i32 %v, 0
  br i1 %d, label %z, label %l
z:
"""


@pytest.mark.parametrize(("before", "moves"), [("", True), ("call void @keep(ptr %q)", False)])
def test_a_test_leaves_a_loop_if_nothing_else_comes_first(before: str, moves: bool) -> None:
    text = USES(using(LOOP.format(before), "i64 %x, i1 %c, ptr %q"), level=0)
    assert seen_in(text) == [("%x", PointerUse.ACCESS)]
    test = TESTED.search(text)
    assert test is not None
    assert (test.start() < text.index("\nl:")) == moves


def test_a_test_leaves_two_loops() -> None:
    body = LOOP.replace("label %z, label %l\nz:", "label %m, label %l\nm:\n  br i1 %c, label %a, label %z\nz:")
    body = "  br label %s\ns:\n" + body.replace("br i1 %c, label %a, label %z\na:", "br label %a\na:").format("")
    text = USES(using(body, "i64 %x, i1 %c, ptr %q"), level=0)
    assert seen_in(text) == [("%x", PointerUse.ACCESS)]
    test = TESTED.search(text)
    assert test is not None
    assert test.start() < text.index("\na:")


def test_a_small_function_that_returns_what_it_made_is_part_of_its_caller() -> None:
    helper = (
        "define internal ptr @untag(i64 %x) #0 {\n  %i = and i64 %x, -8\n  %p = inttoptr i64 %i to ptr\n"
        "  ret ptr %p\n}\n"
        "attributes #0 = { nounwind }\n"
    )
    caller = "  %p = call ptr @untag(i64 %x)\n  %v = load i32, ptr %p\n  ret i32 %v"
    assert len(seen_in(USES(helper + function(caller), level=0))) == 1
    assert seen_in(USES(helper.replace("nounwind", "noinline") + function(caller), level=0)) == []


def test_tests_of_one_function_are_not_merged() -> None:
    """Each has the line of its own cast."""
    body = (
        "  br i1 %c, label %a, label %b\na:\n  %p = inttoptr i64 %x to ptr\n  call void @keep(ptr %p)\n  ret i32 0\n"
        "b:\n  %q = inttoptr i64 %y to ptr\n  call void @keep(ptr %q)\n  ret i32 0"
    )
    text = CASTS(function(body, "i64 %x, i64 %y, i1 %c"), level=3)
    assert sorted(seen_in(text)) == [("%x", PointerUse.CAST), ("%y", PointerUse.CAST)]


def test_the_compiler_names_the_modes_that_it_knows() -> None:
    with pytest.raises(CompileError, match="checked casts must be 'use' or 'cast', not 'all'"):
        CompileOptions(checked="all")  # type: ignore[arg-type]
