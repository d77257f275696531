"""80-bit numbers of other compilers: computed with, and never given to a C library that would misread them."""

from __future__ import annotations

from pathlib import Path

import pytest

from motte.abi.native_only import NativeOnly
from motte.build import artifact_of
from motte.build_options import BuildOptions
from motte.errors import CompileError
from native.bare_process import built, run

ONE = "0xK3FFF8000000000000000"
COMPUTED = f"""
@format = private constant [12 x i8] c"%.3f %d %d\\0A\\00"
declare i32 @printf(ptr, ...)
declare x86_fp80 @llvm.sqrt.f80(x86_fp80)
declare x86_fp80 @llvm.fabs.f80(x86_fp80)
define x86_fp80 @third(x86_fp80 %x) noinline {{
  %r = fdiv x86_fp80 %x, 0xK4000C000000000000000
  ret x86_fp80 %r
}}
define i32 @main() {{
  %a = call x86_fp80 @third(x86_fp80 {ONE})
  %back = fmul x86_fp80 %a, 0xK4000C000000000000000
  %d = fptrunc x86_fp80 %a to double
  %wide = fpext double %d to x86_fp80
  %same = fcmp oeq x86_fp80 %back, {ONE}
  %finer = fcmp une x86_fp80 %wide, %a
  %i = zext i1 %same to i32
  %j = zext i1 %finer to i32
  %s = call x86_fp80 @llvm.sqrt.f80(x86_fp80 %a)
  %b = call x86_fp80 @llvm.fabs.f80(x86_fp80 %s)
  %c = fptrunc x86_fp80 %b to double
  call i32 (ptr, ...) @printf(ptr @format, double %c, i32 %i, i32 %j)
  ret i32 0
}}
"""


def source(folder: Path, text: str) -> Path:
    path = folder / "program.ll"
    path.write_text(text)
    return path


def test_80_bit_numbers_are_computed_with(tmp_path: Path) -> None:
    path = source(tmp_path, COMPUTED)
    done = run(built(path))
    assert (done.status, done.stdout) == (0, b"0.577 1 1\n")
    with pytest.raises(CompileError, match="80-bit and 128-bit floating point is not supported") as caught:
        artifact_of([path], BuildOptions())
    assert caught.value.native_only is NativeOnly.LONG_DOUBLE


@pytest.mark.parametrize(
    ("declaration", "use", "callee"),
    [
        ("declare i32 @printf(ptr, ...)", f"call i32 (ptr, ...) @printf(ptr null, x86_fp80 {ONE})", "printf"),
        ("declare x86_fp80 @sinl(x86_fp80)", f"call x86_fp80 @sinl(x86_fp80 {ONE})", "sinl"),
        ("declare x86_fp80 @strtold(ptr, ptr)", "call x86_fp80 @strtold(ptr null, ptr null)", "strtold"),
        ("declare x86_fp80 @llvm.floor.f80(x86_fp80)", f"call x86_fp80 @llvm.floor.f80(x86_fp80 {ONE})", "floorl"),
        ("declare i64 @llvm.lround.i64.f80(x86_fp80)", f"call i64 @llvm.lround.i64.f80(x86_fp80 {ONE})", "lroundl"),
        ("", f"frem x86_fp80 {ONE}, {ONE}", "fmodl"),
    ],
)
def test_none_is_given_to_the_c_library(tmp_path: Path, declaration: str, use: str, callee: str) -> None:
    text = f"{declaration}\ndefine i32 @main() {{\n  %r = {use}\n  ret i32 0\n}}\n"
    with pytest.raises(CompileError, match=f"in @main: {callee} is called with an 80-bit long double") as caught:
        artifact_of([source(tmp_path, text)], BuildOptions(native=True))
    assert caught.value.native_only is None


def test_a_function_of_the_program_may_have_a_name_of_the_library(tmp_path: Path) -> None:
    text = f"""
    define x86_fp80 @cosl(x86_fp80 %x) noinline {{
      %r = fadd x86_fp80 %x, %x
      ret x86_fp80 %r
    }}
    define i32 @main() {{
      %r = call x86_fp80 @cosl(x86_fp80 {ONE})
      %i = fptosi x86_fp80 %r to i32
      ret i32 %i
    }}
    """
    assert run(built(source(tmp_path, text))).status == 2
