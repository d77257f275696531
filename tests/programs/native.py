"""The same sources compiled by the system's C compiler, for output to compare with; built once and kept."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from motte.benchmark.fetch import cache_directory


def native_executable(sources: Sequence[Path], flags: Sequence[str]) -> Path:
    """An unconfined executable of these sources, at -O1 (fast to build; the output is what counts)."""
    key = hashlib.sha256(repr(([str(source) for source in sources], list(flags))).encode())
    for source in sources:
        key.update(source.read_bytes())
    folder = cache_directory() / "native"
    folder.mkdir(parents=True, exist_ok=True)
    executable = folder / key.hexdigest()[:24]
    if not executable.exists():
        unfinished = executable.with_suffix(f".{os.getpid()}")
        command = [os.environ.get("CC", "cc"), "-w", "-O1", "-o", unfinished, *flags, *sources, "-lm", "-lpthread"]
        subprocess.run(command, check=True)
        unfinished.rename(executable)
    return executable


def run_native(executable: Path, *arguments: str, stdin: bytes = b"", directory: Path | None = None) -> bytes:
    """Standard output of a run that must succeed."""
    command = [str(executable), *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, check=True, cwd=directory, timeout=120).stdout
