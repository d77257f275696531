"""Which compiler options are passed on, and that everything else is refused by name."""

from pathlib import Path

import pytest

from motte.errors import CompileError
from motte.toolchain.arguments import check_arguments

DANGEROUS = [
    "-fplugin=evil.so", "-fpass-plugin=evil.so", "-Xclang", "-load", "-mllvm", "-wrapper", "-B.", "--sysroot=/", "-o",
    "-oprogram", "-c", "-S", "-E", "-save-temps", "-save-temps=obj", "-MD", "-MF", "-MMD", "-M",
    "--serialize-diagnostics", "-fprofile-generate", "-fprofile-instr-generate=/tmp/x", "-fprofile-use=x",
    "-ftime-trace", "-ftime-trace=/tmp/x", "-fcrash-diagnostics-dir=/tmp", "-gsplit-dwarf",
    "-fmodules-cache-path=/tmp", "-fmodules", "-include", "-imacros", "-include-pch", "@response", "--config=x",
    "-specs=x", "-Wa,-x", "-Wl,-x", "-Wp,-MD,x", "-Xassembler", "-Xlinker", "-Xpreprocessor", "-target",
    "--target=arm-linux", "-triple", "-m32", "-mx32", "-fuse-ld=x", "-l", "-lm", "-L/", "-x", "-fno-integrated-as",
    "-emit-llvm", "-flto", "-fsanitize=address", "-fopenmp", "-pg", "-finstrument-functions", "-fembed-bitcode",
    "-rewrite-objc", "--analyze", "-ObjC", "-", "", "-fstack-usage", "-fdiagnostics-format=sarif",
    "-fdump-record-layouts", "file.c", "-resource-dir", "-nostdinc++x", "-ffile-prefix-map=a=b", "-Ofast\n",
    "-O2 -o x", "-Wall\0", "-std=c11 ", "-w\n-o",
]  # fmt: skip


@pytest.mark.parametrize("argument", DANGEROUS)
def test_an_option_that_is_not_listed_is_refused_by_name(argument: str) -> None:
    with pytest.raises(CompileError) as refusal:
        check_arguments(["-Wall", argument, "value"])
    assert str(refusal.value).startswith(f"compiler option {argument} is not accepted")


@pytest.mark.parametrize(
    "argument",
    [
        "-std=c11", "-std=gnu++20", "-ansi", "-pedantic", "-Wall", "-Wno-unused", "-Werror=format", "-w",
        "-fno-strict-aliasing", "-fwrapv", "-funsigned-char", "-ffast-math", "-fno-builtin-printf", "-ffp-contract=off",
        "-mavx2", "-msse4.2", "-mno-avx512f", "-march=x86-64-v3", "-ftemplate-depth=2000", "-fcolor-diagnostics",
    ],
)  # fmt: skip
def test_a_listed_option_is_passed_unchanged(argument: str) -> None:
    assert check_arguments([argument]).passed == (argument,)


def test_directories_and_macros_may_be_joined_or_separate() -> None:
    checked = check_arguments(["-Iinclude", "-I", "more", "-isystem/opt/x", "-DNAME=1", "-D", "X", "-UY"])
    assert checked.passed == (
        *("-I", "include", "-I", "more", "-isystem", "/opt/x"),
        *("-D", "NAME=1", "-D", "X", "-U", "Y"),
    )
    assert checked.include_directories == (Path("include"), Path("more"), Path("/opt/x"))


@pytest.mark.parametrize("option", ["-I", "-D", "-U", "-isystem"])
def test_an_option_without_its_value_is_refused(option: str) -> None:
    with pytest.raises(CompileError, match=f"compiler option {option} lacks its value"):
        check_arguments(["-Wall", option])


def test_the_last_level_wins_and_is_not_passed_to_clang() -> None:
    checked = check_arguments(["-O0", "-Wall", "-O3"])
    assert (checked.level, checked.passed) == (3, ("-Wall",))
    assert check_arguments(["-Os"]).level == 2
    assert check_arguments([]).level is None


def test_debug_information_is_asked_for_by_g_and_dropped_by_g0() -> None:
    assert check_arguments(["-g"]).debug
    assert check_arguments(["-gdwarf-4"]).debug
    assert not check_arguments(["-g", "-g0"]).debug


@pytest.mark.parametrize("argument", ["-fPIC", "-fstack-protector-strong", "-pipe", "-pthread", "-fno-exceptions"])
def test_what_is_so_anyway_is_accepted_and_dropped(argument: str) -> None:
    assert check_arguments([argument]).passed == ()


@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        ("-fexceptions", "C++ exceptions are not supported"),
        ("-frtti", "C++ run-time type information is not supported"),
        ("-mlong-double-80", "long double is the 64-bit format in a guest"),
        ("-Ofast", "use -O3 -ffast-math"),
    ],
)
def test_a_refusal_says_why_where_people_would_ask(argument: str, reason: str) -> None:
    with pytest.raises(CompileError) as refusal:
        check_arguments([argument])
    assert str(refusal.value) == f"compiler option {argument} is not accepted: {reason}"
