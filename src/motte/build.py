"""From sources to an artifact: read, look up, translate what is new, compile, link, remember.

    each source ─► clang (child) ─► bitcode ─┐
                         other modules ──────┴─► compiler (children) ─► objects ─┐
                                                       guest library ───────────┴─► link ─► artifact

Two things are cached: the bitcode of each source, by its content, its headers' contents, its
options and the compiler's identity; and the artifact, by the bitcode of its modules, the options
and this CPU.  When both are known, nothing that compiles is even imported.
"""

import os
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from motte.abi.limits import DEFAULT_LIMITS
from motte.build_options import BuildOptions
from motte.cache import Cache, default_root, digest
from motte.compiler_identity import compiler_identity, cpu_identity
from motte.translation import BYTES_NAME, Messages, Source, Translator, Unit, read_unit

if TYPE_CHECKING:
    from motte.compiler.unit import ConfinedUnit, Stage

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many parts of it are done, and how many there are (0: nobody knows)."""

STAGES: Final = ("bc", "ll", "s", "o")
"""What :func:`stage_of` can show: clang's bitcode, optimised LLVM assembly, confined assembly, confined object."""

_COMPILER_STAGES: Final[dict[str, "Stage"]] = {"ll": "optimised", "s": "confined", "o": "object"}


def name_of(sources: Sequence[Source]) -> str:
    """What messages, and ``argv[0]``, call a program: the last part of its first path."""
    first = sources[0]
    return BYTES_NAME if isinstance(first, bytes) else Path(first).name


def artifact_of(
    sources: Sequence[Source],
    options: BuildOptions,
    *,
    progress: Progress | None = None,
    messages: Messages | None = None,
) -> bytes:
    """The artifact that ``sources`` make; a single artifact is returned as it is, unread.

    Raises ``CompileError`` with the compiler's or the linker's messages, ``OSError`` for an unreadable
    source, and ``ValueError`` for an unknown kind of source.
    """
    units = [read_unit(source) for source in sources]
    if not units:
        raise ValueError("a program needs at least one source")
    if units[0].is_artifact and len(units) == 1:
        return units[0].content
    for unit in units:
        if unit.is_artifact:
            raise ValueError(f"{unit.name}: an artifact is a whole program and cannot be joined with other sources")
    cache = cache_in_use()
    translator = Translator(options, cache)
    keys = [translator.key(unit) for unit in units]
    stored = None if messages or None in keys else cache.get(_artifact_key(keys, options))
    if stored is not None:
        return stored
    keys, modules = _translate(translator, units, keys, progress, messages)
    artifact = _link(_compile(units[0].name, modules, options, progress), options, progress)
    if None not in keys:
        cache.put(_artifact_key(keys, options), artifact)
    return artifact


def stage_of(source: Source, stage: str, options: BuildOptions, *, messages: Messages | None = None) -> bytes:
    """What one of :data:`STAGES` makes of one source; raises as :func:`artifact_of` does."""
    unit = read_unit(source)
    if unit.is_artifact:
        raise ValueError(f"{unit.name}: an artifact has no stages left")
    translator = Translator(options, cache_in_use())
    _key, module = translator.bitcode(unit, translator.key(unit), messages or _ignore)
    if stage == "bc":
        return module
    return b"".join(_compile(unit.name, [module], options, None, _COMPILER_STAGES[stage]).objects)


def cache_in_use() -> Cache:
    """The user's cache; one object for each place, so that it complains only once."""
    return _cache_at(default_root())


@lru_cache
def _cache_at(root: Path) -> Cache:
    return Cache(root)


def _artifact_key(keys: Sequence[str | None], options: BuildOptions) -> str:
    cpu = cpu_identity() if options.cpu == "native" else ""
    choices = (str(options.optimization), options.cpu, cpu, str(options.debug))
    return digest(["artifact", compiler_identity(), *choices, *(key or "" for key in keys)])


def _translate(
    translator: Translator,
    units: Sequence[Unit],
    keys: Sequence[str | None],
    progress: Progress | None,
    messages: Messages | None,
) -> tuple[list[str | None], list[bytes]]:
    """The bitcode of all units with their final keys, several at a time; their warnings in the units' order."""
    from concurrent.futures import ThreadPoolExecutor

    warnings: list[list[str]] = [[] for _unit in units]
    done = 0

    def translate(index: int) -> tuple[str | None, bytes]:
        nonlocal done
        result = translator.bitcode(units[index], keys[index], warnings[index].append)
        done += 1
        if progress is not None and len(units) > 1:
            progress("translating sources", done, len(units))
        return result

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(translate, range(len(units))))
    for text in (text for texts in warnings for text in texts):
        (messages or _ignore)(text)
    return [key for key, _module in results], [module for _key, module in results]


def _compile(
    name: str, modules: Sequence[bytes], options: BuildOptions, progress: Progress | None, stage: "Stage" = "object"
) -> "ConfinedUnit":
    from motte.compiler.parent import run_child
    from motte.compiler.unit import CompileRequest

    (unit,) = run_child(
        [CompileRequest(name, tuple(modules), options.compiler_options(), stage)],
        cpu_seconds=options.compile_seconds,
        memory_bytes=options.compile_bytes,
        progress=None if progress is None else lambda line: progress(line, 0, 0),
    )
    return unit


def _link(unit: "ConfinedUnit", options: BuildOptions, progress: Progress | None) -> bytes:
    from motte.image import link
    from motte.toolchain.libc import guest_library

    return link(
        [(f"{unit.name}#{number}" if number else unit.name, content) for number, content in enumerate(unit.objects)],
        [guest_library(options.compiler_options(), progress)],
        limits=DEFAULT_LIMITS,
        cpu_features=unit.required_features,
        metadata={"source": unit.name, "optimization": str(options.optimization)},
    )


def _ignore(_text: str) -> None:
    """For warnings that nobody asked for."""
