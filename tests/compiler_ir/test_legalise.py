"""Variadic functions, structures by value and thread-local variables, before optimisation."""

import pytest

from compiler_ir.stages import legalised, lines_of
from motte.errors import CompileError

VA = "declare void @llvm.va_start.p0(ptr)\ndeclare void @llvm.va_end.p0(ptr)\n"
EMPTY = "ptr noundef @__motte_no_variadic_arguments"


def test_a_variadic_function_takes_a_hidden_pointer_last() -> None:
    text = legalised("define void @f(i32 %a, ...) {\n  ret void\n}\n")
    assert "define dso_local void @f(i32 %a, ptr noundef %motte.arguments)" in text


@pytest.mark.parametrize(
    ("parameters", "general", "vector"),
    [
        ("i32 %a", 8, 48),
        ("double %a, ptr %b", 8, 64),
        ("i128 %a, i32 %b", 24, 48),
        ("i64 %a, i64 %b, i64 %c, i64 %d, i64 %e, i128 %f, i32 %g", 48, 48),
        ("ptr byval([3 x i64]) %a, i32 %b", 8, 48),
        ("double %a, double %b, double %c, double %d, double %e, float %f, float %g, float %h, float %i", 0, 176),
    ],
)
def test_va_start_counts_the_registers_of_named_parameters(parameters: str, general: int, vector: int) -> None:
    text = legalised(
        f"{VA}define void @f({parameters}, ...) {{\n  %l = alloca [24 x i8]\n"
        "  call void @llvm.va_start.p0(ptr %l)\n  call void @llvm.va_end.p0(ptr %l)\n  ret void\n}\n"
    )
    body = lines_of(text, "f")
    assert f"store i32 {general}, ptr %l, align 8" in body
    assert any(line.startswith(f"store i32 {vector}, ptr ") for line in body)
    assert any(line.endswith("getelementptr i8, ptr %motte.arguments, i64 176") for line in body)
    assert not any("va_" in line for line in body)


def call_of(declaration: str, call: str) -> str:
    text = legalised(f"{declaration}\ndefine void @caller(ptr %p, i32 %n) {{\n  {call}\n  ret void\n}}\n")
    return next(line for line in lines_of(text, "caller") if "call" in line and "@llvm" not in line)


def test_a_variadic_argument_goes_through_the_area() -> None:
    call = call_of("declare i32 @f(ptr, ...)", "%r = tail call i32 (ptr, ...) @f(ptr %p, i32 %n)")
    assert call == "%r = call i32 @f(ptr %p, ptr noundef %motte.area)"


def test_a_call_without_variadic_arguments_passes_readable_memory() -> None:
    """Programs read arguments that are not there; fcntl of musl does so whatever the command."""
    call = call_of("declare i32 @f(ptr, ...)", "%r = tail call i32 (ptr, ...) @f(ptr %p)")
    assert call == f"%r = tail call i32 @f(ptr %p, {EMPTY})"


def test_an_unprototyped_call_of_a_plain_function_passes_nothing_hidden() -> None:
    call = call_of("define i32 @f(i32 %x) {\n  ret i32 %x\n}", "%r = call i32 (i32, ...) @f(i32 %n)")
    assert call == "%r = call i32 @f(i32 %n)"


def test_an_unprototyped_call_of_a_variadic_function_is_split_where_the_function_says() -> None:
    call = call_of("define i32 @f(i32 %x, ...) {\n  ret i32 %x\n}", "%r = call i32 (i32, i32, ...) @f(i32 %n, i32 1)")
    assert call == "%r = call i32 @f(i32 %n, ptr noundef %motte.area)"


def test_an_unprototyped_function_elsewhere_is_taken_for_a_plain_one() -> None:
    assert call_of("declare i32 @f(...)", "%r = call i32 (i32, ...) @f(i32 %n)") == "%r = call i32 @f(i32 %n)"


def test_unprototyped_functions_of_the_c_library_are_known_by_name() -> None:
    call = call_of("declare i32 @open(...)", "%r = call i32 (ptr, i32, i32, ...) @open(ptr %p, i32 %n, i32 6)")
    assert call == "%r = call i32 @open(ptr %p, i32 %n, ptr noundef %motte.area)"


def test_an_indirect_call_without_variadic_arguments_may_reach_either_kind() -> None:
    assert call_of("", "%r = call i32 (i32, ...) %p(i32 %n)") == f"%r = call i32 %p(i32 %n, {EMPTY})"


def test_the_hidden_pointer_never_changes_the_stack_arguments_of_a_call_that_may_be_plain() -> None:
    call = call_of("", "%r = call i32 (i32, i32, i32, i32, i32, i32, ...) %p(i32 1, i32 2, i32 3, i32 4, i32 5, i32 6)")
    assert call == "%r = call i32 %p(i32 1, i32 2, i32 3, i32 4, i32 5, i32 6)"


def test_a_thunk_forwards_its_own_arguments() -> None:
    text = legalised(
        "declare void @g(ptr, ...)\n"
        "define void @f(ptr %p, ...) {\n  musttail call void (ptr, ...) @g(ptr %p, ...)\n  ret void\n}\n"
    )
    assert "musttail call void @g(ptr %p, ptr noundef %motte.arguments)" in lines_of(text, "f")


def test_what_was_said_of_memory_is_forgotten_where_arguments_move_there() -> None:
    text = legalised(
        "declare i32 @f(ptr, ...) memory(none)\ndeclare i32 @plain(i32) memory(none)\n"
        "define void @caller(ptr %p) {\n  %r = call i32 (ptr, ...) @f(ptr %p, i32 1) memory(none)\n"
        "  %q = call i32 @plain(i32 1) memory(none)\n  ret void\n}\n"
    )
    call = next(line for line in lines_of(text, "caller") if "@f(" in line)
    group = call.rpartition("#")[2] if "#" in call else ""
    assert not group or "memory" not in next(
        line for line in text.splitlines() if line.startswith(f"attributes #{group} ")
    )
    plain = next(line for line in lines_of(text, "caller") if "@plain(" in line)
    group = plain.rpartition("#")[2]
    assert "memory(none)" in next(line for line in text.splitlines() if line.startswith(f"attributes #{group} "))


def test_a_structure_by_value_is_copied_by_the_caller() -> None:
    text = legalised(
        "declare void @f(ptr byval({ i64, [3 x i32] }) align 8)\n"
        "define void @caller(ptr %p) {\n  tail call void @f(ptr byval({ i64, [3 x i32] }) align 8 %p)\n  ret void\n}\n"
    )
    copy, start, memcpy, call, end, _ = lines_of(text, "caller")
    assert copy == "%motte.1.copy = alloca [24 x i8], align 8"
    assert "lifetime.start" in start
    assert "llvm.memcpy" in memcpy
    assert "ptr align 8 %motte.1.copy, ptr align 8 %p, i64 24" in memcpy
    assert call.startswith("call void @f(ptr noalias nonnull align 8 dereferenceable(24) %motte.1.copy)")
    assert "lifetime.end" in end
    assert "byval" not in text


def test_a_variadic_structure_lies_in_the_overflow_area_itself() -> None:
    text = legalised(
        "declare void @f(...)\ndefine void @g(ptr %x, ...) {\n  ret void\n}\n"
        "define void @caller(ptr %p) {\n"
        "  call void (ptr, ...) @g(ptr %p, i32 1, ptr byval([5 x i8]) %p, ptr byval([2 x i64]) align 16 %p)\n"
        "  ret void\n}\n"
    )
    body = lines_of(text, "caller")
    assert body[0] == "%motte.area = alloca [208 x i8], align 16"  # 176, then 8 for five bytes, 8 to align, 16
    assert [line.rpartition(" ")[2] for line in body if "getelementptr" in line] == ["8", "176", "192"]


def test_a_thread_local_variable_is_an_ordinary_one() -> None:
    text = legalised(
        "@x = thread_local(localexec) global i32 5, align 4\ndeclare ptr @llvm.threadlocal.address.p0(ptr)\n"
        "define ptr @f() {\n  %p = call ptr @llvm.threadlocal.address.p0(ptr @x)\n  ret ptr %p\n}\n"
    )
    assert "@x = dso_local global i32 5, align 4" in text
    assert lines_of(text, "f")[0] == "%p = getelementptr i8, ptr @x, i64 0"


def test_new_names_avoid_those_of_the_program() -> None:
    text = legalised("define void @f(ptr %motte.arguments, ...) {\n  ret void\n}\n")
    assert "@f(ptr %motte.arguments, ptr noundef %motte_.arguments)" in text


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("call void (ptr, ...) @f(ptr %p, <8 x float> zeroinitializer)", "wider than the register save area's slots"),
        ("call void (ptr, ...) @f(ptr %p, i256 7)", "type i256 has no place that va_arg could find"),
        ("call void (ptr, ...) @f(ptr %p, ptr byval(i64) align 32 %p)", "aligned to 32, more than 16"),
    ],
)
def test_an_argument_that_va_arg_cannot_find_is_refused(call: str, reason: str) -> None:
    with pytest.raises(CompileError, match=reason):
        call_of("declare void @f(ptr, ...)", call)


def test_a_wide_va_arg_is_refused_by_name() -> None:
    with pytest.raises(CompileError, match=r"in @f: va_arg of type i256 is not supported"):
        legalised("define void @f(ptr %l) {\n  %x = va_arg ptr %l, i256\n  ret void\n}\n")
