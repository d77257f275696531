"""Call instructions survive being taken apart, and say what they are."""

import pytest

from motte.compiler.ir.calls import Argument, parse_argument, parse_call
from motte.compiler.ir.scan import IRTextError

LINES = [
    "  call void @f()",
    "  %1 = call i32 @f(i32 noundef %0, ptr null)",
    "  %r = tail call fast float @llvm.sqrt.f32(float %x)",
    "  %3 = musttail call fastcc noundef range(i32 0, 5) i32 %2(ptr nonnull align 8 dereferenceable(16) %p) #3",
    "  %4 = call i32 (ptr, ...) @printf(ptr noundef @.str, double noundef 3.000000e+00) #5, !dbg !7",
    '  call void @"odd (name"(<2 x i32> <i32 1, i32 2>, [2 x i8] c"a)", { i32, ptr } { i32 1, ptr null })',
    "  %5 = call { i64, i64 } @g(ptr byval(%struct.S) align 16 %6, i128 170141183460469231731687303715884105727)",
    '  call void %fp(i32 -5) [ "kcfi"(i32 7) ], !srcloc !9',
    "  %6 = call align 4 ptr @h(ptr getelementptr inbounds (i8, ptr @x, i64 8), i64 ptrtoint (ptr @y to i64))",
    "  call void inttoptr (i64 4660 to ptr)()",
    "  call void null(i32 poison)",
    "  %7 = notail call nofpclass(nan inf) double @k(double splat (double 1.0), i1 true)",
    '  %8 = call nonnull ptr @m(ptr captures(none) "odd"="x y" %9) nounwind',
]


@pytest.mark.parametrize("line", LINES)
def test_a_call_is_put_together_as_it_was(line: str) -> None:
    assert str(parse_call(line)) == line


def test_a_variadic_call_knows_its_result_type() -> None:
    call = parse_call("  %1 = call { i64, i64 } (ptr, i32, ...) @f(ptr %0, i32 1, i64 2)")
    assert call.is_variadic
    assert call.result_type == "{ i64, i64 }"


def test_a_callee_is_direct_only_by_global_name() -> None:
    assert parse_call("  call void @f()").is_direct
    assert not parse_call("  call void %f()").is_direct
    assert not parse_call("  call void inttoptr (i64 1 to ptr)()").is_direct


def test_attributes_and_value_are_told_apart() -> None:
    argument = parse_argument("ptr noundef byval({ i32, [2 x i8] }) align 8 %x")
    assert argument == Argument("ptr", ("noundef", "byval({ i32, [2 x i8] })", "align 8"), "%x")
    assert argument.byval_type == "{ i32, [2 x i8] }"
    assert argument.alignment(1) == 8
    assert argument.without("byval", "align") == Argument("ptr", ("noundef",), "%x")


@pytest.mark.parametrize("value", ["null", "undef", "getelementptr (i8, ptr @x, i64 1)", "inttoptr (i64 1 to ptr)"])
def test_a_constant_is_no_attribute(value: str) -> None:
    assert parse_argument(f"ptr nonnull {value}") == Argument("ptr", ("nonnull",), value)


def test_what_is_no_call_is_an_error() -> None:
    with pytest.raises(IRTextError, match="not a call"):
        parse_call("  ret void")


def test_assembly_is_never_taken_for_a_callee() -> None:
    with pytest.raises(IRTextError, match="inline assembly"):
        parse_call('  call void asm sideeffect "nop", ""()')
