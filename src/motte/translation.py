"""One source at a time: what it is, the name of its bitcode in the cache, and the bitcode itself.

A *unit* is a source as read, once.  Its bitcode's key needs no compiler: what clang read
the last time is stored under a key of the unit alone, and its contents complete the key.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from motte.build_options import BuildOptions
from motte.cache import Cache, digest
from motte.compiler_identity import compiler_identity
from motte.dependencies import CLANG_OPTIONS, Dependencies, dependencies_of, split_messages
from motte.errors import CompileError

if TYPE_CHECKING:
    from motte.toolchain.arguments import ClangArguments

Source = str | bytes | os.PathLike[str]
"""A path (``.c .cc .cpp .ll .bc .motte``), or the bytes of an artifact, of bitcode, or of LLVM assembly."""

ARTIFACT_SUFFIX: Final = ".motte"
TRANSLATED_SUFFIXES: Final = (".c", ".cc", ".cpp", ".cxx")
MODULE_SUFFIXES: Final = (".ll", ".bc")

_ARTIFACT_MAGIC: Final = b"MOTTE\0"
BYTES_NAME: Final = "program"
"""What a program is called whose source is bytes."""

_LENGTH_SIZE: Final = 8


@dataclass(frozen=True, slots=True)
class Unit:
    """A source as it was read."""

    name: str
    suffix: str
    content: bytes

    @property
    def is_artifact(self) -> bool:
        """Whether this is a whole program already."""
        return self.suffix == ARTIFACT_SUFFIX

    @property
    def is_translated(self) -> bool:
        """Whether clang has to see it."""
        return self.suffix in TRANSLATED_SUFFIXES


def read_unit(source: Source) -> Unit:
    """The source in memory.  Raises ``OSError`` if it cannot be read, ``ValueError`` for an unknown suffix."""
    if isinstance(source, bytes):
        is_artifact = source.startswith(_ARTIFACT_MAGIC)
        return Unit(BYTES_NAME, ARTIFACT_SUFFIX if is_artifact else ".bc", source)
    path = os.fspath(source)
    suffix = Path(path).suffix
    known = (*TRANSLATED_SUFFIXES, *MODULE_SUFFIXES, ARTIFACT_SUFFIX)
    if suffix not in known:
        raise ValueError(f"{path}: unknown kind of source {suffix or 'without suffix'} (known: {' '.join(known)})")
    return Unit(path, suffix, Path(path).read_bytes())


@dataclass(frozen=True, slots=True)
class Translated:
    """A unit after clang; ``key`` names it in the cache, or is ``None`` where nobody knows for sure what clang read."""

    key: str | None
    bitcode: bytes
    warnings: str


@dataclass(frozen=True, slots=True)
class Translator:
    """Units to bitcode, through the cache."""

    options: BuildOptions
    cache: Cache

    def key(self, unit: Unit) -> str | None:
        """The key of the unit's bitcode, or ``None`` if only translating it can tell."""
        if not unit.is_translated:
            return digest(["module", unit.content])
        stored = self.cache.get(self._reading_key(unit))
        dependencies = None if stored is None else Dependencies.decode(stored)
        content = None if dependencies is None else dependencies.content_digest()
        return None if content is None else self._bitcode_key(unit, content)

    def stored(self, unit: Unit, key: str | None) -> Translated | None:
        """What is known under a key from :meth:`key`, without translating anything."""
        if not unit.is_translated:
            return Translated(key, unit.content, "")
        content = None if key is None else self.cache.get(key)
        return None if content is None else Translated(key, *_split(content))

    def translated(self, unit: Unit, key: str | None) -> Translated:
        """The unit's bitcode, translated now if need be.  Raises ``CompileError``."""
        return self.stored(unit, key) or self._translate(unit)

    def _translate(self, unit: Unit) -> Translated:
        from motte.toolchain.arguments import check_arguments
        from motte.toolchain.clang import compile_source

        checked = check_arguments(self.options.clang_arguments())
        start_ns = time.time_ns()
        try:
            compiled = compile_source(
                Path(unit.name),
                _listing_what_is_read(checked),
                cpu_seconds=self.options.compile_seconds,
                memory_bytes=self.options.compile_bytes,
            )
        except CompileError as error:
            raise CompileError(str(error), split_messages(error.diagnostics)[0]) from None
        warnings, listed = split_messages(compiled.warnings)
        dependencies = self._dependencies(unit, listed)
        content = dependencies.content_digest()
        if content is None or dependencies.changed_since(start_ns) or Path(unit.name).read_bytes() != unit.content:
            return Translated(None, compiled.bitcode, warnings)
        key = self._bitcode_key(unit, content)
        self.cache.put(key, _joined(compiled.bitcode, warnings))
        self.cache.put(self._reading_key(unit), dependencies.encode())
        return Translated(key, compiled.bitcode, warnings)

    def _dependencies(self, unit: Unit, listed: list[str]) -> Dependencies:
        from motte.toolchain.locations import guest_directory, zig_directory

        include = [os.fspath(directory) for directory in self.options.include]
        return dependencies_of(listed, unit.name, include, (str(zig_directory()), str(guest_directory())))

    def _reading_key(self, unit: Unit) -> str:
        return digest([b"reading", compiler_identity(), unit.name, unit.content, *self.options.clang_arguments()])

    def _bitcode_key(self, unit: Unit, content: str) -> str:
        return digest(["bitcode", self._reading_key(unit), content])


def _listing_what_is_read(arguments: "ClangArguments") -> "ClangArguments":
    from dataclasses import replace

    return replace(arguments, passed=(*arguments.passed, *CLANG_OPTIONS))


def _joined(bitcode: bytes, warnings: str) -> bytes:
    encoded = warnings.encode()
    return len(encoded).to_bytes(_LENGTH_SIZE, "little") + encoded + bitcode


def _split(stored: bytes) -> tuple[bytes, str]:
    end = _LENGTH_SIZE + int.from_bytes(stored[:_LENGTH_SIZE], "little")
    return stored[end:], stored[_LENGTH_SIZE:end].decode("utf-8", "replace")
