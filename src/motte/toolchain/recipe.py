"""What a guest library is made of, apart from the compilers."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class LibrarySource:
    """One source file and the name of the archive member that it becomes."""

    member: str
    path: Path


@dataclass(frozen=True, slots=True)
class Recipe:
    """One library: its sources, and how clang is called for them besides what every guest source needs."""

    name: str
    """A word for file names and messages."""
    flags: tuple[str, ...]
    include_directories: Callable[[], tuple[Path, ...]]
    """In the order of search."""
    own_files: Callable[[], Path]
    """The directory of the guest's own files that it is made from; the rest comes from the wheel."""
    sources: Callable[[Collection[str]], list[LibrarySource]]
    """The sources for a CPU that has the given LLVM features."""
