"""The guest's libraries as programs meet them, inside a motte; and that nothing in them is missing."""

import math
import random
import re
import struct
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

import motte
from motte.abi.kernel_calls import KERNEL_CALL_BY_NAME
from motte.compiler.options import CompileOptions
from motte.image.elf import LOCAL, SECTION_UNDEFINED, WEAK, read_elf
from motte.image.targets import PROVIDED_NAMES
from motte.toolchain.clang import TARGET_FLAGS, include_flags
from motte.toolchain.libc import guest_library
from motte.toolchain.locations import c_include_directories, zig_executable

PROGRAMS = Path(__file__).parent / "programs"


def expected_output(path: Path) -> str:
    header = path.read_text().split("*/", 1)[0]
    lines = header.split("prints:\n", 1)[1].splitlines()
    return "".join(f"{line.removeprefix(' * ')}\n" for line in lines if line.startswith(" * "))


@pytest.mark.parametrize("name", ["signals.c", "long_double.c", "absent_features.c", "allocation.c"])
def test_a_program_prints_what_it_says(name: str) -> None:
    done = motte.run(PROGRAMS / name)
    assert (done.stdout.decode(), done.stderr, done.returncode) == (expected_output(PROGRAMS / name), b"", 0)


def test_a_process_starts_and_ends_in_order() -> None:
    done = motte.run(PROGRAMS / "start_and_exit.c", ["a", "b"], env={"X": "1"})
    assert (done.stdout.decode(), done.returncode) == (expected_output(PROGRAMS / "start_and_exit.c"), 0)


def test_cxx_programs_have_their_library() -> None:
    done = motte.run(PROGRAMS / "cxx_library.cc", stdin=b"one line")
    assert (done.stdout.decode(), done.stderr, done.returncode) == (
        expected_output(PROGRAMS / "cxx_library.cc"),
        b"",
        0,
    )


@pytest.mark.parametrize("memory", ["2MiB", "16MiB"])
@pytest.mark.parametrize("size", [1, 100, 512, 513, 5000, 1_000_000])
def test_malloc_returns_null_where_memory_ends_and_most_of_it_was_usable(
    tmp_path: Path, memory: str, size: int
) -> None:
    source = tmp_path / "fill.c"
    source.write_text(
        "#include <stdio.h>\n#include <stdlib.h>\n"
        "int main(int argc, char **argv) {\n"
        "  size_t size = atol(argv[1]), count = 0;\n"
        "  char *volatile p;\n"
        "  for (; (p = malloc(size)); count++) p[0] = p[size - 1] = 1;\n"
        '  printf("%zu\\n", count * (size < 16 ? 16 : size));\n'
        "}\n"
    )
    done = motte.run(source, [str(size)], memory=memory, data_stack="64KiB", stack="64KiB")
    limit = int(memory.removesuffix("MiB")) << 20
    assert (done.returncode, done.fault) == (0, None)
    assert 0.5 * limit - size <= int(done.stdout) <= limit


@pytest.mark.parametrize("handled", [False, True], ids=["default", "handler returns"])
def test_abort_ends_the_process_whatever_the_handler_does(tmp_path: Path, handled: bool) -> None:
    source = tmp_path / "abort.c"
    source.write_text(
        "#include <signal.h>\n#include <stdlib.h>\n#include <unistd.h>\n"
        'static void handler(int signal) { write(1, "handler\\n", 8); }\n'
        f"int main(void) {{ if ({int(handled)}) signal(SIGABRT, handler); abort(); }}\n"
    )
    done = motte.run(source)
    assert (done.returncode, done.stdout) == (134, b"handler\n" if handled else b"")


MATHEMATICS = r"""
#include <math.h>
#include <stdio.h>
int main(void)
{
    double x, y, z;
    while (scanf("%la %la %la", &x, &y, &z) == 3) {
        printf("%a %a %a %a %a ", floor(x), ceil(x), trunc(x), rint(x), sqrt(fabs(x)));
        printf("%ld %ld ", lrint(fmod(x, 1e9)), lround(fmod(x, 1e9)));
        printf("%a %a %a\n", fma(x, y, z), copysign(x, y), fmod(x, y));
    }
    return 0;
}
"""


def exact_results(x: float, y: float, z: float) -> list[float]:
    def away(value: float) -> float:
        return float(math.copysign(math.floor(abs(Fraction(value)) + Fraction(1, 2)), value))

    rest = math.fmod(x, 1e9)
    product = Fraction(x) * Fraction(y) + Fraction(z)
    return [
        *(float(function(x)) for function in (math.floor, math.ceil, math.trunc, round)),
        *(math.sqrt(abs(x)), float(round(rest)), away(rest), product.numerator / product.denominator),
        *(math.copysign(x, y), math.fmod(x, y)),
    ]


def test_rounding_square_roots_and_fused_products_are_exact(tmp_path: Path) -> None:
    generator = random.Random(8)
    operands = [(0.5, 1.0, 1.0), (1.5, 3.0, 1.0), (2.5, -1.0, 0.1), (-0.5, 7.0, 0.0), (4503599627370497.5, 3.0, 1.0)]
    for _ in range(2000):
        x, y = (math.ldexp(generator.uniform(-1, 1), generator.randint(-20, 60)) for _ in range(2))
        operands.append((x, y, -x * y * generator.choice((1, 1 + 2**-52, 0.5))))
    source = tmp_path / "mathematics.c"
    source.write_text(MATHEMATICS)
    lines = "".join(f"{x.hex()} {y.hex()} {z.hex()}\n" for x, y, z in operands)
    done = motte.run(source, stdin=lines.encode())
    assert done.returncode == 0
    for (x, y, z), line in zip(operands, done.stdout.decode().splitlines(), strict=True):
        results = [float.fromhex(word) if "x" in word else float(word) for word in line.split()]
        assert results == exact_results(x, y, z), (x, y, z)


@pytest.fixture(scope="module")
def undefined_names() -> dict[str, list[str]]:
    """Names that some member of the C library needs and no member defines, with the members."""
    library = guest_library(CompileOptions())
    needed: dict[str, list[str]] = {}
    for member in library.members:
        for symbol in read_elf(member, library.object(member)).symbols:
            if symbol.binding not in (LOCAL, WEAK) and symbol.section == SECTION_UNDEFINED:
                needed.setdefault(symbol.name, []).append(member)
    return {name: users for name, users in needed.items() if not library.members_defining(name)}


def test_the_library_needs_only_the_kernel_and_main_where_there_is_one(undefined_names: dict[str, list[str]]) -> None:
    missing = {name: users for name, users in undefined_names.items() if name not in PROVIDED_NAMES}
    assert missing == {}  # main is wanted weakly: libraries have none
    assert set(KERNEL_CALL_BY_NAME) <= set(PROVIDED_NAMES)


STANDARD_HEADERS = (
    *("assert", "complex", "ctype", "dirent", "errno", "fcntl", "fenv", "fnmatch", "glob", "iconv", "inttypes"),
    *("locale", "math", "poll", "pthread", "regex", "sched", "search", "semaphore", "setjmp", "signal", "stdio"),
    *("stdlib", "string", "sys/mman", "sys/stat", "sys/time", "time", "uchar", "unistd", "wchar", "wctype"),
)
DECLARED_ONLY = {"alloca", "pthread_mutexattr_getprioceiling", "pthread_mutexattr_setprioceiling"}
"""musl defines these nowhere: the first is the compiler's, the others are not implemented."""


def test_every_function_that_standard_headers_declare_is_there() -> None:
    source = "".join(f"#include <{header}.h>\n" for header in STANDARD_HEADERS)
    declarations = preprocessed(source)
    names = set(re.findall(r"^(?:[a-z_]\w*[\s*]+)+(\w+)\s*\([^;{]*\)[^;{]*;", declarations, re.MULTILINE)) - {"void"}
    assert len(names) > 900
    library = guest_library(CompileOptions())
    assert {name for name in names if not library.members_defining(name)} == DECLARED_ONLY


def preprocessed(source: str) -> str:
    command = [zig_executable(), "clang", *TARGET_FLAGS, *include_flags(c_include_directories()), "-E", "-P", "-"]
    return subprocess.run(command, input=source, capture_output=True, text=True, check=True).stdout


def test_half_precision_and_wide_integers_find_their_runtime(tmp_path: Path) -> None:
    source = tmp_path / "wide.c"
    source.write_text(
        "#include <stdio.h>\n"
        "int main(int argc, char **argv) {\n"
        "  volatile unsigned __int128 a = (unsigned __int128)-1 / 7, b = 1000000007;\n"
        "  volatile __int128 c = -(__int128)a;\n"
        "  volatile double d = 1e30; volatile _Float16 h = (_Float16)(d / 1e27);\n"
        "  volatile _Complex double z = 1 + 2i; z = z * z / (3 - 1i);\n"
        '  printf("%llx %llx ", (unsigned long long)(a / b), (unsigned long long)(a % b));\n'
        '  printf("%lld %g %g ", (long long)(c % 1000), (double)c, (double)h);\n'
        '  printf("%llx %g %g\\n", (unsigned long long)(__int128)d, __real__ z, __imag__ z);\n'
        "}\n"
    )
    a, b = ((1 << 128) - 1) // 7, 1000000007
    z = (1 + 2j) ** 2 / (3 - 1j)
    half = struct.unpack("<e", struct.pack("<e", 1000.0))[0]
    expected = (
        f"{a // b % 2**64:x} {a % b:x} {-(a % 1000)} {-a:g} {half:g} {int(1e30) % 2**64:x} {z.real:g} {z.imag:g}\n"
    )
    assert motte.run(source).stdout.decode() == expected.replace("-4.86117e+37", f"{-float(a):g}")
