"""The core compiled in other ways than it is shipped, and Python started on it.

A build becomes a second package ``motte``, a copy of the installed one with another extension module in it.
``python -m core_builds BUILD ARGUMENTS…`` starts this interpreter with these arguments on that package: the sanitizers'
library must be loaded before everything else.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path

import motte

ROOT = Path(__file__).parents[1]
COMPILER = os.environ.get("CC", "cc")
FLAGS = [
    *("-std=gnu11", "-O1", "-g", "-fPIC", "-shared", "-fvisibility=hidden", "-fno-strict-aliasing"),
    *("-ftls-model=initial-exec", "-pthread"),
]
GENERATED = {"generate_header.py": "motte_abi.h", "verifier/generate_forms.py": "forms_table.h"}
CELL = ROOT / "core" / "cell"
"""Not a part of the library, but a program in it."""
CELL_FLAGS = [
    *("-std=gnu11", "-O2", "-ffreestanding", "-fpie", "-mgeneral-regs-only", "-fno-stack-protector"),
    *(
        "-fno-strict-aliasing",
        "-fno-asynchronous-unwind-tables",
        "-U_FORTIFY_SOURCE",
        "-nostdlib",
        "-static",
        "-no-pie",
    ),
    *("-Wl,-Ttext-segment=0x200000000000", "-Wl,-e,cell_start", "-Wl,-z,noexecstack", "-Wl,--build-id=none"),
]
FOLDERS = (
    "core",
    *(f"core/{part.name}" for part in sorted((ROOT / "core").iterdir()) if any(part.glob("*.c")) and part != CELL),
)
IN_USE = "MOTTE_CORE_BUILD"
LEAKS_OFF = "detect_leaks=0"  # Python itself keeps much until the end
OUR_SIGNALS = ":".join(f"handle_{name}=0" for name in ("segv", "sigbus", "sigfpe", "sigill"))

REFUSED = ["malloc", "calloc", "realloc", "mmap", "mremap", "mprotect", "madvise", "memfd_create"]
REFUSED += ["pthread_create", "timer_create"]
"""What the hostile build may refuse; see hostile/refusals.c."""


@dataclass(frozen=True)
class Build:
    """One way to compile the core. ``preloaded``: a library of the compiler's that comes first in the process."""

    flags: tuple[str, ...]
    sources: tuple[Path, ...] = ()
    preloaded: str | None = None
    environment: dict[str, str] = field(default_factory=dict)


_ADDRESS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=undefined")
_ADDRESS_ENVIRONMENT = {"ASAN_OPTIONS": f"{LEAKS_OFF}:{OUR_SIGNALS}", "PYTHONMALLOC": "malloc"}
_HOSTILE = tuple(f"-Wl,--wrap={name}" for name in (*REFUSED, "motte_kernel_call"))
_HOSTILE_SOURCES = (ROOT / "tests" / "hostile" / "refusals.c",)

_THREADS_SOURCES = (ROOT / "tests" / "core" / "prompt_signals.c",)
_THREADS_WRAPPED = ("sigaction", "guest_enter", "motte_kernel_call", "motte_on_interrupt")
_THREADS = ("-fsanitize=thread", *(f"-Wl,--wrap={name}" for name in _THREADS_WRAPPED))
_THREADS_REPORT = f"log_path={ROOT / 'build' / 'threads' / 'report'}"  # pytest keeps what passing tests print
_THREADS_ENVIRONMENT = {"TSAN_OPTIONS": f"{_THREADS_REPORT}:{OUR_SIGNALS}", "PYTHONMALLOC": "malloc"}

BUILDS = {
    "sanitized": Build(_ADDRESS, (), "libasan.so", _ADDRESS_ENVIRONMENT),
    "threads": Build(_THREADS, _THREADS_SOURCES, "libtsan.so", _THREADS_ENVIRONMENT),
    "interrupted": Build(_HOSTILE, _HOSTILE_SOURCES, None, {"MOTTE_INTERRUPT_AT_EVERY_GATE": "1"}),
    "hostile": Build(_HOSTILE, _HOSTILE_SOURCES),
    "measured": Build(("-O3",), (ROOT / "benchmarks" / "spawn_loop.c",)),
    "hostile-sanitized": Build((*_HOSTILE, *_ADDRESS), _HOSTILE_SOURCES, "libasan.so", _ADDRESS_ENVIRONMENT),
}


def folder(name: str) -> Path:
    """Where the build of this name is."""
    return ROOT / "build" / name


def _compile_cell(target: Path, program: list[Path]) -> Path:
    """The program of cells is never built in another way: a source whose bytes are those of it."""
    executable, source = target / "cell_program", target / "program_bytes.S"
    include = [f"-I{target}", f"-I{ROOT / 'core'}"]
    subprocess.run([COMPILER, *CELL_FLAGS, *include, *map(str, program), "-o", str(executable)], check=True)
    subprocess.run([sys.executable, CELL / "embed.py", executable, source], check=True)
    return source


def _compile(name: str) -> Path:
    build, target = BUILDS[name], folder(name)
    files = [path for part in FOLDERS for path in sorted((ROOT / part).iterdir())] + list(build.sources)
    sources = [path for path in files if path.suffix in {".c", ".S"}]
    facts = [*(ROOT / "src" / "motte" / "abi").glob("*.py"), *(ROOT / "src" / "motte" / "verifier").glob("*.py")]
    program = sorted(path for path in CELL.iterdir() if path.suffix in {".c", ".S"})
    files += CELL.iterdir()
    depends = [path for path in files if path.suffix in {".c", ".S", ".h", ".py"}] + facts + [Path(__file__)]
    output = target / "_core.so"
    if output.exists() and output.stat().st_mtime > max(path.stat().st_mtime for path in depends):
        return output
    target.mkdir(parents=True, exist_ok=True)
    for script, header in GENERATED.items():
        subprocess.run([sys.executable, ROOT / "core" / script, ROOT, target / header], check=True)
    bytes_of_program = _compile_cell(target, program)
    part = output.with_suffix(f".{os.getpid()}")
    include = (target, ROOT / "core", ROOT / "core" / "verifier", sysconfig.get_paths()["include"])
    flags = [*FLAGS, *build.flags, *(f"-I{path}" for path in include)]
    subprocess.run([COMPILER, *flags, *map(str, [*sources, bytes_of_program]), "-o", str(part)], check=True)
    part.rename(output)
    return output


def package(name: str) -> Path:
    """A folder for PYTHONPATH whose ``motte`` has this build's core."""
    output = _compile(name)
    original, copy = Path(motte.__file__).parent, folder(name) / "motte"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(original, copy, ignore=shutil.ignore_patterns("__pycache__", "_core.*"))
    if not (copy / "guest").exists():  # in the source tree it lies beside src
        (copy / "guest").symlink_to(ROOT / "guest")
    (copy / "core" / "_core.so").symlink_to(output)
    return folder(name)


def environment(name: str) -> dict[str, str]:
    """For a Python that is to have this build."""
    build = BUILDS[name]
    variables = os.environ | build.environment | {IN_USE: name}
    variables["PYTHONPATH"] = os.pathsep.join([str(package(name)), *filter(None, sys.path)])
    if build.preloaded:
        command = [COMPILER, f"-print-file-name={build.preloaded}"]
        library = subprocess.run(command, check=True, capture_output=True, text=True)
        variables["LD_PRELOAD"] = library.stdout.strip()
    return variables


if __name__ == "__main__":
    os.execve(sys.executable, [sys.executable, *sys.argv[2:]], environment(sys.argv[1]))
