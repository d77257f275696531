"""Large sources are units of their own: compiled apart, joined by the linker, and not compiled again."""

from collections.abc import Callable
from pathlib import Path

import pytest

import motte
from motte import compilation
from motte.build import artifact_of, stage_of
from motte.cache import default_root

OPTIONS = motte.BuildOptions()

SHARED_HEADER = """
#pragma once
#include <stdio.h>
struct Shape { virtual int area() const { return 0; } };
struct Square : Shape {
    int side;
    explicit Square(int of) : side(of) {}
    int area() const override { return side * side; }
};
inline int counter() { static int count = 100; return ++count; }
inline thread_local int per_thread = 7;
template <class Number> Number twice(Number number) { static Number calls; ++calls; return number * 2 + calls; }
struct Announced { explicit Announced(const char *name) { printf("%s ", name); } };
extern const int table[4];
extern int (*const operation)(int, ...);
__attribute__((weak)) int replaceable();
const Shape &other();
"""
FIRST = r"""
#include "shared.h"
static int local = 3;
Announced first("first");
int replaceable() { return 1; }
int main() {
    per_thread++;
    int answers[] = {counter(), twice(4), twice(5), per_thread, other().area()};  // in this order
    for (int answer : answers) printf("%d ", answer);
    printf("%d %d %d\n", table[2] + local, operation(2, 30, 12), replaceable());
}
"""
SECOND = """
#include "shared.h"
#include <stdarg.h>
static int local = 40;
Announced second("second");
const int table[4] = {1, 2, 3, 4};
static int sum(int count, ...) {
    va_list list;
    va_start(list, count);
    int total = local;
    while (count-- > 0) total += va_arg(list, int);
    va_end(list);
    return total;
}
int (*const operation)(int, ...) = sum;
const Shape &other() {
    static Square square(counter() + twice(1) + per_thread);
    return square;
}
"""
SIDE = 102 + (2 * 1 + 3) + 8
OUTPUT = f"first second 101 9 12 8 {SIDE * SIDE} 6 82 1\n".encode()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two sources of C++ that share all that the linker has to join, with a cache of their own."""
    motte.run(b"define i32 @main() { ret i32 0 }")
    root = tmp_path / "cache" / "motte"
    root.mkdir(parents=True)
    (root / "libraries").symlink_to(default_root() / "libraries")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name, text in (("shared.h", SHARED_HEADER), ("first.cpp", FIRST), ("second.cpp", SECOND)):
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every module is large."""
    monkeypatch.setattr(compilation, "LARGE_MODULE_BYTES", 0)


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many modules each compiler process was given."""
    counts: list[int] = []
    run_child: Callable[..., object] = compilation.run_child

    def run_and_count(requests: list[compilation.CompileRequest], **keywords: object) -> object:
        counts.extend(len(request.modules) for request in requests)
        return run_child(requests, **keywords)

    monkeypatch.setattr(compilation, "run_child", run_and_count)
    return counts


def output_of(*sources: str) -> bytes:
    return motte.run(artifact_of(sources, OPTIONS)).stdout


def test_small_sources_are_one_unit(project: Path, compiled: list[int]) -> None:
    assert output_of("first.cpp", "second.cpp") == OUTPUT
    assert compiled == [2]


def test_units_of_their_own_share_what_sources_share(project: Path, apart: None, compiled: list[int]) -> None:
    assert output_of("first.cpp", "second.cpp") == OUTPUT
    assert compiled == [1, 1]


def test_an_unchanged_unit_is_not_compiled_again(project: Path, apart: None, compiled: list[int]) -> None:
    assert output_of("first.cpp", "second.cpp") == OUTPUT
    compiled.clear()
    changed = project / "first.cpp"
    changed.write_text(changed.read_text().replace("return 1;", "return 5;"))
    assert output_of("first.cpp", "second.cpp") == OUTPUT.replace(b" 1\n", b" 5\n")
    assert compiled == [1]


def test_the_small_sources_beside_a_large_one_stay_one_unit(
    project: Path, compiled: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = ", ".join(str(number * number) for number in range(20_000))
    (project / "third.c").write_text(f"const int numbers[] = {{{numbers}}};")
    monkeypatch.setattr(compilation, "LARGE_MODULE_BYTES", len(stage_of("third.c", "bc", OPTIONS)))
    assert output_of("third.c", "first.cpp", "second.cpp") == OUTPUT
    assert compiled == [1, 2]


def test_units_compiled_with_other_options_are_other_units(project: Path, apart: None, compiled: list[int]) -> None:
    for options in (OPTIONS, motte.BuildOptions(optimization=0), motte.BuildOptions(cpu="x86-64-v2")):
        assert motte.run(artifact_of(["first.cpp", "second.cpp"], options)).stdout == OUTPUT
    assert compiled == [1] * 6
