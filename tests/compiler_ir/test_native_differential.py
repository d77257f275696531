"""The same program, untouched and through our stages, both run natively, reports the same values."""

import json
import os
import random
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from motte.toolchain.clang import SourceText, compile_source

PROGRAMS = Path(__file__).with_name("programs")
RUNNER = Path(__file__).with_name("native_runner.py")
SOURCE_ROOT = Path(__file__).parents[2] / "src"
TIMEOUT_SECONDS = 300


@cache
def bitcode_of(name: str) -> bytes:
    path = PROGRAMS / name
    return compile_source(SourceText(name, path.read_text())).bitcode


def reported(bitcode: bytes, directory: Path, level: int, cpu: str, side: str) -> list[int]:
    file = directory / "program.bc"
    file.write_bytes(bitcode)
    run = subprocess.run(
        [sys.executable, RUNNER, file, str(level), cpu, side],
        capture_output=True,
        timeout=TIMEOUT_SECONDS,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(SOURCE_ROOT), *sys.path])},
        check=False,
    )
    assert run.returncode == 0, run.stderr.decode()[-2000:]
    values: list[int] = json.loads(run.stdout)
    return values


@pytest.mark.parametrize("cpu", ["native", "x86-64-v2"])
@pytest.mark.parametrize("level", [0, 2, 3])
@pytest.mark.parametrize("name", sorted(path.name for path in PROGRAMS.glob("*.c")))
def test_the_program_reports_what_it_reports_untouched(name: str, level: int, cpu: str, tmp_path: Path) -> None:
    bitcode = bitcode_of(name)
    expected = reported(bitcode, tmp_path, level, cpu, "native")
    assert len(expected) > 20
    assert reported(bitcode, tmp_path, level, cpu, "confined") == expected


KINDS = {
    "int": ("int", "report(v);"),
    "long": ("long", "report(v);"),
    "double": ("double", "report((long)(v * 8));"),
    "wide": ("__int128", "report((long)v); report((long)(v >> 64));"),
    "pair": ("struct pair", "report(v.a); report(v.b);"),
    "mixed": ("struct mixed", "report(v.a); report((long)(v.b * 8));"),
    "even": ("struct even", "report(v.a); report(v.b);"),
    "large": ("struct large", "report(v.a[0]); report(v.a[4]);"),
    "vector": ("vector", "report((long)v[0]); report((long)v[3]);"),
}
PRELUDE = """
#include <stdarg.h>
struct pair { long a, b; }; struct mixed { int a; double b; }; struct large { int a[9]; };
struct __attribute__((aligned(16))) even { long a, b; };
typedef float vector __attribute__((vector_size(16)));
static long *out; static int count; static void report(long v) { out[count++] = v; }
"""


def value_of(kind: str, chooser: random.Random) -> str:
    a, b = chooser.randint(-1000, 1000), chooser.randint(-1000, 1000)
    return {
        "int": f"{a}",
        "long": f"{a}L * 0x100000001L",
        "double": f"{a}.125",
        "wide": f"((__int128){a} << 64) + {b}",
        "pair": f"(struct pair){{{a}, {b}}}",
        "mixed": f"(struct mixed){{{a}, {b}.5}}",
        "even": f"(struct even){{{a}, {b}}}",
        "large": f"(struct large){{{{{a}, 0, 0, 0, {b}}}}}",
        "vector": f"(vector){{{a}, 1, 2, {b}}}",
    }[kind]


def generated_program(seed: int) -> str:
    """Functions with random named and variadic parameters, each called directly and through a pointer."""
    chooser = random.Random(seed)
    functions, calls = [], []
    for number in range(12):
        named = [chooser.choice(list(KINDS)) for _ in range(chooser.randint(1, 7))]
        passed = [chooser.choice(list(KINDS)) for _ in range(chooser.randint(0, 10))]
        parameters = ", ".join(f"{KINDS[kind][0]} n{index}" for index, kind in enumerate(named))
        reads_named = " ".join(f"{{ {KINDS[kind][0]} v = n{i}; {KINDS[kind][1]} }}" for i, kind in enumerate(named))
        reads = " ".join(
            f"{{ {KINDS[kind][0]} v = va_arg(list, {KINDS[kind][0]}); {KINDS[kind][1]} }}" for kind in passed
        )
        functions.append(
            f"__attribute__((noinline)) static void f{number}({parameters}, ...) "
            f"{{ va_list list; va_start(list, n{len(named) - 1}); {reads_named} {reads} va_end(list); }}"
        )
        values = ", ".join(value_of(kind, chooser) for kind in [*named, *passed])
        types = ", ".join(KINDS[kind][0] for kind in named)
        calls.append(f"f{number}({values}); {{ void (*volatile p)({types}, ...) = f{number}; p({values}); }}")
    body = "\n    ".join(calls)
    run = f"int run(long *results) {{\n    out = results; count = 0;\n    {body}\n    return count;\n}}\n"
    return "\n".join([PRELUDE, *functions, run])


@pytest.mark.parametrize("seed", range(8))
def test_generated_variadic_calls_pass_what_they_pass_untouched(seed: int, tmp_path: Path) -> None:
    bitcode = compile_source(SourceText("generated.c", generated_program(seed))).bitcode
    level, cpu = (0, 1, 2, 3)[seed % 4], ("native", "x86-64-v2", "x86-64-v3")[seed % 3]
    expected = reported(bitcode, tmp_path, level, cpu, "native")
    assert reported(bitcode, tmp_path, level, cpu, "confined") == expected
