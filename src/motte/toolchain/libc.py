"""The libraries that a program is linked with: C always, C++ when a name of its library is asked for.

By hand: ``python -m motte.toolchain.libc`` builds the C library for this machine.
"""

import re
import sys
from typing import Final

from motte.compiler.options import CompileOptions
from motte.toolchain.archive import GuestLibrary
from motte.toolchain.libc_sources import C_LIBRARY
from motte.toolchain.library_cache import Progress, cached_library

_CXX_PREFIX: Final = "c++/"
_STANDARD_NAME: Final = re.compile(r"_Z(T[^S]*|GV)?(N[KVRO]*)?St")
"""Mangled names that begin with ``std::``, as objects or as tables and guards of such."""


class ProgramLibrary:
    """Both libraries as one; the C++ library is opened, or built, only if a name of namespace ``std`` is wanted."""

    def __init__(self, options: CompileOptions, progress: Progress | None) -> None:
        """Opens, or builds, the C library."""
        self._options = options
        self._progress = progress
        self._c = cached_library(C_LIBRARY, options, progress)
        self._opened_cxx: GuestLibrary | None = None

    @property
    def members(self) -> tuple[str, ...]:
        """The names of the C library's members."""
        return self._c.members

    def members_defining(self, symbol: str) -> tuple[str, ...]:
        """Members that define ``symbol``, strong definitions first; empty if none does."""
        found = self._c.members_defining(symbol)
        if found or not (self._opened_cxx or _STANDARD_NAME.match(symbol)):
            return found
        return tuple(f"{_CXX_PREFIX}{member}" for member in self._cxx().members_defining(symbol))

    def object(self, member: str) -> bytes:
        """The confined object of a member."""
        if member.startswith(_CXX_PREFIX):
            return self._cxx().object(member.removeprefix(_CXX_PREFIX))
        return self._c.object(member)

    def _cxx(self) -> GuestLibrary:
        if self._opened_cxx is None:
            from motte.toolchain.libcxx_sources import CXX_LIBRARY

            self._opened_cxx = cached_library(CXX_LIBRARY, self._options, self._progress)
        return self._opened_cxx


def guest_library(options: CompileOptions, progress: Progress | None = None) -> ProgramLibrary:
    """The libraries that fit programs compiled with ``options``; built first if they are not in the cache.

    :raises CompileError: a source of a library does not compile, which is a defect of this installation.
    """
    return ProgramLibrary(options, progress)


def _main() -> None:
    """Build the library for this machine with a progress bar."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("guest library", total=None)

        def show(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)

        library = guest_library(CompileOptions(), show)
    sys.stdout.write(f"{len(library.members)} members\n")


if __name__ == "__main__":
    _main()
