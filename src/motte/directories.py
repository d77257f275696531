"""Directories that a process is given: the only files it can reach.

``HOST[::GUEST][:ro][:quota=SIZE][:files=N]``: the host's directory HOST appears to the guest as GUEST (by default under
the name that HOST was written with), for reading only with ``:ro``; with ``quota`` what is added to it is at most so
much, with ``files`` at most so many files and directories.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from motte.core import Quota, Tree
from motte.quantities import Size, size_bytes

if TYPE_CHECKING:
    from motte.file_tree import FileTree

_SEPARATOR = "::"
_OPTION: Final = re.compile(r":(?:ro|quota=(?P<quota>[^:=]+)|files=(?P<files>\d+))\Z")


@dataclass(frozen=True, slots=True)
class Directory:
    """One granted directory.

    ``guest`` is an absolute path in the guest's own tree, normal (no ``.``, ``..`` or doubled slashes); nothing outside
    ``host`` can be reached through it.

    ``quota`` is how many bytes may be added: the files of the directory are never larger, all together, than they were
    and so much; more is refused with ``EDQUOT``.  What is removed or cut off makes room again.  ``max_files`` is how
    many files and directories may be added, likewise.  All processes that are granted this very object share both; so
    give one object to processes that may work together, for what another grant of the same directory does is not seen.
    """

    host: "str | FileTree"
    guest: str
    read_only: bool = False
    quota: Size = None
    max_files: int | None = None
    core_quota: Quota | None = field(init=False, repr=False, compare=False)
    """For the package: what counts."""

    def __post_init__(self) -> None:
        """Raises ``ValueError`` for a path that no file can have, a guest path that climbs, and unusable limits."""
        object.__setattr__(self, "core_quota", self._new_quota())
        for path in (self.host, self.guest):
            if isinstance(path, os.PathLike):
                raise TypeError(f"directory: expected str; got {type(path).__name__}")
            if isinstance(path, str) and (not path or "\0" in path):
                raise ValueError(f"directory: {path!r} is not a path")
        if not self.guest.startswith("/") or ".." in self.guest.split("/"):
            raise ValueError(f"directory: the guest's path {self.guest!r} must be absolute and without '..'")
        if rooted(self.guest) != self.guest:
            raise ValueError(f"directory: the guest's path {self.guest!r} is not normal")

    @property
    def added(self) -> tuple[int, int]:
        """Bytes, and files and directories, that count against the quota now.  Raises ``ValueError`` without one."""
        if self.core_quota is None:
            raise ValueError("directory: it has neither quota nor max_files, so nothing is counted")
        return self.core_quota.used()

    def _new_quota(self) -> Quota | None:
        if self.quota is None and self.max_files is None:
            return None
        if self.read_only:
            raise ValueError("directory: nothing is added to what is read-only")
        if not isinstance(self.host, str):
            raise ValueError("directory: a FileTree has limits of its own")
        if self.max_files is not None and self.max_files < 0:
            raise ValueError(f"directory: max_files: {self.max_files} is less than 0")
        return Quota(size_bytes(self.quota, "quota"), self.max_files)

    @classmethod
    def parse(cls, text: str) -> "Directory":
        """The directory that ``HOST[::GUEST][:ro][:quota=SIZE][:files=N]`` means.

        A relative GUEST is below the guest's root, which is also where a guest starts.

        >>> Directory.parse("data::/srv:ro")
        Directory(host='data', guest='/srv', read_only=True, quota=None, max_files=None)
        """
        rest, read_only, quota, max_files = text, False, None, None
        while option := _OPTION.search(rest):
            rest = rest[: option.start()]
            read_only = read_only or option[0] == ":ro"
            quota = option["quota"] or quota
            max_files = max_files if option["files"] is None else int(option["files"])
        host, separator, guest = rest.partition(_SEPARATOR)
        if not host or (separator and not guest):
            raise ValueError(f"directory: expected HOST[::GUEST][:ro][:quota=SIZE][:files=N], got {text!r}")
        return cls(host, rooted(guest or host), read_only, quota, max_files)


GrantedDirectory: TypeAlias = "str | os.PathLike[str] | Directory | FileTree"
"""A :class:`Directory`, a path (granted under its own name), a text as :meth:`Directory.parse` reads it, or a
:class:`motte.FileTree` (granted as the root)."""


def granted_directories(given: Iterable[GrantedDirectory]) -> tuple[Directory, ...]:
    """All grants, checked: every host directory is there, no guest path is named twice.

    A grant inside another one may add rights and not take any away.  Raises ``ValueError`` for a
    text that is no grant, a path named twice or a right taken away, and ``OSError``
    (``NotADirectoryError``, ``FileNotFoundError``) for what is not a directory on the host.
    """
    if given == ():
        return ()
    if isinstance(given, str | os.PathLike):
        raise TypeError(f"directories: expected a list of directories, got the single {given!r}")
    directories = tuple(map(_directory, given))
    if not directories:
        return ()
    seen: set[str] = set()
    for directory in directories:
        if directory.guest in seen:
            raise ValueError(f"directory: {directory.guest!r} is granted twice")
        seen.add(directory.guest)
        if isinstance(directory.host, str) and not stat.S_ISDIR(Path(directory.host).stat().st_mode):
            raise NotADirectoryError(f"not a directory: {directory.host!r}")
    for inner in directories:
        for outer in directories:
            takes = "read-only" if inner.read_only else "limited" if inner.core_quota else None
            if takes and not outer.read_only and inner.guest.startswith(outer.guest.rstrip("/") + "/"):
                raise ValueError(
                    f"directory: {inner.guest!r} cannot be {takes} inside {outer.guest!r}, which can be written:"
                    " it could be reached through the outer one"
                )
    return directories


OpenedDirectory = tuple[bytes, int | Tree, bool, Quota | None]
"""For the core: guest path, open descriptor of the host's directory or a tree, whether it may be written, its quota."""


_NOTHING: Final[AbstractContextManager[Sequence[OpenedDirectory]]] = nullcontext(())


def open_directories(directories: Sequence[Directory]) -> AbstractContextManager[Sequence[OpenedDirectory]]:
    """Open them.

    The descriptors are closed when the block ends; whoever keeps them has duplicated them.
    """
    return _opened(directories) if directories else _NOTHING


@contextmanager
def _opened(directories: Sequence[Directory]) -> Iterator[Sequence[OpenedDirectory]]:
    opened: list[OpenedDirectory] = []
    try:
        for directory in directories:
            held: int | Tree
            if isinstance(directory.host, str):
                held = os.open(directory.host, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            else:
                held = directory.host.core
            opened.append((os.fsencode(directory.guest), held, not directory.read_only, directory.core_quota))
        yield opened
    finally:
        for _guest, held, *_ in opened:
            if isinstance(held, int):
                os.close(held)


def _directory(grant: GrantedDirectory) -> Directory:
    if isinstance(grant, Directory):
        return grant
    if isinstance(grant, str):
        return Directory.parse(grant)
    if isinstance(grant, Mapping):
        return Directory(grant, "/")
    host = os.fspath(grant)
    return Directory(host, rooted(host))


def rooted(path: str) -> str:
    """The path from the guest's root; leading ``..`` of a host's path have no meaning there."""
    return os.path.normpath("/" + path.lstrip("/"))
