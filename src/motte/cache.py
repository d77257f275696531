"""A content-addressed store of compiled things, which is allowed to forget.

The problem: compiling takes seconds and running must take milliseconds, while two
commands run at once, disks fill up, and a machine may lose power between any two
writes.  Locks fail in the last case and hang in the first.

The answer: an entry is one file, named by its key, that carries a digest of its own
content.  It appears by an atomic rename and is believed only if the digest fits, so a
torn, truncated or altered entry is a miss and is removed.  Whoever cannot write
carries on without a cache, after one warning.  Eviction removes the least recently
used entries; a reader that has the file open keeps it.

Nothing here is trusted: what comes out of the cache is verified like a stranger's file.
"""

import hashlib
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

_MAGIC: Final = b"motte-cache-1\n"
_DIGEST_SIZE: Final = 32
_HEADER_SIZE: Final = len(_MAGIC) + _DIGEST_SIZE

DEFAULT_LIMIT: Final = 2 << 30
"""Bytes that a cache may hold before the least recently used entries go."""

_EVICTION_TARGET: Final = 0.75
"""An eviction goes on until this share of the limit is left, so that it is rare."""

_ABANDONED_AFTER_S: Final = 3600.0
"""A temporary file this old belongs to a writer that died."""

_TOUCH_INTERVAL_S: Final = 60.0
"""A hit renews an entry's time of use at most this often."""


def digest(parts: Iterable[bytes | str]) -> str:
    """Hexadecimal name of a sequence of parts; no two different sequences run together.

    >>> digest(["ab", "c"]) == digest(["a", "bc"])
    False
    """
    state = hashlib.blake2b(digest_size=_DIGEST_SIZE)
    for part in parts:
        data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        state.update(len(data).to_bytes(8, "little"))
        state.update(data)
    return state.hexdigest()


def default_root() -> Path:
    """``$XDG_CACHE_HOME/motte``, or ``~/.cache/motte``; a relative XDG_CACHE_HOME is ignored, as its standard says."""
    configured = os.environ.get("XDG_CACHE_HOME", "")
    if configured.startswith("/"):
        return Path(configured) / "motte"
    try:
        return Path.home() / ".cache" / "motte"
    except RuntimeError:  # a user without a home: a place that cannot exist, so nothing is cached
        return Path("/dev/null/motte")


class Cache:
    """Entries by key in one directory, at most ``limit`` bytes of them.

    Safe for any number of threads and processes at once.  No method raises for a
    condition of the disk: a read that fails is a miss, a write that fails is skipped.
    """

    def __init__(
        self,
        root: Path | None = None,
        *,
        limit: int = DEFAULT_LIMIT,
        warn: Callable[[str], None] | None = None,
    ) -> None:
        """``warn`` receives the one message about a store that cannot be written (default: ``warnings.warn``)."""
        self.root = default_root() if root is None else root
        self.limit = limit
        self._warn = warn or _python_warning
        self._warned = threading.Event()

    def get(self, key: str) -> bytes | None:
        """The content stored under ``key``, or ``None``; an entry that is not whole is removed."""
        path = self._path(key)
        try:
            stored = path.read_bytes()
        except OSError:
            return None
        content = stored[_HEADER_SIZE:]
        if stored[:_HEADER_SIZE] != _header(key, content):
            self._discard(path)
            return None
        self._touch(path)
        return content

    def put(self, key: str, content: bytes) -> None:
        """Store ``content`` under ``key``, unless the disk objects; larger than the limit is not stored."""
        if len(content) + _HEADER_SIZE > self.limit:
            return
        path = self._path(key)
        temporary = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.new")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                file.write(_header(key, content))
                file.write(content)
            temporary.replace(path)
        except OSError as error:
            self._discard(temporary)
            self._warn_once(error)
            return
        self._evict()

    def size(self) -> int:
        """Bytes that all entries hold now."""
        return sum(status.st_size for _path, status in self._entries())

    def _path(self, key: str) -> Path:
        if not (len(key) == 2 * _DIGEST_SIZE and key.isalnum()):
            raise ValueError(f"not a cache key: {key!r}")
        return self.root / "entries" / key[:2] / key[2:]

    def _entries(self) -> Iterator[tuple[Path, os.stat_result]]:
        for path in self.root.glob("entries/*/*"):
            try:
                yield path, path.stat()
            except OSError:  # another process evicted it in between
                continue

    def _evict(self) -> None:
        entries = list(self._entries())
        total = sum(status.st_size for _path, status in entries)
        now = time.time()
        for path, status in entries:
            if path.suffix == ".new" and now - status.st_mtime > _ABANDONED_AFTER_S:
                self._discard(path)
        if total <= self.limit:
            return
        for path, status in sorted(entries, key=lambda entry: entry[1].st_mtime):
            if total <= self.limit * _EVICTION_TARGET:
                break
            self._discard(path)
            total -= status.st_size

    def _touch(self, path: Path) -> None:
        with suppress(OSError):  # read-only cache, or evicted meanwhile: the content is already ours
            if time.time() - path.stat().st_mtime > _TOUCH_INTERVAL_S:
                os.utime(path)

    def _discard(self, path: Path) -> None:
        with suppress(OSError):  # a read-only cache keeps its broken entry; it stays a miss
            path.unlink(missing_ok=True)

    def _warn_once(self, error: OSError) -> None:
        if not self._warned.is_set():
            self._warned.set()
            self._warn(f"nothing is cached: {self.root}: {error.strerror or error}")


def _header(key: str, content: bytes) -> bytes:
    state = hashlib.blake2b(key.encode(), digest_size=_DIGEST_SIZE)
    state.update(content)
    return _MAGIC + state.digest()


def _python_warning(message: str) -> None:
    warnings.warn(message, RuntimeWarning, stacklevel=4)
