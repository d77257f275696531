"""Where the toolchain's parts are on this machine."""

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


def installed_package(name: str) -> Path | None:
    """The directory of an installed package, found without importing it; ``None`` if there is none."""
    directories = (Path(entry or ".", name).absolute() for entry in sys.path)
    return next((directory for directory in directories if (directory / "__init__.py").is_file()), None)


@cache
def zig_directory() -> Path:
    """The directory of the ``ziglang`` wheel."""
    directory = installed_package("ziglang")
    if directory is None or not (directory / "zig").is_file():
        raise Unsupported("no clang: the Python package ziglang is not installed (pip install ziglang==0.14.1)")
    return directory


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


def installed_version(name: str) -> str:
    """The version of an installed package, from the name of its metadata directory; ``unknown`` if there is none."""
    directory = installed_package(name)
    found = sorted(entry.name for entry in directory.parent.glob(f"{name}-*.dist-info")) if directory else []
    return found[-1].removesuffix(".dist-info") if found else "unknown"
