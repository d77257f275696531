"""What LLVM really prints, for several CPUs and with debug information: confined, verified, executed.

The other tests quote LLVM's text from memory; these would notice if another version wrote it differently.
"""

from __future__ import annotations

import re

import llvmlite.binding as llvm
import pytest

from confine.confined_program import SCRATCH, ConfinedProgram, build, facts

CPUS = ("x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4", "znver4", "sapphirerapids")

PRELUDE = """
target triple = "x86_64-unknown-linux-musl"
!llvm.module.flags = !{!0}
!0 = !{i32 4, !"kcfi", i32 1}
attributes #0 = { noredzone nounwind "no-realign-stack" "frame-pointer"="none" }
"""


def assembly(ir: str, cpu: str = "x86-64", features: str = "", prelude: str = PRELUDE) -> str:
    """LLVM's own text for ``ir``, optimised."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    module = llvm.parse_assembly(prelude + ir)
    target = llvm.Target.from_triple("x86_64-unknown-linux-musl")
    options = f"+prefer-no-gather,+prefer-no-scatter{features}"
    machine = target.create_target_machine(cpu=cpu, features=options, opt=3, reloc="static", codemodel="small")
    return str(machine.emit_assembly(module))


def program(ir: str, cpu: str = "x86-64", features: str = "") -> ConfinedProgram:
    names = re.findall(r"^define .*@(\w+)\(", ir, flags=re.MULTILINE)
    built = build(assembly(ir, cpu, features), facts(*names))
    verdict = built.verdict()
    assert verdict.ok, str(verdict)
    return built


def cases(number: int) -> str:
    """A switch over as many cases, each of which computes something else."""
    labels = " ".join(f"i64 {case}, label %case{case}" for case in range(number))
    block = "case{0}:\n  %v{0} = mul i64 %y, {1}\n  %w{0} = xor i64 %v{0}, {0}\n  ret i64 %w{0}\n"
    blocks = "".join(block.format(case, case * case + 3) for case in range(number))
    return (
        f"define dso_local i64 @f(i64 %x, i64 %y) #0 {{\n  switch i64 %x, label %other [ {labels} ]\n{blocks}"
        "other:\n  ret i64 -5\n}\n"
    )


@pytest.mark.parametrize("number", [6, 40, 300])
def test_switches(number: int) -> None:
    built = program(cases(number))
    for case in (0, 5, number - 1):
        assert built.run("f", case, 7).result == 7 * (case * case + 3) ^ case
    assert built.run("f", number, 7).result == -5


COMPUTED_GOTO = """
@labels = private constant [3 x ptr] [
  ptr blockaddress(@f, %add), ptr blockaddress(@f, %double), ptr blockaddress(@f, %stop)]

define dso_local i64 @f(ptr %code, i64 %x) #0 {
start:
  br label %next
next:
  %at = phi ptr [ %code, %start ], [ %after, %add ], [ %after, %double ]
  %value = phi i64 [ %x, %start ], [ %added, %add ], [ %doubled, %double ]
  %byte = load i8, ptr %at
  %after = getelementptr i8, ptr %at, i64 1
  %index = zext i8 %byte to i64
  %entry = getelementptr ptr, ptr @labels, i64 %index
  %label = load ptr, ptr %entry
  indirectbr ptr %label, [ label %add, label %double, label %stop ]
add:
  %added = add i64 %value, 5
  br label %next
double:
  %doubled = mul i64 %value, 2
  br label %next
stop:
  ret i64 %value
}
"""


@pytest.mark.parametrize("constant", ["constant", "global"])
def test_computed_goto(constant: str) -> None:
    built = program(COMPUTED_GOTO.replace("private constant", f"private {constant}"))
    assert built.run("f", SCRATCH, 3, scratch=bytes([0, 1, 1, 0, 2])).result == (3 + 5) * 4 + 5


CALLS = """
@table = dso_local global [2 x ptr] [ptr @increment, ptr @negate]
define dso_local i64 @increment(i64 %x) #0 {
  %r = add i64 %x, 1
  ret i64 %r
}
define dso_local i64 @negate(i64 %x) #0 {
  %r = sub i64 0, %x
  ret i64 %r
}
define dso_local i64 @call(i64 %n, i64 %x) #0 {
  %p = getelementptr ptr, ptr @table, i64 %n
  %f = load ptr, ptr %p
  %r = call i64 %f(i64 %x) [ "kcfi"(i32 1) ]
  %s = mul i64 %r, 10
  ret i64 %s
}
define dso_local i64 @tail(i64 %n, i64 %x) #0 {
  %p = getelementptr ptr, ptr @table, i64 %n
  %f = load ptr, ptr %p
  %r = tail call i64 %f(i64 %x) [ "kcfi"(i32 1) ]
  ret i64 %r
}
define dso_local i64 @many(ptr %f, i64 %a, i64 %b, i64 %c, i64 %d, i64 %e) #0 {
  %r = tail call i64 %f(i64 %a, i64 %b, i64 %c, i64 %d, i64 %e, i64 6) [ "kcfi"(i32 1) ]
  ret i64 %r
}
"""


@pytest.mark.parametrize("cpu", CPUS)
def test_indirect_calls_of_every_cpu_pass_the_verifier(cpu: str) -> None:
    assert program(CALLS, cpu).verdict().ok


def test_indirect_calls_arrive() -> None:
    built = program(CALLS)
    assert [built.run("call", index, 4).result for index in (0, 1)] == [50, -40]
    assert [built.run("tail", index, 4).result for index in (0, 1)] == [5, -4]


DATA = """
@numbers = dso_local global [4 x i64] [i64 1, i64 2, i64 3, i64 4]
@bytes = private constant [6 x i8] c"a\\22#;\\0A\\00"
define dso_local i64 @f(i64 %i, ptr %p) #0 {
  %q = getelementptr i64, ptr @numbers, i64 %i
  %x = load i64, ptr %q
  %y = load i64, ptr getelementptr (i64, ptr @numbers, i64 3)
  %z = atomicrmw add ptr %p, i64 %x seq_cst
  fence seq_cst
  %o = atomicrmw or ptr @numbers, i64 0 seq_cst
  %pair = cmpxchg ptr %p, i64 7, i64 9 seq_cst seq_cst
  %t = getelementptr i8, ptr @bytes, i64 %i
  %c = load i8, ptr %t
  %d = zext i8 %c to i64
  %s = add i64 %y, %z
  %r = add i64 %s, %d
  store i64 ptrtoint (ptr @numbers to i64), ptr getelementptr (i64, ptr @numbers, i64 2)
  ret i64 %r
}
define dso_local void @vector(ptr %p, ptr %q) #0 {
  %a = load <16 x float>, ptr %p, align 4
  %b = load <16 x float>, ptr %q, align 4
  %c = fmul <16 x float> %a, %b
  %n = fneg <16 x float> %c
  %m = fcmp ogt <16 x float> %n, splat (float 1.0)
  %r = select <16 x i1> %m, <16 x float> %n, <16 x float> %a
  store <16 x float> %r, ptr %p, align 4
  ret void
}
define dso_local i128 @wide(i128 %a, i128 %b) #0 {
  %r = mul i128 %a, %b
  ret i128 %r
}
"""


def test_data_atomics_and_fences() -> None:
    outcome = program(DATA).run("f", 1, SCRATCH, scratch=(5).to_bytes(8, "little"))
    assert outcome.result == 4 + 5 + ord('"')
    assert outcome.scratch[:8] == (9).to_bytes(8, "little")


@pytest.mark.parametrize("cpu", CPUS)
def test_data_and_vectors_of_every_cpu_pass_the_verifier(cpu: str) -> None:
    assert program(DATA, cpu).verdict().ok


COPY = """
declare void @llvm.memcpy.inline.p0.p0.i64(ptr, ptr, i64, i1)
declare void @llvm.memset.inline.p0.i64(ptr, i8, i64, i1)
define dso_local void @f(ptr %to, ptr %from) #0 {
  call void @llvm.memcpy.inline.p0.p0.i64(ptr align 8 %to, ptr align 8 %from, i64 1000, i1 false)
  ret void
}
define dso_local void @g(ptr %to) #0 {
  call void @llvm.memset.inline.p0.i64(ptr align 8 %to, i8 7, i64 1000, i1 false)
  ret void
}
"""


def test_repeated_string_instructions_copy_and_fill() -> None:
    assert "rep;movs" in assembly(COPY, features=",+ermsb")
    built = program(COPY, features=",+ermsb")
    source = bytes(number % 251 for number in range(1000))
    assert built.run("f", SCRATCH, SCRATCH + 2000, scratch=bytes(2000) + source).scratch[:1001] == source + b"\0"
    assert built.run("g", SCRATCH).scratch[:1001] == b"\7" * 1000 + b"\0"


def test_quoted_symbols_and_debug_information() -> None:
    ir = """
@"a \\22quoted\\22 # name; .incbin" = dso_local global i64 41
define dso_local i64 @f() #0 !dbg !5 {
  %x = load i64, ptr @"a \\22quoted\\22 # name; .incbin", !dbg !6
  %y = add i64 %x, 1, !dbg !6
  ret i64 %y, !dbg !6
}
!llvm.dbg.cu = !{!2}
!1 = !DIFile(filename: "dir \\22 # .include/a.c", directory: "/")
!2 = distinct !DICompileUnit(language: DW_LANG_C99, file: !1, emissionKind: FullDebug)
!3 = !DISubroutineType(types: !{})
!5 = distinct !DISubprogram(name: "f", file: !1, line: 3, type: !3, unit: !2, spFlags: DISPFlagDefinition)
!6 = !DILocation(line: 4, column: 2, scope: !5)
"""
    flags = '!llvm.module.flags = !{!0, !7}\n!7 = !{i32 2, !"Debug Info Version", i32 3}\n'
    text = assembly(ir, prelude=PRELUDE.replace("!llvm.module.flags = !{!0}\n", flags))
    assert "\t.loc\t" in text
    assert build(text, facts("f")).run("f").result == 42
