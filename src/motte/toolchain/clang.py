"""Source files to LLVM bitcode, by the wheel's clang in a limited child.

Clang only translates: its optimiser is switched off, while the source is compiled *as if* at -O2, so
that the bitcode carries what an optimiser wants (lifetimes, aliasing) and no ``optnone``.  All
optimisation happens once, later, for the CPU that will run the program.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from motte.abi.limits import DEFAULT_LIMITS
from motte.errors import CompileError
from motte.toolchain.arguments import ClangArguments
from motte.toolchain.locations import (
    c_include_directories,
    cxx_include_directories,
    guest_directory,
    zig_directory,
    zig_executable,
)
from motte.toolchain.sandbox import ChildResult, launch_child

LANGUAGE_BY_SUFFIX: Final = {".c": "c", ".cc": "c++", ".cpp": "c++", ".cxx": "c++"}
MODULE_SUFFIXES: Final = (".ll", ".bc")
"""LLVM's own forms, which clang need not see."""

MAX_SOURCE_BYTES: Final = 256 << 20

TARGET_FLAGS: Final = (
    "-nostdinc", "-target", "x86_64-linux-musl", "-emit-llvm", "-c",
    "-O2", "-Xclang", "-disable-llvm-passes",
    "-fno-pic", "-mlong-double-64", "-fno-stack-protector", "-fno-asynchronous-unwind-tables",
    "-fno-exceptions", "-fno-crash-diagnostics", "-D__MOTTE__=1",
    # Destructor functions register themselves at the start, so programs need only constructors.
    "-fregister-global-dtors-with-atexit",
)  # fmt: skip
"""For every source of a guest, the library's included."""

CXX_FLAGS: Final = (
    "-nostdinc++", "-fno-rtti", "-fno-threadsafe-statics",
    "-D_LIBCPP_ABI_VERSION=1", "-D_LIBCPP_ABI_NAMESPACE=__1", "-D_LIBCPP_HAS_MUSL_LIBC", "-D_LIBCPP_HAS_NO_THREADS",
    "-D_LIBCPP_HARDENING_MODE=_LIBCPP_HARDENING_MODE_NONE", "-D_LIBCPP_DISABLE_VISIBILITY_ANNOTATIONS",
    "-D_LIBCPP_HAS_NO_VENDOR_AVAILABILITY_ANNOTATIONS", "-D_LIBCPP_PSTL_BACKEND_SERIAL",
)  # fmt: skip
"""For every C++ source of a guest, besides :data:`TARGET_FLAGS`; the same in a program and in its library."""

_OUT_OF_MEMORY: Final = ("LLVM ERROR: out of memory", "std::bad_alloc")
"""What clang says before it aborts for want of memory."""

_EXPLANATIONS: Final = (
    ("with exceptions disabled", "C++ exceptions are not supported; this source uses them"),
    ("requires -frtti", "C++ run-time type information (dynamic_cast, typeid) is not supported; this source uses it"),
    ("with -fno-rtti", "C++ run-time type information (dynamic_cast, typeid) is not supported; this source uses it"),
)


@dataclass(frozen=True, slots=True)
class SourceText:
    """A source that is in memory; ``name`` is what messages call it, and its suffix tells the language."""

    name: str
    text: str | bytes


@dataclass(frozen=True, slots=True)
class CompiledSource:
    """One translation unit as LLVM bitcode (or, for a ``.ll`` source, as LLVM's text)."""

    name: str
    bitcode: bytes
    warnings: str
    """What clang said although it succeeded, for people; empty if nothing."""


def compile_source(
    source: Path | SourceText,
    arguments: ClangArguments | None = None,
    *,
    cpu_seconds: float = DEFAULT_LIMITS.compile_time,
    memory_bytes: int = DEFAULT_LIMITS.compile_memory,
) -> CompiledSource:
    """Compile one ``.c``, ``.cc``, ``.cpp`` or ``.cxx`` source; ``.ll`` and ``.bc`` are only read.

    :raises CompileError: with clang's messages about the user's own paths in ``diagnostics``.
    """
    name = source.name if isinstance(source, SourceText) else str(source)
    suffix = Path(name).suffix
    if suffix in MODULE_SUFFIXES:
        return CompiledSource(name, _read(source), "")
    if suffix not in LANGUAGE_BY_SUFFIX:
        known = " ".join((*LANGUAGE_BY_SUFFIX, *MODULE_SUFFIXES))
        raise CompileError(f"{name}: unknown kind of source {suffix or 'without suffix'}; known: {known}")
    arguments = arguments or ClangArguments()
    flags, data, readable = _invocation(source, LANGUAGE_BY_SUFFIX[suffix], arguments)
    child = launch_child(
        [zig_executable(), "clang", *flags],
        readable=[*readable, *arguments.include_directories],
        cpu_seconds=cpu_seconds,
        memory_bytes=memory_bytes,
        wall_seconds=4 * cpu_seconds,
        input=data,
    )
    messages = child.stderr.decode("utf-8", "replace").replace("<stdin>", name)
    if child.returncode or child.limit:
        raise _failure(name, child, messages, memory_bytes)
    return CompiledSource(name, child.stdout, messages)


def _read(source: Path | SourceText) -> bytes:
    if isinstance(source, SourceText):
        return source.text.encode() if isinstance(source.text, str) else source.text
    try:
        with source.open("rb") as file:
            data = file.read(MAX_SOURCE_BYTES + 1)
    except OSError as error:
        raise CompileError(f"{source}: {error.strerror}") from error
    if len(data) > MAX_SOURCE_BYTES:
        raise CompileError(f"{source}: larger than {MAX_SOURCE_BYTES >> 20} MiB")
    return data


def _invocation(
    source: Path | SourceText, language: str, arguments: ClangArguments
) -> tuple[list[str], bytes | None, list[Path]]:
    """Clang's arguments, its standard input, and the trees that it may read."""
    flags = [*TARGET_FLAGS, *(CXX_FLAGS if language == "c++" else ()), *arguments.passed]
    flags += ["-g", "-fdebug-compilation-dir=."] if arguments.debug else ["-g0"]
    directories = cxx_include_directories() if language == "c++" else c_include_directories()
    flags += include_flags(directories)
    readable = [zig_directory(), guest_directory()]
    flags += ["-x", language, "-o", "-"]
    if isinstance(source, SourceText):
        return [*flags, "-"], _read(source), readable
    if not source.is_file():
        raise CompileError(f"{source}: no such file")
    # A name like "-x.c" must not become an option.
    named = str(source) if source.is_absolute() or not str(source).startswith("-") else f"./{source}"
    return [*flags, named], None, [*readable, source.absolute().parent, source.resolve().parent]


def include_flags(directories: Sequence[Path]) -> list[str]:
    """``-isystem`` for each directory, in order: its headers warn about nothing."""
    flags: list[str] = []
    for directory in directories:
        flags += ["-isystem", str(directory)]
    return flags


def _failure(name: str, child: ChildResult, messages: str, memory_bytes: int) -> CompileError:
    if child.limit is None and child.returncode == 1:
        for phrase, explanation in _EXPLANATIONS:
            if phrase in messages:
                return CompileError(f"{name}: {explanation}", f"{messages}{name}: {explanation}\n")
        return CompileError(f"{name} does not compile", messages)
    if any(phrase in messages for phrase in _OUT_OF_MEMORY):
        return CompileError(f"{name}: the compiler needs more than {memory_bytes >> 20} MiB of memory", messages)
    return CompileError(f"{name}: the compiler {child.describe()}", messages)
