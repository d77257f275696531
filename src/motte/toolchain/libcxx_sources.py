"""Which files make up the guest's C++ library: libc++ and a little of libc++abi, without exceptions and threads."""

from collections.abc import Collection
from pathlib import Path
from typing import Final

from motte.toolchain.clang import CXX_FLAGS
from motte.toolchain.locations import cxx_include_directories, guest_directory, zig_directory
from motte.toolchain.recipe import LibrarySource, Recipe

_LEFT_OUT: Final = frozenset({
    # Threads and locks between them.
    "barrier", "condition_variable", "condition_variable_destructor", "future", "mutex",
    "mutex_destructor", "shared_mutex", "thread",
    # Allocation is in guest/cxx.
    "new",
})  # fmt: skip

_FOLDERS: Final = ("", "filesystem", "ryu")

_ABI_SOURCES: Final = (
    "abort_message", "cxa_default_handlers", "cxa_handlers", "cxa_noexception", "cxa_vector", "stdlib_exception",
    "stdlib_stdexcept", "stdlib_typeinfo",
)  # fmt: skip

_FLAGS: Final = (
    *CXX_FLAGS, "-std=c++23", "-fno-strict-aliasing", "-w",
    "-D_LIBCPP_BUILDING_LIBRARY", "-D_LIBCPP_DISABLE_NEW_DELETE_DEFINITIONS", "-DLIBCXX_BUILDING_LIBCXXABI",
    "-D_LIBCXXABI_BUILDING_LIBRARY", "-D_LIBCXXABI_HAS_NO_THREADS", "-DLIBC_NAMESPACE=__motte_libc",
)  # fmt: skip


def _library() -> Path:
    return zig_directory() / "lib"


def _include_directories() -> tuple[Path, ...]:
    return (_library() / "libcxx" / "src", *cxx_include_directories())


def _own_files() -> Path:
    return guest_directory() / "include"


def _sources(_: Collection[str]) -> list[LibrarySource]:
    directory = _library() / "libcxx" / "src"
    chosen = [
        LibrarySource(f"{folder}/{path.stem}".lstrip("/"), path)
        for folder in _FOLDERS
        for path in sorted((directory / folder).glob("*.cpp"))
        if path.stem not in _LEFT_OUT
    ]
    abi = _library() / "libcxxabi" / "src"
    return chosen + [LibrarySource(f"abi/{name}", abi / f"{name}.cpp") for name in _ABI_SOURCES]


CXX_LIBRARY: Final = Recipe("libc++", _FLAGS, _include_directories, _own_files, _sources)
"""libc++; linked with programs that refer to names of the namespace ``std``."""
