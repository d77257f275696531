"""The core and the verifier in C, compiled with AddressSanitizer and UndefinedBehaviorSanitizer, for this interpreter.

The core becomes a second package ``motte`` of links to the installed one, with another extension module in it.  The
sanitizers' library must be loaded before everything else, so a run that needs it starts its interpreter again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import motte

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "sanitized"
COMPILED = {"core", "verifier"}
"""Targets in C."""
COMPILER = os.environ.get("CC", "cc")
FLAGS = [
    *("-std=gnu11", "-O1", "-g", "-fPIC", "-shared", "-fvisibility=hidden", "-fno-strict-aliasing"),
    *("-ftls-model=initial-exec", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"),
]
IN_USE = "MOTTE_FUZZ_SANITIZED"
LEAKS_OFF = "detect_leaks=0"  # Python itself keeps much until the end
OUR_SIGNALS = ":".join(f"handle_{name}=0" for name in ("segv", "sigbus", "sigfpe", "sigill"))


GENERATED = {"generate_header.py": "motte_abi.h", "verifier/generate_forms.py": "forms_table.h"}


def _newest(paths: list[Path]) -> float:
    return max(path.stat().st_mtime for path in paths)


def _compile(output: Path, sources: list[Path], depends: list[Path], *flags: str) -> None:
    if output.exists() and output.stat().st_mtime > _newest([*sources, *depends]):
        return
    BUILD.mkdir(parents=True, exist_ok=True)
    for script, header in GENERATED.items():
        subprocess.run([sys.executable, ROOT / "core" / script, ROOT, BUILD / header], check=True)
    part = output.with_suffix(f".{os.getpid()}")
    include = f"-I{BUILD}", f"-I{ROOT / 'core'}", f"-I{ROOT / 'core' / 'verifier'}"
    subprocess.run([COMPILER, *FLAGS, *include, *flags, *map(str, sources), "-o", str(part)], check=True)
    part.rename(output)


def _sources(*folders: str) -> tuple[list[Path], list[Path]]:
    """What is compiled, and what that depends on."""
    files = [path for folder in folders for path in sorted((ROOT / folder).iterdir())]
    compiled = [path for path in files if path.suffix in {".c", ".S"}]
    facts = [*(ROOT / "src" / "motte" / "abi").glob("*.py"), *(ROOT / "src" / "motte" / "verifier").glob("*.py")]
    return compiled, [path for path in files if path.suffix in {".h", ".py"}] + facts


def package() -> Path:
    """A folder for PYTHONPATH whose ``motte`` has a sanitized core."""
    original, copy = Path(motte.__file__).parent, BUILD / "motte"
    sources, depends = _sources("core", "core/meters", "core/personality", "core/verifier")
    python = f"-I{sysconfig.get_paths()['include']}"
    _compile(BUILD / "_core.so", sources, depends, python)
    shutil.rmtree(copy, ignore_errors=True)
    (copy / "core").mkdir(parents=True)
    for folder, into in ((original, copy), (original / "core", copy / "core")):
        for path in folder.iterdir():
            if path.name not in {"core", "__pycache__"} and not path.name.startswith("_core."):
                (into / path.name).symlink_to(path)
    (copy / "core" / "_core.so").symlink_to(BUILD / "_core.so")
    return BUILD


def in_use() -> bool:
    """Whether this process runs with the sanitizers."""
    return IN_USE in os.environ


def start_again() -> None:
    """Replace this process by one with the sanitized core, that does the same."""
    library = subprocess.run([COMPILER, "-print-file-name=libasan.so"], check=True, capture_output=True, text=True)
    environment = os.environ | {
        IN_USE: "1",
        "LD_PRELOAD": library.stdout.strip(),
        "ASAN_OPTIONS": f"{LEAKS_OFF}:{OUR_SIGNALS}",
        "PYTHONMALLOC": "malloc",
        "PYTHONPATH": os.pathsep.join([str(package()), *sys.path[1:]]),
    }
    os.execve(sys.executable, sys.orig_argv, environment)
