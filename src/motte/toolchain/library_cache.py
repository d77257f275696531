"""Libraries of confined objects: built once, kept in the cache, opened in a millisecond.

Building the C library compiles some 1,350 files, which takes tens of seconds; it happens once for each CPU
and each version of the sources and the compiler.  The key is a digest of all of these, so nothing stale is
ever used.  Two who want a library at once build it once: the second waits for the first one's lock.  The
file appears under its name by an atomic rename, whole or not at all.
"""

import contextlib
import fcntl
import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from motte.cache import default_root, digest
from motte.compiler.options import CompileOptions
from motte.compiler_identity import cpu_identity
from motte.toolchain.archive import DamagedLibrary, GuestLibrary, encode_library
from motte.toolchain.locations import installed_version
from motte.toolchain.recipe import Recipe

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many parts of it are done, and how many there are."""

LIBRARY_LEVEL: Final = 2
"""Optimisation level of the library, whatever the program's."""

_FORMAT: Final = "1"
_LIBRARIES_KEPT: Final = 8
_OWN_SOURCES: Final = (
    *("abi", "compiler", "toolchain/archive.py", "toolchain/clang.py", "toolchain/library_build.py"),
    *("toolchain/libc_sources.py", "toolchain/libcxx_sources.py"),
)


def cached_library(recipe: Recipe, options: CompileOptions, progress: Progress | None = None) -> GuestLibrary:
    """The library for programs compiled with ``options``; built first if it is not in the cache.

    :raises CompileError: a source of the library does not compile, which is a defect of this installation.
    """
    options = replace(
        options,
        optimization=LIBRARY_LEVEL,
        debug=False,
        checked=None,
        internalize=None,
        exports=False,
        is_of_a_program=False,
    )
    path = default_root() / "libraries" / f"{_key(recipe, options)}.library"
    library = _open(path)
    if library is not None:
        return library
    with _lock(path.parent):
        library = _open(path)
        if library is None:
            from motte.toolchain.library_build import build_objects

            content = encode_library(build_objects(recipe, options, progress or _silent))
            _store(path, content)
            library = _open(path) or GuestLibrary(content, f"the guest's {recipe.name} in memory")
    return library


def _silent(what: str, done: int, total: int) -> None:
    pass


def _key(recipe: Recipe, options: CompileOptions) -> str:
    """Digest of everything that decides about the library's content."""
    parts: list[bytes | str] = [_FORMAT, recipe.name, repr(sorted(options.to_json().items()))]
    parts += [installed_version("ziglang"), installed_version("llvmlite")]
    if options.cpu == "native":
        parts.append(cpu_identity())
    package = Path(__file__).parent.parent
    for root in (recipe.own_files(), *(package / name for name in _OWN_SOURCES)):
        for path in sorted(root.rglob("*.[chp]*")) if root.is_dir() else [root]:
            if path.suffix in (".c", ".h", ".py"):
                parts += [os.fspath(path.relative_to(root)), path.read_bytes()]
    return digest(parts)


def _open(path: Path) -> GuestLibrary | None:
    try:
        return GuestLibrary.open(path)
    except OSError:
        return None
    except DamagedLibrary:
        path.unlink(missing_ok=True)
        return None


@contextlib.contextmanager
def _lock(directory: Path) -> Iterator[None]:
    """Held by whoever builds a library; where the cache cannot be written, nobody shares it anyway."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _store(path: Path, content: bytes) -> None:
    """Put the file in place, and remove what earlier versions left beyond the newest few; the lock is held."""
    temporary = path.with_suffix(".new")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
        for old in sorted(path.parent.glob("*.library"), key=lambda entry: entry.stat().st_mtime)[:-_LIBRARIES_KEPT]:
            old.unlink()
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        warnings.warn(f"guest libraries are not cached: {path.parent}: {error.strerror or error}", stacklevel=3)
