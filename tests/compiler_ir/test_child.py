"""Whatever LLVM does with hostile input happens in the child, and ends as a CompileError."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from motte.compiler.options import CompileOptions
from motte.compiler.parent import run_child
from motte.compiler.unit import CompileRequest
from motte.errors import CompileError
from motte.toolchain.clang import SourceText, compile_source

PROGRAMS = Path(__file__).with_name("programs")
OPTIONS = CompileOptions(optimization=1, cpu="x86-64-v3", internalize=None)
HARMLESS = b"define i32 @f(i32 %x) {\n  %y = add i32 %x, 1\n  ret i32 %y\n}\n"


def request(text: bytes, name: str = "unit", options: CompileOptions = OPTIONS) -> CompileRequest:
    return CompileRequest(name, (text,), options)


def test_units_come_back_in_order_with_progress() -> None:
    lines: list[str] = []
    first, second = run_child([request(HARMLESS, "a"), request(HARMLESS, "b")], progress=lines.append)
    assert (first.name, second.name) == ("a", "b")
    assert first.objects == second.objects
    assert first.objects[0].startswith(b"\x7fELF")
    assert first.required_features == ("x86-64-v3",)
    assert lines[0] == "a: reading"
    assert lines[-1] == "b: generating code"


def test_a_stage_can_be_looked_at() -> None:
    (unit,) = run_child([CompileRequest("unit", (HARMLESS,), OPTIONS, "assembly")])
    assert b"f:\n" in unit.objects[0]


def test_a_refusal_names_unit_function_and_line() -> None:
    text = b'define void @f() {\n  call void asm "hlt", ""()\n  ret void\n}\n'
    with pytest.raises(CompileError, match=r"^prog\.ll: in @f: assembly is not accepted") as caught:
        run_child([request(HARMLESS, "other"), request(text, "prog.ll")])
    assert 'asm "hlt"' in caught.value.diagnostics


def test_random_bytes_are_refused() -> None:
    data = random.Random(1).randbytes(4000)
    for text in (data, b"BC\xc0\xde" + data):
        with pytest.raises(CompileError, match="unit"):
            run_child([request(text)])


def test_endless_work_ends_at_the_time_limit() -> None:
    """Selecting instructions for one enormous integer takes longer than anyone waits."""
    huge = b"define i1048576 @f(i1048576 %x) {\n  %y = mul i1048576 %x, %x\n  ret i1048576 %y\n}\n"
    with pytest.raises(CompileError, match=r"the compiler (used more than 2 s of CPU time|took longer)"):
        run_child([request(huge)], cpu_seconds=2)


def test_deep_nesting_ends_in_an_error_not_in_ours() -> None:
    depth = 200_000
    text = b"@x = global i64 " + b"add (i64 1, i64 " * depth + b"ptrtoint (ptr @x to i64)" + b")" * depth + b"\n"
    with pytest.raises(CompileError):
        run_child([request(text)])


def test_memory_beyond_the_limit_is_an_error() -> None:
    text = b'@x = global [4294967296 x i8] zeroinitializer\n@y = global [268435456 x i8] c"' + b"a" * (1 << 20) + b'"\n'
    with pytest.raises(CompileError):
        run_child([request(text)], memory_bytes=400 << 20)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"optimization": 4}, "optimization level must be 0, 1, 2 or 3"),
        ({"cpu": "pentium"}, "unknown CPU 'pentium'"),
        ({"function_classes": "none"}, "function classes must be"),
    ],
)
def test_options_that_no_stage_could_honour_are_refused_at_once(change: dict[str, object], reason: str) -> None:
    with pytest.raises(CompileError, match=reason):
        CompileOptions(**change)  # type: ignore[arg-type]


def test_options_survive_the_way_to_the_child() -> None:
    assert CompileOptions.from_json(OPTIONS.to_json()) == OPTIONS
    options = CompileOptions(internalize=("main", "hook"), debug=True)
    assert CompileOptions.from_json(options.to_json()) == options


@pytest.mark.parametrize("cpu", ["x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4", "x86-64-v2", "x86-64-v4"])
@pytest.mark.parametrize("name", sorted(path.name for path in PROGRAMS.glob("*.c")))
def test_every_program_becomes_an_object_for_every_kind_of_cpu(name: str, cpu: str) -> None:
    bitcode = compile_source(SourceText(name, (PROGRAMS / name).read_text())).bitcode
    requests = [request(bitcode, name, replace(OPTIONS, cpu=cpu, optimization=level)) for level in (0, 3)]
    assert all(unit.objects[0].startswith(b"\x7fELF") for unit in run_child(requests))
