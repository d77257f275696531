"""After lowering nothing is left that code generation would put on the native stack, or leave unchecked."""

import re

import pytest

from compiler_ir.stages import LIBRARY, assembly, legalised, lines_of, lowered
from motte.compiler.lower.data_stack import UNCHECKED_FRAME
from motte.compiler.options import CompileOptions
from motte.errors import CompileError

POINTER = "@__motte_data_stack_pointer"
USE = "declare void @use(ptr)\n"


def frame_of(*allocas: str, use: str = "call void @use(ptr %a)") -> list[str]:
    body = "\n  ".join([*allocas, use, "ret void"])
    return lines_of(lowered(f"{USE}define void @f(i64 %n) {{\n  {body}\n}}\n"), "f")


def test_a_local_lies_in_a_frame_that_is_given_back() -> None:
    body = frame_of("%a = alloca [40 x i8], align 8")
    assert body == [
        f"%motte.1.caller = load ptr, ptr {POINTER}, align 8",
        "%motte.2.frame = getelementptr i8, ptr %motte.1.caller, i64 0",
        "%motte.3.take.end = getelementptr i8, ptr %motte.2.frame, i64 48",
        f"store ptr %motte.3.take.end, ptr {POINTER}, align 8",
        "%a = getelementptr i8, ptr %motte.2.frame, i64 0",
        "call void @use(ptr %a)",
        f"store ptr %motte.2.frame, ptr {POINTER}, align 8",
        "ret void",
    ]


def test_a_function_without_locals_touches_no_data_stack() -> None:
    text = lowered(f"{USE}define void @f(ptr %a) {{\n  call void @use(ptr %a)\n  ret void\n}}\n")
    assert POINTER not in text


def test_a_leaf_function_takes_no_frame() -> None:
    body = frame_of("%a = alloca i64", use="store volatile i64 %n, ptr %a")
    assert f"load ptr, ptr {POINTER}, align 8" in body[0]
    assert not any(line.endswith(f"ptr {POINTER}, align 8") and line.startswith("store") for line in body)


@pytest.mark.parametrize(
    "instruction",
    [
        "call void @llvm.memset.p0.i64(ptr %a, i8 0, i64 %n, i1 false)",
        "%x = frem double 1.0, 2.0",
        "%x = sdiv i128 7, 3",
        "%x = load atomic i64, ptr %a seq_cst, align 8",
    ],
)
def test_what_may_become_a_call_makes_no_leaf(instruction: str) -> None:
    text = (
        "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)\n"
        f"define void @f(i64 %n) {{\n  %a = alloca i64\n  store volatile i64 0, ptr %a\n  {instruction}\n"
        "  ret void\n}\n"
    )
    assert any(line.startswith("store ptr") and POINTER in line for line in lines_of(lowered(text), "f"))


def test_an_overaligned_local_aligns_the_frame() -> None:
    body = frame_of("%a = alloca i8, align 256", "%b = alloca i64")
    assert any("@llvm.ptrmask.p0.i64" in line and "i64 -256" in line for line in body)
    assert "%a = getelementptr i8, ptr %motte.2.frame, i64 0" in body
    assert body[-2] == f"store ptr %motte.1.caller, ptr {POINTER}, align 8"


def test_a_frame_that_could_step_over_the_gap_is_checked_and_touched() -> None:
    checked = frame_of(f"%a = alloca [{UNCHECKED_FRAME + 16} x i8]")
    assert any("@__motte_data_stack_limit" in line for line in checked)
    assert any(".touched = load volatile i8" in line for line in checked)
    assert not any("limit" in line for line in frame_of(f"%a = alloca [{UNCHECKED_FRAME} x i8]"))


@pytest.mark.parametrize("alloca", ["alloca i8, i64 %n", "alloca [3 x i32], i64 %n, align 64"])
def test_a_local_of_variable_size_is_checked_and_touched(alloca: str) -> None:
    body = frame_of(f"%a = {alloca}")
    assert any(".touched = load volatile i8" in line for line in body)
    assert body[-2] == f"store ptr %motte.1.caller, ptr {POINTER}, align 8"


def test_the_frame_is_given_back_before_a_tail_call() -> None:
    body = frame_of("%a = alloca i64", use="call void @use(ptr %a)\n  tail call void @use(ptr null)")
    assert body[-3:] == [
        f"store ptr %motte.2.frame, ptr {POINTER}, align 8",
        "tail call void @use(ptr null)",
        "ret void",
    ]


def test_a_call_that_is_no_tail_call_keeps_the_frame() -> None:
    body = frame_of("%a = alloca i64", use="call void @use(ptr %a)\n  call void @use(ptr null)")
    assert body[-2].startswith("store ptr %motte.2.frame")


MARKERS = "declare void @llvm.lifetime.start.p0(ptr)\ndeclare void @llvm.lifetime.end.p0(ptr)\n"


def places(*lines: str) -> dict[str, str]:
    body = "\n".join(re.sub(r"(start|end) (%\w+)", r"call void @llvm.lifetime.\1.p0(ptr \2)", line) for line in lines)
    text = lowered(f"{USE}{MARKERS}define void @f(i1 %c) {{\n{body}\n}}\n")
    found = (
        re.match(r"(%\w+) = getelementptr i8, ptr %motte\.2\.frame, i64 (\d+)", line) for line in lines_of(text, "f")
    )
    return {match.group(1): match.group(2) for match in found if match}


TWO = ("%a = alloca [64 x i8]", "%b = alloca [64 x i8]")
USE_A, USE_B = "call void @use(ptr %a)", "call void @use(ptr %b)"


def test_locals_that_live_one_after_the_other_share_a_place() -> None:
    found = places(*TWO, "start %a", USE_A, "end %a", "start %b", USE_B, "end %b", "ret void")
    assert found["%a"] == found["%b"]


def test_locals_that_live_together_do_not_share() -> None:
    found = places(*TWO, "start %a", USE_A, "start %b", USE_B, "end %a", "end %b", "ret void")
    assert found["%a"] != found["%b"]


def test_a_local_without_markers_shares_nothing() -> None:
    found = places(*TWO, "start %a", USE_A, "end %a", USE_B, "ret void")
    assert found["%a"] != found["%b"]


def test_a_local_that_lives_on_around_a_loop_does_not_share() -> None:
    found = places(
        *(*TWO, "br label %loop", "loop:", "start %b", USE_B, "end %b"),
        *("start %a", USE_A, "br i1 %c, label %loop, label %out", "out:", "end %a", "ret void"),
    )
    assert found["%a"] != found["%b"]


def test_locals_of_two_branches_share() -> None:
    found = places(
        *(*TWO, "br i1 %c, label %x, label %y", "x:", "start %a", USE_A, "end %a", "br label %out"),
        *("y:", "start %b", USE_B, "end %b", "br label %out", "out:", "ret void"),
    )
    assert found["%a"] == found["%b"]


def test_control_never_runs_off_the_end() -> None:
    body = lines_of(lowered("define void @f() {\n  unreachable\n}\n"), "f")
    assert body == ["call void @llvm.trap()", "unreachable"]


def test_a_switch_that_trusts_its_operand_stays_without_a_range_check() -> None:
    text = (
        "define i32 @f(i32 %x) {\n  switch i32 %x, label %no [\n    i32 0, label %a\n    i32 1, label %b\n  ]\n"
        "a:\n  ret i32 7\nb:\n  ret i32 9\nno:\n  unreachable\n}\n"
    )
    assert "call void @llvm.trap()" not in lines_of(lowered(text), "f")


def test_an_unreachable_block_that_a_branch_leads_to_gets_its_trap() -> None:
    text = "define i32 @f(i1 %x) {\n  br i1 %x, label %a, label %no\na:\n  ret i32 7\nno:\n  unreachable\n}\n"
    assert "call void @llvm.trap()" in lines_of(lowered(text), "f")


def test_an_indirect_call_is_tagged_with_the_class_of_its_stack_arguments() -> None:
    def tag(arguments: str) -> str:
        text = lowered(f"define void @f(ptr %p) {{\n  call void %p({arguments})\n  ret void\n}}\n")
        return lines_of(text, "f")[0].partition(" [ ")[2]

    assert tag("i32 1") == '"kcfi"(i32 1) ]'
    assert tag(", ".join(f"i64 {n}" for n in range(8))) == '"kcfi"(i32 3) ]'
    assert tag("i64 1, i64 2, i64 3, i64 4, i64 5, i128 6, i64 7") == '"kcfi"(i32 3) ]'
    assert '!{i32 4, !"kcfi", i32 1}' in lowered("define void @f() {\n  ret void\n}\n")


def test_a_class_may_be_the_whole_prototype_which_fixes_the_stack_arguments() -> None:
    options = CompileOptions(cpu="x86-64-v3", function_classes="prototype", internalize=None)

    def function_class(arguments: str) -> int:
        text = lowered(f"define void @f(ptr %p) {{\n  call void %p({arguments})\n  ret void\n}}\n", options)
        match = re.search(r'"kcfi"\(i32 (\d+)\)', text)
        assert match is not None
        return int(match.group(1))

    seven = ", ".join(f"i64 {n}" for n in range(7))
    assert function_class("i32 1") != function_class("i64 1")
    assert function_class("i32 1") == function_class("i32 2")
    assert function_class("i32 1") & 255 == 1
    assert function_class(seven) & 255 == 2


@pytest.mark.parametrize("target", ["inttoptr (i64 4660 to ptr)", "null", "@data"])
def test_a_call_of_no_function_becomes_an_indirect_one(target: str) -> None:
    text = lowered(f"@data = global i32 0\ndefine void @f() {{\n  call void {target}()\n  ret void\n}}\n")
    assert f"private constant ptr {target}, align 8" in text
    assert re.fullmatch(r'call void %motte\.\d\.target\(\) \[ "kcfi"\(i32 1\) \]', lines_of(text, "f")[1])


def test_an_intrinsic_may_take_what_no_function_takes() -> None:
    text = (
        "declare void @llvm.experimental.noalias.scope.decl(metadata)\n"
        "define void @f() {\n  call void @llvm.experimental.noalias.scope.decl(metadata !0)\n  ret void\n}\n"
        "!0 = !{!1}\n!1 = distinct !{!1, !2}\n!2 = distinct !{!2}\n"
    )
    assert "call void @llvm.experimental.noalias.scope.decl(metadata !" in lines_of(lowered(text), "f")[0]


def test_a_direct_call_stays_direct() -> None:
    assert "call void @use(ptr %p)" in lowered(
        f"{USE}define void @f(ptr %p) {{\n  call void @use(ptr %p)\n  ret void\n}}\n"
    )


def test_a_direct_call_that_passes_too_few_stack_arguments_is_checked_like_an_indirect_one() -> None:
    seven = ", ".join(f"i64 %{n}" for n in range(7))
    text = (
        f"define void @g({seven}) {{\n  ret void\n}}\n"
        "define void @few() {\n  call void @g(i64 1)\n  ret void\n}\n"
        "define void @enough(i64 %x) {\n  call void @g(" + ", ".join(["i64 %x"] * 7) + ")\n  ret void\n}\n"
    )
    result = lowered(text)
    assert '[ "kcfi"(i32 1) ]' in lines_of(result, "few")[1]
    assert lines_of(result, "enough")[0].startswith("call void @g(")


def test_a_constant_next_to_a_function_is_computed_when_the_program_runs() -> None:
    text = (
        "declare void @g()\ndefine i1 @f() {\n"
        "  %c = icmp ult i64 add (i64 ptrtoint (ptr @g to i64), i64 -1), -3\n  ret i1 %c\n}\n"
    )
    code = assembly(text)
    assert "g-1" not in code
    assert "g+" not in code


def test_data_next_to_a_function_is_refused_by_name() -> None:
    with pytest.raises(CompileError, match="@x holds the address of a function with an offset"):
        lowered("declare void @g()\n@x = global ptr getelementptr (i8, ptr @g, i64 1)\n")


CPUS = ["x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4", "native"]


@pytest.mark.parametrize("cpu", CPUS)
@pytest.mark.parametrize("element", ["i1", "i8", "i24", "i32", "double", "ptr"])
def test_an_element_chosen_by_a_variable_is_not_looked_up_on_the_native_stack(element: str, cpu: str) -> None:
    text = (
        f"define {element} @get(<8 x {element}> %v, i32 %i) {{\n"
        f"  %x = extractelement <8 x {element}> %v, i32 %i\n  ret {element} %x\n}}\n"
        f"define <8 x {element}> @put(<8 x {element}> %v, {element} %x, i64 %i) {{\n"
        f"  %w = insertelement <8 x {element}> %v, {element} %x, i64 %i\n  ret <8 x {element}> %w\n}}\n"
    )
    code = assembly(text, CompileOptions(cpu=cpu, internalize=None))
    assert not re.search(r"\(%rsp,|lea\w*\s.*\(%rsp", code)


@pytest.mark.parametrize("cpu", CPUS)
def test_fences_and_atomic_operations_leave_the_stack_alone(cpu: str) -> None:
    text = (
        "define void @f(ptr %p, i32 %n) {\n  fence seq_cst\n  %a = atomicrmw or ptr %p, i32 0 seq_cst\n"
        "  %b = atomicrmw volatile add ptr %p, i64 0 seq_cst\n  %m = shl i32 1, %n\n"
        "  %c = atomicrmw or ptr %p, i32 %m seq_cst\n  %d = and i32 %c, %m\n  store i32 %d, ptr %p\n"
        "  %o = xor i32 %m, -1\n  %e = atomicrmw and ptr %p, i32 %o seq_cst\n  %g = and i32 %e, %m\n"
        "  store i32 %g, ptr %p\n  ret void\n}\n"
    )
    code = assembly(text, CompileOptions(cpu=cpu, internalize=None))
    assert code.count("mfence") == 3
    assert "rsp" not in code
    assert not re.search(r"\sbt[src]", code)


def test_an_atomic_store_of_sixteen_bytes_is_fenced_without_the_stack() -> None:
    code = assembly("define void @f(ptr %p) {\n  store atomic i128 1, ptr %p seq_cst, align 16\n  ret void\n}\n")
    assert "mfence" in code
    assert "orl" not in code


@pytest.mark.parametrize("operation", ["shl", "lshr", "ashr"])
def test_a_wide_shift_does_not_go_through_the_stack(operation: str) -> None:
    text = f"define i256 @f(i256 %x, i256 %n) {{\n  %r = {operation} i256 %x, %n\n  ret i256 %r\n}}\n"
    assert not re.search(r"\(%rsp,", assembly(text))


@pytest.mark.parametrize("cpu", CPUS)
@pytest.mark.parametrize("attributes", ["", "minsize optsize"])
def test_no_block_operation_becomes_a_string_instruction(attributes: str, cpu: str) -> None:
    functions = []
    for size in (1, 7, 16, 33, 64, 65, 100, 128, 129, 256, 300, 1000):
        for align in (1, 8, 32):
            target = f"ptr align {align} %p"
            functions.append(
                f"define void @f{size}.{align}(ptr %p, ptr %q, i8 %b) {attributes} {{\n"
                f"  call void @llvm.memcpy.p0.p0.i64({target}, ptr align {align} %q, i64 {size}, i1 false)\n"
                f"  call void @llvm.memset.p0.i64({target}, i8 %b, i64 {size}, i1 false)\n"
                f"  call void @llvm.memmove.p0.p0.i32({target}, ptr %q, i32 {size}, i1 false)\n  ret void\n}}\n"
            )
    declarations = (
        "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)\ndeclare void @llvm.memset.p0.i64(ptr, i8, i64, i1)\n"
        "declare void @llvm.memmove.p0.p0.i32(ptr, ptr, i32, i1)\n"
    )
    code = assembly(declarations + "".join(functions), CompileOptions(cpu=cpu, internalize=None))
    assert not re.search(r"\brep|\b(movs|stos)[bwlq]\b", code)


def test_inline_block_operations_are_unrolled() -> None:
    text = (
        "declare void @llvm.memcpy.inline.p0.p0.i64(ptr, ptr, i64, i1)\n"
        "define void @f(ptr %p, ptr %q) {\n"
        "  call void @llvm.memcpy.inline.p0.p0.i64(ptr %p, ptr %q, i64 13, i1 false)\n  ret void\n}\n"
    )
    assert [line.split()[1] for line in lines_of(lowered(text), "f") if line.startswith("store")] == [
        "i64",
        "i32",
        "i8",
    ]


@pytest.mark.parametrize("count", [8, 9, 12])
def test_wide_vectors_beyond_the_registers_go_by_pointer(count: int) -> None:
    parameters = ", ".join(f"<8 x float> %{n}" for n in range(count))
    values = ", ".join("<8 x float> %v" for _ in range(count))
    text = (
        f"define <8 x float> @f({parameters}) {{\n  %s = fadd <8 x float> %0, %{count - 1}\n  ret <8 x float> %s\n}}\n"
        f"define <8 x float> @caller(<8 x float> %v) {{\n  %r = call <8 x float> @f({values})\n"
        "  ret <8 x float> %r\n}\n"
    )
    header = next(line for line in lowered(text).splitlines() if line.startswith("define") and "@f(" in line)
    assert header.count("ptr") == count - 8
    assert not re.search(r"and\w*\s.*%rsp", assembly(text))


def test_a_result_without_registers_goes_through_a_pointer() -> None:
    text = (
        "declare { i64, i64, i64, i64 } @g(i32)\n"
        "define i64 @f() {\n  %r = call { i64, i64, i64, i64 } @g(i32 1)\n"
        "  %x = extractvalue { i64, i64, i64, i64 } %r, 3\n  ret i64 %x\n}\n"
        "define [8 x i64] @h([8 x i64] %x) {\n  ret [8 x i64] %x\n}\n"
    )
    result = lowered(text)
    assert "declare dso_local void @g(ptr noundef, i32)" in result
    assert "define dso_local void @h(ptr noundef %" in result
    assert lines_of(result, "h")[-1] == "ret void"


def test_a_musttail_call_with_a_value_too_wide_is_refused() -> None:
    with pytest.raises(CompileError, match="in @f: a musttail call passes a value too wide for registers"):
        lowered("define i256 @f(i256 %x) {\n  %r = musttail call i256 @f(i256 %x)\n  ret i256 %r\n}\n")


def test_frexp_gets_its_second_result_through_the_data_stack() -> None:
    text = (
        "declare { double, i32 } @llvm.frexp.f64.i32(double)\n"
        "define i32 @f(double %x) {\n  %r = call { double, i32 } @llvm.frexp.f64.i32(double %x)\n"
        "  %e = extractvalue { double, i32 } %r, 1\n  ret i32 %e\n}\n"
    )
    body = lines_of(lowered(text), "f")
    assert any(re.match(r"%motte\S+ = call double @frexp\(double %x, ptr %motte\S+\)", line) for line in body)
    assert not re.search(r"lea\w*\s.*\(%rsp", assembly(text))


def test_the_stack_can_be_saved_and_restored() -> None:
    text = (
        "declare ptr @llvm.stacksave.p0()\ndeclare void @llvm.stackrestore.p0(ptr)\n"
        "define void @f() {\n  %1 = call ptr @llvm.stacksave.p0()\n  call void @llvm.stackrestore.p0(ptr %1)\n"
        "  ret void\n}\n"
    )
    body = lines_of(lowered(text), "f")
    assert f"%1 = load ptr, ptr {POINTER}, align 8" in body
    assert f"store ptr %1, ptr {POINTER}, align 8" in body


def test_no_function_claims_to_leave_memory_alone_any_more() -> None:
    text = "define i32 @f(i32 %x) memory(none) {\n  ret i32 %x\n}\n"
    assert "memory(none)" in legalised(text)
    assert "memory(none)" not in lowered(text, LIBRARY)


def test_a_quoted_type_does_not_hide_that_a_call_is_direct() -> None:
    text = (
        '%"a b" = type { i32 }\ndeclare %"a b" @g()\ndefine i32 @f() {\n  %r = call %"a b" @g()\n'
        '  %x = extractvalue %"a b" %r, 0\n  ret i32 %x\n}\n'
    )
    assert any(re.match(r'%r = call %"a b\S*" @g\(\)', line) for line in lines_of(lowered(text), "f"))
