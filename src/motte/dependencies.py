"""What a compilation read besides its source, and whether the same would be read again.

The problem: a cached object is right only as long as every header is what it was, and as
long as the same headers would be found.

The answer: clang lists every file that it read (``-MD``).  From that come two lists: the
files themselves, whose contents are part of the object's key; and the *absent* paths, at
which a new file would be found first.  If all files have their old contents and the absent
are still absent, the compiler would read exactly the same text.

Not seen: ``__has_include`` of a file that appears later.
"""

# Paths stay strings: a large program has thousands, and all are looked at before each run.
# ruff: noqa: PTH116, PTH118, PTH120, PTH123, PTH206

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from motte.cache import digest

_RULE: Final = "motte-dependencies"

CLANG_OPTIONS: Final = ("-MD", "-MT", _RULE, "-MF", "/dev/stderr")
"""Make clang list what it read among its messages; :func:`split_messages` takes that out again."""

_NEWEST_AGE_NS: Final = 20_000_000
"""File times are as coarse as the kernel's clock tick: a file changed within this time may not show it."""

_DEEPEST_INCLUDE: Final = 4
"""An ``#include`` of more parts than this is not looked for in other directories."""


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Files that a compilation read, and paths that have to stay absent."""

    files: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()

    def encode(self) -> bytes:
        """For storage."""
        return json.dumps([self.files, self.absent]).encode()

    @classmethod
    def decode(cls, stored: bytes) -> "Dependencies | None":
        """What :meth:`encode` made; ``None`` if it did not make this, for others can write into a cache."""
        try:
            files, absent = json.loads(stored)
            paths = [*files, *absent]
        except (ValueError, TypeError, RecursionError):
            return None
        if not all(isinstance(path, str) and "\0" not in path for path in paths):
            return None
        return cls(tuple(files), tuple(absent))

    def content_digest(self) -> str | None:
        """Digest of names and contents; ``None`` if a file is gone or an absent one has come."""
        if any(map(os.path.lexists, self.absent)):
            return None
        parts: list[bytes | str] = []
        for path in self.files:
            try:
                with open(path, "rb") as file:
                    parts += (path, file.read())
            except OSError:
                return None
        return digest(parts)

    def changed_since(self, start_ns: int) -> bool:
        """Whether a file may have changed after ``start_ns`` (``time.time_ns``), so that nobody knows what was read."""
        try:
            return any(os.stat(path).st_mtime_ns > start_ns - _NEWEST_AGE_NS for path in self.files)
        except OSError:
            return True


def split_messages(messages: str) -> tuple[str, list[str]]:
    """Clang's messages without the list of files, and that list (empty if clang did not come so far)."""
    before, rule, after = messages.rpartition(f"{_RULE}:")
    if not rule:
        return messages, []
    lines = after.split("\n")
    count = next(number for number, line in enumerate(lines, 1) if not line.endswith("\\"))
    listed = " ".join(line.removesuffix("\\") for line in lines[:count])
    return before + "\n".join(lines[count:]), list(_make_words(listed))


def dependencies_of(
    listed: Sequence[str], source: str, include: Sequence[str], system: Sequence[str] = ()
) -> Dependencies:
    """From clang's list: everything but the source itself, which the caller has read.

    ``include`` are the directories of ``-I``; a quoted ``#include`` also looks beside the file that it is in.
    ``system`` are the trees of system headers, whose own includes are not looked for elsewhere.
    """
    files = tuple(dict.fromkeys(path for path in listed if path != source))
    own = [path for path in files if not path.startswith(tuple(f"{tree}{os.sep}" for tree in system))]
    directories = dict.fromkeys([*(os.path.dirname(path) or "." for path in (source, *own)), *include])
    candidates = dict.fromkeys(
        os.path.join(directory, name) for path in files for name in _include_names(path) for directory in directories
    )
    known = set(map(os.path.normpath, (*files, source)))
    absent = [path for path in candidates if os.path.normpath(path) not in known and not os.path.lexists(path)]
    return Dependencies(files, tuple(absent))


def _include_names(path: str) -> Iterator[str]:
    """The names by which an ``#include`` may have meant this file: its last part, its last two parts …"""
    parts = os.path.normpath(path).split(os.sep)
    for count in range(1, min(len(parts), _DEEPEST_INCLUDE) + 1):
        yield os.path.join(*parts[-count:])


def _make_words(text: str) -> Iterator[str]:
    """Words of a make rule: a backslash protects a space or ``#``, and ``$$`` is a dollar sign."""
    word = ""
    characters = iter(text)
    for character in characters:
        if character == "\\":
            following = next(characters, "")
            word += following if following in " #" else character + following
        elif character == "$":
            word += next(characters, "")
        elif character.isspace():
            if word:
                yield word
            word = ""
        else:
            word += character
    if word:
        yield word
