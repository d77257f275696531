"""Sources to bitcode: what is compiled, how errors read, and what a hostile source cannot do."""

import os
from pathlib import Path

import pytest

from motte.errors import CompileError
from motte.toolchain.arguments import ClangArguments, check_arguments
from motte.toolchain.clang import SourceText, compile_source
from motte.toolchain.sandbox import sandbox_features

BITCODE_MAGIC = b"BC\xc0\xde"


def fails(source: Path | SourceText, arguments: ClangArguments | None = None) -> CompileError:
    with pytest.raises(CompileError) as error:
        compile_source(source, arguments)
    return error.value


@pytest.mark.parametrize("suffix", [".c", ".cc", ".cpp", ".cxx"])
def test_a_source_becomes_bitcode(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"program{suffix}"
    path.write_text('#include <stdio.h>\nint main(void) { return puts("hello") < 0; }\n')
    compiled = compile_source(path)
    assert compiled.bitcode.startswith(BITCODE_MAGIC)
    assert (compiled.name, compiled.warnings) == (str(path), "")


def test_a_source_in_memory_needs_no_file() -> None:
    assert compile_source(SourceText("a.c", "int f(void) { return 1; }")).bitcode.startswith(BITCODE_MAGIC)


@pytest.mark.parametrize("suffix", [".ll", ".bc"])
def test_llvms_own_forms_are_passed_on_as_they_are(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"module{suffix}"
    path.write_bytes(b"anything \xff at all")
    assert compile_source(path).bitcode == b"anything \xff at all"


def test_the_bitcode_is_made_for_our_optimiser() -> None:
    """No function may forbid optimisation, and what optimisers like to know must be there."""
    bitcode = compile_source(SourceText("a.c", "void g(int *); void f(void) { int a[9]; g(a); }")).bitcode
    assert b"optnone" not in bitcode
    assert b"llvm.lifetime.start" in bitcode


def test_the_environment_of_a_guest() -> None:
    source = """
        #include <float.h>
        #include <limits.h>
        #include <stdarg.h>
        #include <stddef.h>
        #include <stdatomic.h>
        #include <stdint.h>
        #include <immintrin.h>
        #include <complex.h>
        #include <tgmath.h>
        #include <motte.h>
        _Static_assert(sizeof(long double) == 8 && LDBL_MANT_DIG == 53 && LDBL_MAX_EXP == 1024, "long double");
        _Static_assert(sizeof(long) == 8 && CHAR_MIN < 0 && sizeof(wchar_t) == 4, "x86-64 Linux");
        #if !defined __linux__ || !defined __x86_64__ || !defined __MOTTE__ || __PIC__ + 0 || __SSP__ + 0
        #error platform
        #endif
    """
    assert compile_source(SourceText("a.c", source)).bitcode


def test_the_cxx_library_works_without_exceptions() -> None:
    source = """
        #include <algorithm>
        #include <map>
        #include <memory>
        #include <string>
        #include <vector>
        int main() {
            std::map<std::string, std::vector<int>> m;
            m["a"].push_back(1);
            auto p = std::make_unique<int>(2);
            return std::max(*p, m["a"][0]);
        }
    """
    assert compile_source(SourceText("a.cc", source), check_arguments(["-std=c++20"])).bitcode


def test_warnings_are_returned_with_the_users_own_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sub").mkdir()
    Path("sub/w.c").write_text("int main(void) { int unused; return 0; }\n")
    compiled = compile_source(Path("sub/w.c"), check_arguments(["-Wall"]))
    assert "sub/w.c:1:22: warning: unused variable 'unused'" in compiled.warnings


def test_an_error_names_file_line_and_column() -> None:
    error = fails(SourceText("broken.c", "int f(void) {\n  return x;\n}\n"))
    assert str(error) == "broken.c does not compile"
    assert "broken.c:2:10: error: use of undeclared identifier 'x'" in error.diagnostics


def test_exceptions_are_refused_in_words() -> None:
    error = fails(SourceText("a.cc", "int main() { throw 1; }"))
    assert str(error) == "a.cc: C++ exceptions are not supported; this source uses them"
    assert "a.cc:1:14: error: cannot use 'throw' with exceptions disabled" in error.diagnostics


@pytest.mark.parametrize(
    "source",
    [
        "struct A { virtual ~A(); }; struct B : A {}; B *f(A *a) { return dynamic_cast<B *>(a); }",
        "#include <typeinfo>\nconst char *f() { return typeid(int).name(); }",
    ],
)
def test_run_time_type_information_is_refused_in_words(source: str) -> None:
    expected = "a.cc: C++ run-time type information (dynamic_cast, typeid) is not supported; this source uses it"
    assert str(fails(SourceText("a.cc", source))) == expected


def test_an_absent_file_is_named() -> None:
    assert str(fails(Path("/nowhere/x.c"))) == "/nowhere/x.c: no such file"


def test_an_unknown_suffix_is_named_with_those_that_are_known() -> None:
    assert str(fails(SourceText("a.rs", ""))) == ("a.rs: unknown kind of source .rs; known: .c .cc .cpp .cxx .ll .bc")


def test_a_file_name_cannot_become_an_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("-fplugin=x.c").write_text("int f(void) { return 1; }")
    assert compile_source(Path("-fplugin=x.c")).bitcode.startswith(BITCODE_MAGIC)


@pytest.mark.skipif(not sandbox_features().landlock_abi, reason="this kernel has no Landlock to limit reading with")
@pytest.mark.parametrize(
    "form",
    ['#include "{path}"', 'const char s[] = {{\n#embed "{path}"\n}};', '__asm__(".incbin \\"{path}\\"");'],
    ids=["include", "embed", "incbin"],
)
def test_a_source_cannot_read_outside_its_own_directories(tmp_path: Path, form: str) -> None:
    secret = tmp_path / "secret" / "key.h"
    secret.parent.mkdir()
    secret.write_text("TOP SECRET\n")
    project = tmp_path / "project"
    project.mkdir()
    (project / "evil.c").write_text(form.format(path=secret))
    try:
        compiled = compile_source(project / "evil.c")
    except CompileError as error:
        assert "TOP SECRET" not in error.diagnostics
    else:  # inline assembly is only carried along, to be refused by the next stage
        assert b"TOP SECRET" not in compiled.bitcode


def test_an_include_directory_opens_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "headers").mkdir()
    (tmp_path / "headers" / "value.h").write_text("#define VALUE 1\n")
    (tmp_path / "project").mkdir()
    source = tmp_path / "project" / "a.c"
    source.write_text('#include "value.h"\nint f(void) { return VALUE; }\n')
    assert "'value.h' file not found" in fails(source).diagnostics
    assert compile_source(source, check_arguments(["-I", os.fspath(tmp_path / "headers")])).bitcode


def test_a_source_that_never_ends_to_compile_is_a_compile_error() -> None:
    bomb = (
        "template<int N, int M> struct A { static constexpr int v = A<N - 1, 2 * M>::v + A<N - 1, 2 * M + 1>::v; };\n"
    )
    bomb += "template<int M> struct A<0, M> { static const int v = M; };\nint x = A<40, 0>::v;\n"
    with pytest.raises(CompileError) as error:
        compile_source(SourceText("bomb.cc", bomb), cpu_seconds=1)
    assert str(error.value) == "bomb.cc: the compiler used more than 1 s of CPU time"


def test_a_source_that_takes_all_memory_is_a_compile_error() -> None:
    bomb = "int a[] = {" + "1," * 3_000_000 + "};\n"
    with pytest.raises(CompileError) as error:
        compile_source(SourceText("bomb.c", bomb), memory_bytes=256 << 20)
    assert str(error.value) == "bomb.c: the compiler needs more than 256 MiB of memory"
