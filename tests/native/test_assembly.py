"""Assembly in native programs, and the files that it does not read."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from motte.abi.native_only import NativeOnly
from motte.build import artifact_of, stage_of
from motte.build_options import BuildOptions
from motte.compiler import emit
from motte.errors import CompileError
from native.bare_process import built, run

NATIVE = BuildOptions(native=True)

EVERY_KIND = r"""
#include <stdio.h>

__asm__(".text\n"
        ".globl triple\n"
        ".type triple, @function\n"
        "triple: lea (%rdi,%rdi,2), %eax\n"
        "ret\n"
        ".size triple, .-triple\n"
        ".section .mine,\"aw\"\n"
        ".globl mine\n"
        "mine: .quad helper\n"
        ".set answer, 42\n"
        ".globl answer\n"
        ".section .hidden_code,\"ax\"\n"
        ".globl elsewhere\n"
        "elsewhere: call triple\n"
        "ret\n");
int triple(int);
int elsewhere(int);
extern int (*mine)(int);
extern char answer;

int helper(int x)
{
    return x + 1;
}

static __attribute__((naked)) long five(void)
{
    __asm__("movl $5, %eax\n\tretq");
}

static int has_bits(int x)
{
    __asm__ goto("testl %0, %0\n\tjz %l1" : : "r"(x) : "cc" : zero);
    return 1;
zero:
    return 0;
}

int main(void)
{
    unsigned highest, b, c, d, low, high;

    __asm__("cpuid" : "=a"(highest), "=b"(b), "=c"(c), "=d"(d) : "a"(0));
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    printf("%d %d %ld %d %d %d\n", triple(14), mine(3), five(), has_bits(8), has_bits(0), elsewhere(5));
    printf("%d %d %d\n", (int)(long)&answer, highest > 0, (low | high) != 0);
    return 0;
}
"""


def source(folder: Path, text: str, name: str = "program.c") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_assembly_of_every_kind_runs(tmp_path: Path) -> None:
    done = run(built(source(tmp_path, EVERY_KIND)))
    assert (done.status, done.stdout) == (0, b"42 4 5 1 0 15\n42 1 1\n")


def test_intrinsics_that_confined_code_lacks_run(tmp_path: Path) -> None:
    text = """
    #include <immintrin.h>
    #include <stdio.h>
    int main(void)
    {
        int table[16], out[8];
        for (int i = 0; i < 16; i++)
            table[i] = i * i;
        __m256i places = _mm256_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15);
        _mm256_storeu_si256((void *)out, _mm256_i32gather_epi32(table, places, 4));
        _mm_setcsr(_mm_getcsr() | _MM_ROUND_UP);
        volatile float one = 1, three = 3;
        printf("%d %d %.10f\\n", out[0], out[7], one / three);
        return 0;
    }
    """
    done = run(built(source(tmp_path, text), options=BuildOptions(native=True, flags=["-mavx2"])))
    assert (done.status, done.stdout) == (0, b"1 225 0.3333333433\n")


def test_assembly_that_is_none_is_refused_with_what_is_wrong_about_it(tmp_path: Path) -> None:
    path = source(tmp_path, 'int main(void) { __asm__("frobnicate %eax"); return 0; }')
    with pytest.raises(CompileError, match="invalid instruction mnemonic 'frobnicate'") as caught:
        artifact_of([path], NATIVE)
    assert caught.value.native_only is None


READABLE = Path(sys.prefix, "pyvenv.cfg") if Path(sys.prefix, "pyvenv.cfg").exists() else Path("/usr/lib/os-release")
"""A file that the compiler's child may open: its assembler does not."""

READERS = {
    "incbin": f".incbin \\22{READABLE}\\22",
    "include": f".include \\22{READABLE}\\22",
    "put together by a macro": f".macro m x\\0A.inc\\5Cx \\22{READABLE}\\22\\0A.endm\\0Am bin",
}


@pytest.mark.parametrize("where", ["module", "function"])
@pytest.mark.parametrize("how", READERS)
def test_an_assembler_reads_no_file(tmp_path: Path, where: str, how: str) -> None:
    assert READABLE.read_bytes()
    module, inline = (f'module asm "{READERS[how]}"', "") if where == "module" else ("", READERS[how])
    text = f'{module}\ndefine i32 @main() {{\n  call void asm sideeffect "{inline}", ""()\n  ret i32 0\n}}\n'
    with pytest.raises(CompileError, match=r"Could not find inc(bin|lude) file"):
        artifact_of([source(tmp_path, text, "program.ll")], NATIVE)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('__asm__(".globl f\\nf: ret");', NativeOnly.ASSEMBLY),
        ('void f(void) { __asm__("cpuid" ::: "eax", "ebx", "ecx", "edx"); }', NativeOnly.ASSEMBLY),
        ('__attribute__((naked)) void f(void) { __asm__("ret"); }', NativeOnly.ASSEMBLY),
        ("#include <immintrin.h>\nint f(void) { return _mm_getcsr(); }", NativeOnly.INTRINSIC),
        ("__attribute__((preserve_most, noinline)) void f(void) {}", None),
        ("__attribute__((ms_abi)) int f(int a) { return a; }", NativeOnly.REGISTERS),
        (
            "struct wide { _Alignas(32) int x; }; int f(int n, ...);"
            "int g(void) { struct wide w = {1}; return f(1, w); } int f(int n, ...) { return n; }",
            NativeOnly.GENERATED,
        ),
    ],
)
def test_a_refusal_says_whether_only_confinement_is_the_reason(
    tmp_path: Path, text: str, reason: NativeOnly | None
) -> None:
    path = source(tmp_path, text + "\nint main(void) { return 0; }")
    if reason is None:
        assert artifact_of([path], BuildOptions())
    else:
        with pytest.raises(CompileError) as caught:
            artifact_of([path], BuildOptions())
        assert caught.value.native_only is reason
    assert run(built(path)).status == 0


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        "int main(void) { return undefined_function(); } int undefined_function(void);",
        "int main(void) { return 0 }",
        "__float128 f(__float128 x) { return x * x; } int main(void) { return 0; }",
    ],
)
def test_what_no_program_may_be_is_refused_in_either_kind(tmp_path: Path, text: str, native: bool) -> None:
    with pytest.raises(CompileError) as caught:
        artifact_of([source(tmp_path, text)], BuildOptions(native=native))
    assert caught.value.native_only is None


def test_the_stage_of_assembly_shows_plain_accesses(tmp_path: Path) -> None:
    path = source(tmp_path, "int f(int *p) { return *p; }")
    assert b"movl\t(%rdi), %eax" in stage_of(path, "s", NATIVE)
    assert b"%gs:" in stage_of(path, "s", BuildOptions())


def test_without_a_filter_of_system_calls_no_native_code_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emit, "forbid_opening", lambda: False)
    with pytest.raises(CompileError, match="only where the kernel can filter system calls"):
        emit.give_up_files()
