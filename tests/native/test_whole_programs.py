"""Native programs run: linked with the native C library, at their addresses, behind nothing but gates."""

from __future__ import annotations

from pathlib import Path

import pytest

import motte
from motte.abi.kernel_calls import KERNEL_CALL_BY_NAME
from motte.build_options import BuildOptions
from native.bare_process import Done, built, run
from programs.native import native_executable, run_native

LANGUAGE = sorted((Path(__file__).parent.parent / "programs" / "language").glob("*.c"))
PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.c"))

LOOP = """
long motte_syscall(long number, long a, long b, long c, long d, long e);
_Noreturn void motte_exit(int status);

void __motte_start(void *block, long is_called)
{
    static char line[] = "0 to 9: ..........\\n";
    for (int i = 0; i < 10; i++)
        line[8 + i] = '0' + i;
    motte_syscall(1, 1, (long)line, sizeof line - 1, 0, 0);
    motte_exit(7);
}
"""

ENVIRONMENT = """
#include <fenv.h>
#include <math.h>
#include <stdio.h>
int main(void)
{
    static const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    volatile double one = 1, three = -3, zero = 0;
    fenv_t before;
    fegetenv(&before);
    for (int i = 0; i < 4; i++) {
        fesetround(modes[i]);
        printf("%.17a %g\\n", one / three, rint(2.5 * one));
        printf("%d\\n", fegetround() == modes[i]);
    }
    feclearexcept(FE_ALL_EXCEPT);
    volatile double infinite = one / zero;
    printf("%d %d %g\\n", fetestexcept(FE_DIVBYZERO) != 0, fetestexcept(FE_INVALID) != 0, infinite);
    feclearexcept(FE_DIVBYZERO);
    feraiseexcept(FE_OVERFLOW);
    printf("%d %d\\n", fetestexcept(FE_DIVBYZERO) != 0, fetestexcept(FE_OVERFLOW) != 0);
    fesetenv(&before);
    printf("%d %a\\n", fegetround() == FE_TONEAREST, one / three);
    fesetenv(FE_DFL_ENV);
    printf("%d\\n", fetestexcept(FE_ALL_EXCEPT));
    return 0;
}
"""


def test_a_loop_without_a_library_writes_and_exits_through_its_gates(tmp_path: Path) -> None:
    source = tmp_path / "loop.c"
    source.write_text(LOOP + "int main(void) { return 0; }")
    plan = built(source, options=BuildOptions(native=True, exports=True))
    assert run(plan) == Done(7, b"0 to 9: 0123456789\n", b"")
    assert {"motte_exit", "motte_syscall"} <= plan.gates.keys()
    assert plan.gates == {name: KERNEL_CALL_BY_NAME[name].native_gate_address for name in plan.gates}


def test_the_floating_point_environment_is_the_cpus(tmp_path: Path) -> None:
    source = tmp_path / "environment.c"
    source.write_text(ENVIRONMENT)
    expected = run_native(native_executable([source], []))
    assert run(built(source)) == Done(0, expected, b"")
    assert len(set(expected.split(b"\n")[:4])) >= 3


@pytest.mark.parametrize("level", [0, 3])
@pytest.mark.parametrize("path", [*LANGUAGE, *PROGRAMS], ids=lambda path: path.stem)
def test_a_native_program_prints_what_it_prints_confined(path: Path, level: int) -> None:
    stdin = b"the quick brown fox jumps over\nthe lazy dog\n"
    confined = motte.run(path, ["a", "bc"], stdin=stdin, options=BuildOptions(optimization=level))
    done = run(built(path, options=BuildOptions(optimization=level, native=True)), "a", "bc", stdin=stdin)
    assert (done.status, done.stdout, done.stderr) == (confined.returncode, confined.stdout, b"")
    assert done.stdout
