"""What besides source and options decides about compiled code: the compiler's own files, and this CPU.

Part of every cache key.  It must cost nothing next to a millisecond, so nothing is imported
and no file of the compiler is read: a version is the name of a wheel's metadata
directory, and our own sources are known by name, size and time of change.
"""

import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import motte
from motte.cache import digest
from motte.toolchain.locations import guest_directory

_OWN_PACKAGES: Final = ("abi", "compiler", "image", "toolchain")
_WHEELS: Final = ("llvmlite", "ziglang")
_CPU_INFO_BYTES: Final = 1 << 14
"""Enough of /proc/cpuinfo for its first CPU; the whole takes long on a large machine."""


@cache
def compiler_identity() -> str:
    """Digest of everything that turns a source into an artifact, apart from the CPU; constant in one process."""
    package = Path(motte.__file__).parent
    parts = [motte.__version__, *_wheel_versions()]
    for directory in (*(package / name for name in _OWN_PACKAGES), guest_directory()):
        parts += sorted(_states(os.fspath(directory)))
    return digest(parts)


@cache
def cpu_identity() -> str:
    """Digest of this CPU's model and features: what code for the ``native`` CPU depends on."""
    telling = (b"vendor_id", b"cpu family", b"model", b"stepping", b"flags")
    return digest(line for line in _first_cpu() if line.startswith(telling))


@cache
def cpu_flags() -> frozenset[str]:
    """What this CPU can do, in the kernel's words."""
    line = next((line for line in _first_cpu() if line.startswith(b"flags")), b"")
    return frozenset(line.decode("ascii", "replace").partition(":")[2].split())


@cache
def _first_cpu() -> list[bytes]:
    """What the kernel says about the first CPU, line by line."""
    with Path("/proc/cpuinfo").open("rb", buffering=0) as file:
        return file.read(_CPU_INFO_BYTES).partition(b"\n\n")[0].splitlines()


def _wheel_versions() -> Iterator[str]:
    """Names of metadata directories, such as ``llvmlite-0.50.0.dist-info``, of the first installation found."""
    for name in _WHEELS:
        for entry in map(Path, sys.path):
            if (entry / name).is_dir():
                yield from sorted(found.name for found in entry.glob(f"{name}-*"))
                break


def _states(directory: str) -> Iterator[str]:
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != "__pycache__":
                    yield from _states(entry.path)
            else:
                status = entry.stat()
                yield f"{entry.path}\0{status.st_size}\0{status.st_mtime_ns}"
