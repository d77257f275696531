"""Where the toolchain's parts are on this machine."""

import os
import sys
from functools import cache
from pathlib import Path

from motte.errors import Unsupported


@cache
def guest_directory() -> Path:
    """The directory of what guests include and link.

    It is installed beside this package; in a source checkout it is at the repository's root.
    """
    package = Path(__file__).resolve().parent.parent
    for candidate in (package / "guest", package.parent.parent / "guest"):
        if (candidate / "include" / "motte.h").is_file():
            return candidate
    raise Unsupported(f"the guest's sources are missing beside {package}: reinstall motte")


@cache
def zig_directory() -> Path:
    """The directory of the ``ziglang`` wheel, found without importing it: its import starts no compiler, but costs."""
    for entry in sys.path:
        candidate = Path(entry or ".", "ziglang").absolute()
        if (candidate / "zig").is_file():
            return candidate
    raise Unsupported("no clang: the Python package ziglang is not installed (pip install ziglang==0.14.1)")


def zig_executable() -> Path:
    """The wheel's compiler driver; ``zig clang`` is clang."""
    return zig_directory() / "zig"


def musl_directory() -> Path:
    """musl's sources: ``src``, ``include``, ``arch``."""
    return zig_directory() / "lib" / "libc" / "musl"


def c_include_directories() -> tuple[Path, ...]:
    """Include directories of guest C code, in the order of search."""
    library = zig_directory() / "lib"
    headers = library / "libc" / "include"
    return (
        guest_directory() / "include",
        headers / "x86_64-linux-musl",
        headers / "generic-musl",
        library / "include",
        headers / "x86-linux-any",
        headers / "any-linux-any",
    )


def cxx_include_directories() -> tuple[Path, ...]:
    """Include directories of guest C++ code, in the order of search: libc++ wraps the C headers."""
    library = zig_directory() / "lib"
    return (library / "libcxx" / "include", library / "libcxxabi" / "include", *c_include_directories())


def distribution_version(package_directory: Path) -> str:
    """The installed version of a package, from the name of its metadata directory; ``unknown`` if there is none."""
    names = sorted(entry.name for entry in package_directory.parent.glob(f"{package_directory.name}-*.dist-info"))
    return names[-1].removesuffix(".dist-info") if names else "unknown"


def cache_directory() -> Path:
    """Where compiled things are kept: ``$XDG_CACHE_HOME/motte``."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "motte"
