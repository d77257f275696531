"""The backtrace of a stopped process: every function that was running, exactly, whatever stopped it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import motte
from motte.exit import Frame
from motte.toolchain.clang import TARGET_FLAGS
from motte.toolchain.locations import zig_executable

OUTERMOST = "__motte_start"
WITH_LINES = motte.BuildOptions(debug=True)


def run(tmp_path: Path, text: str, *arguments: str, **options: object) -> motte.Completed:
    source = tmp_path / "traced.c"
    source.write_text(text)
    return motte.run(source, arguments, options=WITH_LINES, **options)  # type: ignore[arg-type]


def places(frames: tuple[Frame, ...]) -> list[str]:
    return [frame.function + (f":{frame.line}" if frame.line else "") for frame in frames if frame.function]


NULL_POINTER = """\
#define APART __attribute__((noinline))
volatile int zero;
APART int inner(volatile int *p) { return *p; }
APART int middle(volatile int *p)
{
    zero++;
    return inner(p) + zero;
}
int main(void)
{
    return middle((int *)8) + 1;
}
"""


def test_a_fault_tells_of_every_call_up_to_the_start(tmp_path: Path) -> None:
    done = run(tmp_path, NULL_POINTER)
    assert done.fault is not None
    assert places(done.fault.backtrace) == ["inner:3", "middle:7", "main:11", OUTERMOST]
    assert done.fault.backtrace == done.backtrace
    assert [frame.number for frame in done.backtrace] == [0, 1, 2, 3]
    assert done.backtrace[0].code_offset == done.fault.code_offset
    assert done.backtrace[0].file == str(tmp_path / "traced.c")


def test_without_debug_information_the_functions_are_known(tmp_path: Path) -> None:
    source = tmp_path / "traced.c"
    source.write_text(NULL_POINTER)
    done = motte.run(source)
    assert places(done.backtrace) == ["inner", "middle", "main", OUTERMOST]


def test_calls_through_pointers_are_calls(tmp_path: Path) -> None:
    text = """\
__attribute__((noinline)) static int target(int *p) { return *(volatile int *)p; }
static int (*volatile pointer)(int *) = target;
__attribute__((noinline)) static int caller(int *p) { return pointer(p) + 1; }
int main(void) { return caller(0) + 1; }
"""
    assert places(run(tmp_path, text).backtrace) == ["target:1", "caller:3", "main:4", OUTERMOST]


def test_a_bad_function_pointer_is_shown_where_it_is_called(tmp_path: Path) -> None:
    text = """\
static int (*volatile pointer)(int);
__attribute__((noinline)) static int caller(int n) { return pointer(n) + 1; }
int main(void) { return caller(3) + 1; }
"""
    done = run(tmp_path, text)
    assert done.fault is not None
    assert done.fault.kind is motte.FaultKind.BAD_INDIRECT_CALL
    assert places(done.backtrace)[1:] == ["main:3", OUTERMOST]
    assert done.backtrace[0].function == "caller"


def test_a_function_that_left_by_a_tail_call_is_gone(tmp_path: Path) -> None:
    text = """\
__attribute__((noinline)) static int last(volatile int *p) { return *p; }
__attribute__((noinline)) static int tail(volatile int *p) { __attribute__((musttail)) return last(p); }
int main(void) { return tail(0) + 1; }
"""
    assert places(run(tmp_path, text).backtrace) == ["last:1", "main:3", OUTERMOST]


def test_a_stop_in_a_kernel_call_is_shown_with_the_library_around_it(tmp_path: Path) -> None:
    text = "#include <stdlib.h>\n__attribute__((noinline)) static void give_up(void) { abort(); }\n"
    done = run(tmp_path, text + "int main(void) { give_up(); return 0; }\n")
    assert done.reason is motte.StopReason.SIGNALLED
    assert places(done.backtrace)[-4:] == ["abort", "give_up:2", "main:3", OUTERMOST]
    assert done.message == f"stopped: abort(), in give_up ({tmp_path / 'traced.c'}:2)"


def test_a_limit_shows_where_the_time_went(tmp_path: Path) -> None:
    text = """\
volatile int zero;
__attribute__((noinline)) static void spin(void)
{
    while (!zero) {}
}
int main(void) { spin(); return 0; }
"""
    done = run(tmp_path, text, time=0.2)
    assert done.reason is motte.StopReason.CPU_LIMIT
    assert places(done.backtrace) == ["spin:4", "main:6", OUTERMOST]


def test_an_ordinary_exit_has_none(tmp_path: Path) -> None:
    assert run(tmp_path, "int main(void) { return 3; }").backtrace == ()


RECURSION = """\
volatile int sink;
__attribute__((noinline)) static int deeper(volatile int n) { return n ? deeper(n + 1) + n : 0; }
int main(void) { return deeper(1); }
"""


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 10, 64])
def test_an_endless_recursion_shows_both_its_ends(tmp_path: Path, limit: int) -> None:
    done = run(tmp_path, RECURSION, backtrace=limit)
    assert done.fault is not None
    assert done.fault.kind is motte.FaultKind.NATIVE_STACK_OVERFLOW
    numbers = [frame.number for frame in done.backtrace]
    assert len(numbers) == limit
    outer = (limit - 1) // 4
    assert numbers[: limit - outer] == list(range(limit - outer))
    if outer:
        last = numbers[-1]
        assert numbers[limit - outer :] == list(range(last - outer + 1, last + 1))
        assert last > 10_000
        assert done.backtrace[-1].function == OUTERMOST
    assert done.backtrace[0].function == "deeper"


def test_the_longest_stack_is_walked_to_its_end(tmp_path: Path) -> None:
    done = run(tmp_path, RECURSION, stack="64MiB", backtrace=8)
    assert done.backtrace[-1].function == OUTERMOST
    assert 200_000 < done.backtrace[-1].number < (64 << 20) // 8


def test_none_is_made_where_none_is_wanted(tmp_path: Path) -> None:
    done = run(tmp_path, NULL_POINTER, backtrace=0)
    assert (done.backtrace, done.returncode) == ((), 139)


@pytest.mark.parametrize("limit", [-1, (1 << 16) + 1])
def test_an_impossible_length_is_refused_before_anything_runs(tmp_path: Path, limit: int) -> None:
    with pytest.raises(ValueError, match=rf"^backtrace: {limit} is not between 0 and 65536$"):
        run(tmp_path, NULL_POINTER, backtrace=limit)


def test_after_a_jump_the_stack_is_as_the_jump_left_it(tmp_path: Path) -> None:
    text = """\
#include <setjmp.h>
static jmp_buf buffer;
volatile int *pointer;
__attribute__((noinline)) static int jump(int n) { if (n) return jump(n - 1) + 1; longjmp(buffer, 1); }
__attribute__((noinline)) static int target(void)
{
    if (setjmp(buffer))
        return *pointer;
    return jump(20) + 1;
}
int main(void) { return target() + 1; }
"""
    assert places(run(tmp_path, text).backtrace) == ["target:8", "main:11", OUTERMOST]


def test_a_jump_to_a_dead_frame_is_shown_where_it_was_tried(tmp_path: Path) -> None:
    text = """\
#include <setjmp.h>
static jmp_buf buffer;
__attribute__((noinline)) static int leave(void) { return setjmp(buffer); }
__attribute__((noinline)) static void jump(void) { longjmp(buffer, 1); }
int main(void) { leave(); jump(); return 0; }
"""
    done = run(tmp_path, text)
    assert done.fault is not None
    assert done.fault.kind is motte.FaultKind.BAD_LONG_JUMP
    assert (done.fault.function, done.fault.line) == ("jump", 4)
    assert [place for place in places(done.backtrace) if ":" in place] == ["jump:4", "main:5"]


INLINED = """\
volatile int sink;
static inline int leaf(volatile int *p, int n)
{
    sink = n;
    return *p;
}
static inline int middle(volatile int *p, int n)
{
    sink = n + 1;
    return leaf(p, n);
}
__attribute__((noinline)) static int outer(volatile int *p)
{
    return middle(p, 7) + 1;
}
int main(void)
{
    return outer(0) + 1;
}
"""


@pytest.mark.parametrize("level", [1, 2, 3])
def test_inlined_functions_are_told_apart_though_they_have_one_frame(tmp_path: Path, level: int) -> None:
    source = tmp_path / "traced.c"
    source.write_text(INLINED)
    done = motte.run(source, options=motte.BuildOptions(debug=True, optimization=level))
    assert done.fault is not None
    assert places(done.fault.backtrace) == ["leaf:5", "middle:10", "outer:14", "main:18", OUTERMOST]
    assert [frame.number for frame in done.backtrace] == [0, 0, 0, 1, 2]
    assert [frame.inlined for frame in done.backtrace] == [True, True, False, False, False]
    assert (done.fault.function, done.fault.line) == ("leaf", 5)
    assert len({frame.file for frame in done.backtrace[:-1]}) == 1


def test_an_inlined_function_further_out_is_told_of_at_its_call(tmp_path: Path) -> None:
    text = """\
__attribute__((noinline)) static int culprit(volatile int *p) { return *p; }
static inline int between(volatile int *p)
{
    return culprit(p) + 1;
}
int main(void)
{
    return between(0) + 2;
}
"""
    done = run(tmp_path, text)
    assert places(done.backtrace) == ["culprit:1", "between:4", "main:8", OUTERMOST]
    assert [frame.inlined for frame in done.backtrace] == [False, True, False, False]


def test_functions_of_several_files_name_their_own(tmp_path: Path) -> None:
    (tmp_path / "inner.h").write_text("static inline int inner(volatile int *p)\n{\n    return *p;\n}\n")
    (tmp_path / "one.c").write_text('#include "inner.h"\nint one(volatile int *p) { return inner(p) + 1; }\n')
    (tmp_path / "two.c").write_text("int one(volatile int *p);\nint main(void) { return one(0) + 1; }\n")
    done = motte.run([tmp_path / "one.c", tmp_path / "two.c"], options=WITH_LINES)
    files = [(frame.function, Path(frame.file or "").name, frame.line) for frame in done.backtrace[:-1]]
    assert files == [("inner", "inner.h", 3), ("one", "one.c", 2), ("main", "two.c", 2)]


def test_full_debug_information_of_others_gives_the_same(tmp_path: Path) -> None:
    source, module = tmp_path / "traced.c", tmp_path / "traced.ll"
    source.write_text(INLINED)
    command = [zig_executable(), "clang", *TARGET_FLAGS, "-g", "-O1", "-S", "-emit-llvm", source, "-o", module]
    subprocess.run(command, check=True)
    assert "emissionKind: FullDebug" in module.read_text()
    done = motte.run(module, options=WITH_LINES)
    assert places(done.backtrace) == ["leaf:5", "middle:10", "outer:14", "main:18", OUTERMOST]
