"""A library of confined objects in one file, with an index of the names that they define.

    magic | u64 size of the index | digest of the index | index (JSON) | objects, one after the other

The index is small and read at once; an object is read when a program needs it.  Both carry digests,
because a disk may fill up or a machine stop at any moment: a damaged library is noticed and built
again.  Nothing here is trusted: what is linked from it is verified like everything else.
"""

import hashlib
import json
import mmap
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from motte.errors import CompileError
from motte.image.elf import LOCAL, SECTION_UNDEFINED, WEAK, read_elf

_MAGIC: Final = b"motte-library-1\n"
_HEADER: Final = struct.Struct("<16sQ16s")
_DIGEST_SIZE: Final = 16


class DamagedLibrary(Exception):  # noqa: N818 (it is a finding, handled by building again)
    """The file is not a whole library."""


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST_SIZE).digest()


def defined_names(member: str, content: bytes) -> dict[str, bool]:
    """The names that an object defines for others, each with whether its definition is strong."""
    return {
        symbol.name: symbol.binding != WEAK
        for symbol in read_elf(member, content).symbols
        if symbol.binding != LOCAL and symbol.section != SECTION_UNDEFINED
    }


def encode_library(objects: Mapping[str, bytes]) -> bytes:
    """The file for these objects by member name; equal objects give equal bytes."""
    members: list[tuple[str, int, int, str]] = []
    definers: dict[str, list[tuple[bool, int]]] = {}
    offset = 0
    for number, (name, content) in enumerate(sorted(objects.items())):
        members.append((name, offset, len(content), _digest(content).hex()))
        offset += len(content)
        for symbol, strong in defined_names(name, content).items():
            definers.setdefault(symbol, []).append((not strong, number))
    # Strong definitions first: the weak ones are often only stand-ins for an absent part of the library.
    symbols = {symbol: [number for _, number in sorted(found)] for symbol, found in sorted(definers.items())}
    index = json.dumps({"members": members, "symbols": symbols}, separators=(",", ":")).encode()
    return b"".join(
        (_HEADER.pack(_MAGIC, len(index), _digest(index)), index, *(objects[entry[0]] for entry in members))
    )


class GuestLibrary:
    """The guest's C library: which members define a name, and each member's object."""

    def __init__(self, data: "bytes | mmap.mmap", label: str) -> None:
        """``label`` names the library in errors.  Raises :class:`DamagedLibrary`."""
        self._data = data
        self._label = label
        if len(data) < _HEADER.size:
            raise DamagedLibrary(label)
        magic, size, digest = _HEADER.unpack_from(data)
        index = data[_HEADER.size : _HEADER.size + size] if magic == _MAGIC else b""
        if not index or _digest(index) != digest:
            raise DamagedLibrary(label)
        decoded: dict[str, Any] = json.loads(index)
        self._start = _HEADER.size + size
        self._symbols: dict[str, list[int]] = decoded["symbols"]
        self._names: list[str] = [member[0] for member in decoded["members"]]
        self._members: dict[str, list[Any]] = {member[0]: member for member in decoded["members"]}

    @classmethod
    def open(cls, path: Path) -> "GuestLibrary":
        """The library in a file; raises ``OSError``, or :class:`DamagedLibrary`."""
        with path.open("rb") as file:
            try:
                return cls(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), str(path))
            except ValueError as error:  # an empty file cannot be mapped
                raise DamagedLibrary(str(path)) from error

    @property
    def members(self) -> tuple[str, ...]:
        """The names of all members, in the archive's order."""
        return tuple(self._names)

    def members_defining(self, symbol: str) -> tuple[str, ...]:
        """Members that define ``symbol``, strong definitions first; empty if none does."""
        return tuple(self._names[number] for number in self._symbols.get(symbol, ()))

    def object(self, member: str) -> bytes:
        """The confined object of a member.

        :raises CompileError: the file was damaged after it was opened.
        """
        _, offset, size, digest = self._members[member]
        content = self._data[self._start + offset : self._start + offset + size]
        if _digest(content).hex() != digest:
            raise CompileError(f"the guest library is damaged at {member}: delete {self._label} to build it again")
        return content
