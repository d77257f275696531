"""Inputs made to break the tools rather than the machine: refused with a reason, or run confined; nothing else."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

import motte
from motte.build import BuildOptions, artifact_of

HELLO = Path(__file__).parents[2] / "examples" / "01_hello" / "hello.c"
TRIPLE = 'target triple = "x86_64-unknown-linux-musl"\n'


def diagnostics_of(source: str | Path | bytes) -> str:
    with pytest.raises(motte.CompileError) as caught:
        artifact_of([source], BuildOptions())
    return f"{caught.value} {caught.value.diagnostics}"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "outside" / "secret"
    path.parent.mkdir()
    path.write_text("the host's secret")
    return path


def write(directory: Path, name: str, text: str) -> Path:
    path = directory / name
    path.write_text(text)
    return path


def test_inline_assembly_is_refused_by_function(tmp_path: Path) -> None:
    source = write(tmp_path, "a.c", 'int main(void) { __asm__("syscall"); return 0; }')
    text = diagnostics_of(source)
    assert "assembly is not accepted" in text
    assert "main" in text


def test_module_assembly_is_refused_before_it_can_include_a_file(tmp_path: Path, secret: Path) -> None:
    source = write(
        tmp_path, "m.ll", f'{TRIPLE}module asm ".incbin \\22{secret}\\22"\ndefine i32 @main() {{ ret i32 0 }}\n'
    )
    text = diagnostics_of(source)
    assert "module asm" in text or "module-level" in text or "assembly" in text
    assert "secret" not in text.replace(str(secret), "")


def test_file_scope_assembly_in_c_cannot_include_a_file(tmp_path: Path, secret: Path) -> None:
    source = write(tmp_path, "f.c", f'__asm__(".data\\nx: .incbin \\"{secret}\\"");\nint main(void) {{ return 0; }}')
    assert "assembly" in diagnostics_of(source)


def test_a_hostile_section_name_does_not_reach_the_assembler(tmp_path: Path, secret: Path) -> None:
    name = f".data\\0A.incbin \\22{secret}\\22\\0A.section .data"
    source = write(
        tmp_path,
        "s.ll",
        f'{TRIPLE}@x = global i32 7, section "{name}"\n'
        "define i32 @main() {\n  %v = load i32, ptr @x\n  ret i32 %v\n}\n",
    )
    done = motte.run(source)
    assert done.returncode == 7


def test_hostile_symbol_names_do_not_reach_the_assembler(tmp_path: Path, secret: Path) -> None:
    name = f"x\\0A.incbin \\22{secret}\\22\\0Ay: # "
    source = write(
        tmp_path,
        "n.ll",
        f'{TRIPLE}@"{name}" = global i32 5\n'
        f'define i32 @"f\\0Asyscall\\0A"() noinline {{\n  %v = load volatile i32, ptr @"{name}"\n  ret i32 %v\n}}\n'
        'define i32 @main() {\n  %v = call i32 @"f\\0Asyscall\\0A"()\n  ret i32 %v\n}\n',
    )
    done = motte.run(source)
    assert done.returncode == 5


def test_a_guest_cannot_include_the_hosts_files(tmp_path: Path, secret: Path) -> None:
    elsewhere = tmp_path / "project"
    elsewhere.mkdir()
    source = write(elsewhere, "i.c", f'#include "{secret}"\nint main(void) {{ return 0; }}')
    assert "the host's secret" not in diagnostics_of(source)


@pytest.mark.parametrize("size", [0, 1, 4, 100, 5000])
def test_random_bytes_are_not_bitcode(size: int, tmp_path: Path) -> None:
    path = tmp_path / "r.bc"
    path.write_bytes(Random(size).randbytes(size))
    assert diagnostics_of(path).strip()


def test_bitcode_with_the_right_magic_and_random_contents_is_refused(tmp_path: Path) -> None:
    for seed in range(8):
        path = tmp_path / f"m{seed}.bc"
        path.write_bytes(b"BC\xc0\xde" + Random(seed).randbytes(2000))
        assert diagnostics_of(path).strip()


def test_truncated_bitcode_is_refused_at_every_length(tmp_path: Path) -> None:
    from motte.toolchain.clang import compile_source

    whole = compile_source(HELLO).bitcode
    for length in range(8, len(whole), len(whole) // 12):
        path = tmp_path / f"t{length}.bc"
        path.write_bytes(whole[:length])
        assert diagnostics_of(path).strip()


def test_bitcode_with_flipped_bits_is_refused_or_runs_confined(tmp_path: Path) -> None:
    from motte.toolchain.clang import compile_source

    whole = compile_source(HELLO).bitcode
    random = Random(7)
    for number in range(25):
        damaged = bytearray(whole)
        place = random.randrange(len(damaged) * 8)
        damaged[place // 8] ^= 1 << place % 8
        path = tmp_path / f"f{number}.bc"
        path.write_bytes(damaged)
        try:
            motte.run(path, time=0.5, wall_time=2, memory="64MiB")
        except motte.CompileError as error:
            assert str(error)


def test_an_artifact_with_one_flipped_bit_is_refused_or_runs_confined() -> None:
    """A thousand places: nothing but a refusal, or a run that ends in one of the ways a run can end."""
    whole = artifact_of([HELLO], BuildOptions())
    random = Random(20)
    canary = Random(1).randbytes(1 << 16)
    kept = bytes(canary)
    refused = ran = 0
    for _ in range(1000):
        damaged = bytearray(whole)
        place = random.randrange(len(damaged) * 8)
        damaged[place // 8] ^= 1 << place % 8
        try:
            done = motte.run(bytes(damaged), time=0.2, wall_time=1, memory="16MiB", output_limit="64KiB")
        except (motte.Refused, motte.LimitReached, motte.CompileError):  # its main has another name
            refused += 1
            continue
        ran += 1
        assert 0 <= done.returncode <= 255
    assert refused + ran == 1000
    assert refused > 100, "most of the bits that matter are checked"
    assert kept == canary
