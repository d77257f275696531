"""Who competes, and how each turns a program's sources into a command.

All start from the same C with the same flags.  Native and Motte also share the front
end, the optimiser and the target CPU; the WebAssembly ones go through the same wheel's
clang with SIMD on, and wasmtime's own code generator.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from motte.benchmark.measure import BenchmarkError, Entry
from motte.benchmark.programs import Program

Builder = Callable[[Program, Path], Path]


def _run(command: Sequence[str | Path], what: str) -> None:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, timeout=900)
    if done.returncode:
        raise BenchmarkError(f"{what} failed: {(done.stderr or done.stdout).strip()[-1500:]}")


def build_native(program: Program, directory: Path) -> Path:
    """An executable linked with the system's C library."""
    from motte.toolchain.arguments import check_arguments
    from motte.toolchain.clang import compile_source

    modules = []
    for index, source in enumerate(program.source_files()):
        module = directory / f"{program.name}.{index}.bc"
        module.write_bytes(compile_source(source, check_arguments(program.compiler_flags())).bitcode)
        modules.append(module)
    code, executable = directory / f"{program.name}.o", directory / f"{program.name}.native"
    _run([sys.executable, "-m", "motte.benchmark.native", code, *modules], f"native code for {program.name}")
    linker = os.environ.get("CC", "cc")
    _run([linker, "-no-pie", "-o", executable, code, "-lm", "-lpthread"], f"linking {program.name}")
    return executable


def build_motte(program: Program, directory: Path) -> Path:
    """A confined artifact, by the command that users have."""
    artifact = directory / f"{program.name}.motte"
    command = [sys.executable, "-m", "motte", "compile", "-O3", *program.compiler_flags()]
    _run([*command, "-o", artifact, *program.source_files()], f"motte compile {program.name}")
    return artifact


def _in_cell(program: Program, repetitions: str) -> list[str]:
    """Compiled when it runs for the first time."""
    first, *others = map(str, program.source_files())
    further = [word for source in others for word in ("-s", source)]
    command = [sys.executable, "-m", "motte", "run", "--time", "none", "--isolation", "os", "-O3"]
    return [*command, *program.compiler_flags(), *further, first, repetitions]


def build_wasm(program: Program, directory: Path) -> Path:
    """A WebAssembly module for WASI preview 1."""
    module = directory / f"{program.name}.wasm"
    command = [sys.executable, "-m", "ziglang", "cc", "-target", "wasm32-wasi", "-O3", "-msimd128", "-mbulk-memory"]
    emulation = ["-w", "-D_WASI_EMULATED_SIGNAL", "-D_WASI_EMULATED_GETPID"]
    libraries = ["-lwasi-emulated-signal", "-lwasi-emulated-getpid"]
    flags = [*emulation, *program.compiler_flags()]
    _run([*command, *flags, "-o", module, *program.source_files(), *libraries], f"WebAssembly for {program.name}")
    return module


NATIVE: Final = "native"
MOTTE: Final = "motte"
MOTTE_OS: Final = "motte os"
"""Not confined, in an OS process of its own."""
WASMTIME: Final = "wasmtime"
WASMTIME_EPOCH: Final = "wasmtime epoch"
CONTENDERS: Final = (NATIVE, MOTTE, MOTTE_OS, WASMTIME, WASMTIME_EPOCH)


def entries_for(program: Program, directory: Path, wasm: bool, warn: Callable[[str], None]) -> list[Entry]:
    """Build everything and say how to run it.  A program that WASI cannot host is left out there, with a warning."""
    repetitions = str(program.repetitions)
    motte = [sys.executable, "-m", "motte", "run", "--time", "none", str(build_motte(program, directory)), repetitions]
    entries = [
        Entry(NATIVE, [str(build_native(program, directory)), repetitions]),
        Entry(MOTTE, motte),
        Entry(MOTTE_OS, _in_cell(program, repetitions)),
    ]
    if not wasm:
        return entries
    try:
        module = str(build_wasm(program, directory))
    except BenchmarkError as error:
        warn(f"{program.name}: no WebAssembly column: {str(error).splitlines()[0]}")
        return entries
    runner = [sys.executable, "-m", "motte.benchmark.wasm_runner"]
    return [
        *entries,
        Entry(WASMTIME, [*runner, module, repetitions]),
        Entry(WASMTIME_EPOCH, [*runner, "--epoch", module, repetitions]),
    ]
