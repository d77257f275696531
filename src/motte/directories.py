"""Directories that a process is given: the only files it can reach.

``HOST[::GUEST][:ro]``: the host's directory HOST appears to the guest as GUEST (by
default under the name that HOST was written with), for reading only with ``:ro``.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SEPARATOR = "::"
_READ_ONLY = ":ro"


@dataclass(frozen=True, slots=True)
class Directory:
    """One granted directory.

    ``guest`` is an absolute path in the guest's own tree, normal (no ``.``, ``..`` or
    doubled slashes); nothing outside ``host`` can be reached through it.
    """

    host: str
    guest: str
    read_only: bool = False

    def __post_init__(self) -> None:
        """Raises ``ValueError`` for a path that no file can have, or a guest path that climbs."""
        for path in (self.host, self.guest):
            if not path or "\0" in path:
                raise ValueError(f"directory: {path!r} is not a path")
        if not self.guest.startswith("/") or ".." in self.guest.split("/"):
            raise ValueError(f"directory: the guest's path {self.guest!r} must be absolute and without '..'")
        if _rooted(self.guest) != self.guest:
            raise ValueError(f"directory: the guest's path {self.guest!r} is not normal")

    @classmethod
    def parse(cls, text: str) -> "Directory":
        """The directory that ``HOST[::GUEST][:ro]`` means.

        A relative GUEST is below the guest's root, which is also where a guest starts.

        >>> Directory.parse("data::/srv:ro")
        Directory(host='data', guest='/srv', read_only=True)
        """
        rest, read_only = text, False
        if text.endswith(_READ_ONLY):
            rest, read_only = text.removesuffix(_READ_ONLY), True
        host, separator, guest = rest.partition(_SEPARATOR)
        if not host or (separator and not guest):
            raise ValueError(f"directory: expected HOST[::GUEST][:ro], got {text!r}")
        return cls(host, _rooted(guest or host), read_only)


GrantedDirectory = str | os.PathLike[str] | Directory
"""A :class:`Directory`, a path (granted under its own name), or a text ``HOST[::GUEST][:ro]``."""


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
        if not stat.S_ISDIR(Path(directory.host).stat().st_mode):
            raise NotADirectoryError(f"not a directory: {directory.host!r}")
    for inner in directories:
        for outer in directories:
            if inner.read_only and not outer.read_only and inner.guest.startswith(outer.guest.rstrip("/") + "/"):
                raise ValueError(
                    f"directory: {inner.guest!r} cannot be read-only inside {outer.guest!r}, which can be written:"
                    " it could be reached through the outer one"
                )
    return directories


OpenedDirectory = tuple[bytes, int, bool]
"""For the core: guest path, open descriptor of the host's directory, whether it may be written."""


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
            descriptor = os.open(directory.host, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            opened.append((os.fsencode(directory.guest), descriptor, not directory.read_only))
        yield opened
    finally:
        for _guest, descriptor, _writable in opened:
            os.close(descriptor)


def _directory(grant: GrantedDirectory) -> Directory:
    if isinstance(grant, Directory):
        return grant
    if isinstance(grant, str):
        return Directory.parse(grant)
    host = os.fspath(grant)
    return Directory(host, _rooted(host))


def _rooted(path: str) -> str:
    """The path from the guest's root; leading ``..`` of a host's path have no meaning there."""
    return os.path.normpath("/" + path.lstrip("/"))
