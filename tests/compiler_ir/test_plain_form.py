"""What acceptance drops, keeps and renames."""

import re

import pytest

from compiler_ir.stages import LIBRARY, assembly, legalised
from motte.compiler.options import CompileOptions

PROGRAM = CompileOptions(optimization=0, cpu="x86-64-v3", internalize=("main", "hook"))
BODY = "{\n  ret void\n}\n"


def line_of(text: str, name: str) -> str:
    return next(line for line in text.splitlines() if f"@{name} " in line or f"@{name}(" in line)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ('@x = global i32 0, section ".text\\0A.globl evil", align 4', "@x = dso_local global i32 0, align 4"),
        ('@x = hidden thread_local global i32 0, partition "p"', "@x = dso_local global i32 0"),
        ("@x = external dllimport global i32", "@x = external dso_local global i32"),
        ("@x = extern_weak global i32", "@x = extern_weak dso_local global i32"),
        ("@x = common global i32 0, align 4", "@x = weak dso_local global i32 0, align 4"),
        (
            "@x = linkonce_odr hidden unnamed_addr constant i32 1, comdat",
            "@x = linkonce_odr dso_local unnamed_addr constant i32 1",
        ),
        ('@x = internal global [9 x i8] c"section \\22"', '@x = internal global [9 x i8] c"section \\22"'),
    ],
)  # fmt: skip
def test_a_variable_keeps_linkage_value_and_alignment(written: str, kept: str) -> None:
    comdat = "$x = comdat any\n" if "comdat" in written else ""
    user = "@user = global ptr @x\n"
    assert line_of(legalised(f"{comdat}{written}\n{user}"), "x") == kept


def test_a_function_keeps_what_is_said_of_its_code() -> None:
    text = legalised(
        'define protected void @f() #0 section ".init\\0Aevil" align 32 gc "shadow-stack" '
        + BODY
        + 'attributes #0 = { nounwind uwtable noinline optnone sspstrong "probe-stack"="evil" "target-cpu"="znver9" '
        '"target-features"="+ermsb" "frame-pointer"="all" "patchable-function"="prologue-short-redirect" }\n'
    )
    assert line_of(text, "f") == "define dso_local void @f() #0 align 32 {"
    group = next(line for line in text.splitlines() if line.startswith("attributes #0"))
    assert group == 'attributes #0 = { noinline noredzone nounwind "frame-pointer"="none" "no-realign-stack" }'


def test_only_public_symbols_stay_visible_in_a_program() -> None:
    text = legalised(
        f"@x = global i32 1\n@y = weak global i32 2\ndefine void @main() {BODY}define void @hook() {BODY}"
        f"define void @own() {BODY}define linkonce_odr void @inline() {BODY}@u = global [2 x ptr] [ptr @x, ptr @y]\n"
        "declare void @elsewhere()\n",
        PROGRAM,
    )
    assert line_of(text, "main").startswith("define dso_local void")
    assert line_of(text, "hook").startswith("define dso_local void")
    assert line_of(text, "own").startswith("define internal void")
    assert line_of(text, "inline").startswith("define internal void")
    assert line_of(text, "x") == "@x = internal global i32 1"
    assert line_of(text, "y") == "@y = internal global i32 2"
    assert line_of(text, "elsewhere").startswith("declare dso_local void")


def test_conventions_that_only_choose_registers_become_the_usual_one() -> None:
    text = legalised(
        "declare preserve_nonecc void @g()\n"
        "define preserve_mostcc void @f() {\n  call preserve_nonecc void @g()\n  ret void\n}\n"
    )
    assert "preserve" not in text


def test_module_flags_that_instrument_are_dropped() -> None:
    text = legalised(
        "!llvm.module.flags = !{!0, !1}\n!llvm.linker.options = !{!2}\n!llvm.ident = !{!2}\n"
        '!0 = !{i32 8, !"cf-protection-branch", i32 1}\n!1 = !{i32 1, !"wchar_size", i32 4}\n!2 = !{!"-levil"}\n'
    )
    assert 'wchar_size", i32 4' in text
    assert "cf-protection" not in text
    assert "evil" not in text


DEBUG = (
    "define void @f() !dbg !3 {\n  ret void, !dbg !6\n}\n"
    "!llvm.dbg.cu = !{!0}\n!llvm.module.flags = !{!2}\n"
    "!0 = distinct !DICompileUnit(language: DW_LANG_C11, file: !1, emissionKind: FullDebug)\n"
    '!1 = !DIFile(filename: "a.c", directory: "/")\n!2 = !{i32 2, !"Debug Info Version", i32 3}\n'
    '!3 = distinct !DISubprogram(name: "f", file: !1, line: 1, type: !4, unit: !0, spFlags: DISPFlagDefinition)\n'
    "!4 = !DISubroutineType(types: !5)\n!5 = !{null}\n!6 = !DILocation(line: 7, scope: !3)\n"
)


def test_line_numbers_are_kept_on_request_only() -> None:
    assert "DICompileUnit" not in legalised(DEBUG)
    options = CompileOptions(debug=True, internalize=None, cpu="x86-64-v3")
    assert "DILocation(line: 7" in legalised(DEBUG, options)
    assert ".loc\t1 7" in assembly(DEBUG, options)


def test_loops_do_not_keep_the_debug_information_alive() -> None:
    loop = DEBUG.replace("define void @f() !dbg !3 {\n  ret void, !dbg !6\n}", (
        "define void @f() {\n  br label %l\nl:\n  br label %l, !llvm.loop !7\n}"
    )) + '!7 = distinct !{!7, !6, !8}\n!8 = !{!"llvm.loop.mustprogress"}\n'  # fmt: skip
    text = legalised(loop)
    assert "llvm.loop.mustprogress" in text
    assert "DI" not in re.sub(r"^target .*$", "", text, flags=re.MULTILINE)


HOSTILE = ["x\\0A.globl evil", "with space", "quote\\22", "$dollar", ".Lfoo", ".text", "a-b", "\\C3\\A9", "@at"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_becomes_a_plain_identifier_everywhere(name: str) -> None:
    text = (
        f'@"{name}" = global i32 7\n@text = constant [5 x i8] c"a@\\22 b"\ndeclare void @"f {name}"()\n'
        f'define ptr @use() {{\n  call void @"f {name}"()\n  ret ptr @"{name}"\n}}\n'
    )
    result = legalised(text)
    assert set(re.findall(r"@([^\s(),]+)", re.sub(r'"[^"]*"', "", result))) >= {"text", "use"}
    for symbol in re.findall(r'@("[^"]*"|[^\s(),]+)', result):
        assert re.fullmatch(r"[A-Za-z_][\w.$]*", symbol) or symbol.startswith("\\22"), symbol
    assert result.count("renamed.") == 4
    assert "evil" not in assembly(text).replace("globl_evil", "")


def test_the_same_hostile_name_is_the_same_symbol_in_two_objects() -> None:
    defined = legalised('@"a b" = global i32 7\n')
    wanted = legalised('@"a b" = external global i32\n@u = global ptr @"a b"\n')
    name = re.search(r"@(renamed\S+)", defined)
    assert name is not None
    assert f"@{name.group(1)} = external" in wanted


def test_a_private_name_cannot_stand_for_a_label_of_llvms() -> None:
    text = "@BB0_1 = private global i32 7\ndefine ptr @f() {\n  ret ptr @BB0_1\n}\n"
    assert ".LBB0_1" not in assembly(text)


def test_an_empty_barrier_becomes_a_fence_that_costs_nothing() -> None:
    text = 'define void @f() {\n  call void asm sideeffect "", "~{memory}"()\n  ret void\n}\n'
    assert 'fence syncscope("singlethread") seq_cst' in legalised(text)
    assert not re.search(r"mfence|lock", assembly(text))


def test_a_barrier_that_takes_an_address_keeps_what_is_there() -> None:
    text = (
        "define void @f() {\n  %x = alloca [8 x i8]\n  store i64 0, ptr %x\n"
        '  call void asm sideeffect "", "r,~{memory}"(ptr %x)\n  ret void\n}\n'
    )
    assert "store volatile ptr %x, ptr @.motte.barrier, align 1" in legalised(text)


def test_a_value_can_be_hidden_from_the_optimiser() -> None:
    text = 'define i64 @f(i64 %x) {\n  %r = call i64 asm "", "=r,0"(i64 7)\n  ret i64 %r\n}\n'
    assert "%r = load volatile i64" in legalised(text)


def test_intrinsics_about_the_native_stack_have_answers_that_fit() -> None:
    text = (
        "declare ptr @llvm.returnaddress(i32)\ndeclare ptr @llvm.frameaddress.p0(i32)\n"
        "declare i32 @llvm.get.rounding()\n"
        "declare void @llvm.debugtrap()\ndefine i32 @f() {\n  %1 = call ptr @llvm.returnaddress(i32 0)\n"
        "  %2 = call ptr @llvm.frameaddress.p0(i32 0)\n  %3 = call ptr @llvm.frameaddress.p0(i32 1)\n"
        "  %4 = call i32 @llvm.get.rounding()\n  call void @llvm.debugtrap()\n  ret i32 %4\n}\n"
    )
    result = legalised(text)
    assert "%1 = getelementptr i8, ptr null, i64 0" in result
    (end, room) = re.search(r"%2 = getelementptr i8, ptr (%\S+), i64 (%\S+)", result).groups()  # type: ignore[union-attr]
    assert f"{end} = load ptr, ptr @__motte_data_stack_limit, align 8" in result
    assert f"{room} = sub i64 {end}.n, " in result
    assert "%4 = add i32 0, 1" in result
    assert "call void @llvm.trap()" in result
    assert LIBRARY.internalize is None
