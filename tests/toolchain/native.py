"""Guest functions compiled for this machine, so that their results can be compared with exact ones.

They are the guest's own C files, in a shared library: the file that is tested is the file that guests
link.  Names that the C library also defines get a prefix.
"""

import ctypes
import subprocess
from collections.abc import Sequence
from pathlib import Path

from motte.toolchain.clang import include_flags
from motte.toolchain.libc_sources import LIBRARY_FLAGS, library_include_directories
from motte.toolchain.locations import guest_directory, zig_executable

NATIVE_FLAGS = (
    "-nostdinc", "-target", "x86_64-linux-musl", "-c", "-O2", "-fPIC", "-march=native",
    "-fno-stack-protector", "-fno-sanitize=all",
)  # fmt: skip


def native_library(directory: Path, sources: Sequence[str | Path], flags: Sequence[str] = ()) -> ctypes.CDLL:
    """Compile ``sources`` (guest files by relative path, others by absolute path) and load them."""
    paths = [guest_directory() / source for source in sources]
    objects = []
    for number, path in enumerate(paths):
        target = directory / f"{number}-{path.stem}.o"
        includes = include_flags(library_include_directories())
        command = [zig_executable(), "clang", *NATIVE_FLAGS, *LIBRARY_FLAGS, *includes, *flags, "-o", target, path]
        subprocess.run(command, check=True)
        objects.append(target)
    library = directory / "library.so"
    subprocess.run([zig_executable(), "ld.lld", "-shared", "-o", library, *objects], check=True)
    return ctypes.CDLL(str(library))
