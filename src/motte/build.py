"""From sources to an artifact: read, look up, translate what is new, compile, link, remember.

    each source ─► clang (child) ─► bitcode ─┐
                         other modules ──────┴─► compiler (children) ─► objects ─┐
                                                       guest library ───────────┴─► link ─► artifact

Three things are cached: the bitcode of each source, by its content, its headers' contents, its
options and the compiler's identity; the objects of each large module, by its bitcode, the options
and this CPU; and the artifact, by the bitcode of all its modules, likewise.  When bitcode and
artifact are known, nothing that compiles is even imported.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from motte.abi.limits import DEFAULT_LIMITS
from motte.build_options import BuildOptions
from motte.cache import Cache, default_root, digest
from motte.compiler_identity import compiler_identity, cpu_identity
from motte.errors import CompileError
from motte.translation import BYTES_NAME, Source, Translated, Translator, Unit, read_unit

if TYPE_CHECKING:
    from motte.compiler.unit import ConfinedUnit, Stage
    from motte.isolation import Isolation

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many parts of it are done, and how many there are (0: nobody knows)."""

Messages = Callable[[str], None]
"""Called with the warnings of each translation unit, for people."""

STAGES: Final = ("bc", "ll", "s", "o")
"""What :func:`stage_of` can show: clang's bitcode, optimised LLVM assembly, confined assembly, confined object."""

_COMPILER_STAGES: Final[dict[str, "Stage"]] = {"ll": "optimised", "s": "confined", "o": "object"}


def artifact_for(
    isolation: "Isolation", sources: Sequence[Source], options: BuildOptions, *, progress: Progress | None = None
) -> tuple[bytes, BuildOptions, str | None]:
    """The artifact for where it is to run, with the options that it was made with.

    With ``"auto"`` what only confinement refuses is compiled without: the last is why, in one line.
    """
    if isolation == "os":
        options = replace(options, native=True)
    try:
        return artifact_of(sources, options, progress=progress), options, None
    except CompileError as refusal:
        if isolation != "auto" or refusal.native_only is None:
            raise
        note = f"{name_of(sources)}: {refusal.native_only} cannot be confined: it runs in an OS process of its own"
    options = replace(options, native=True)
    return artifact_of(sources, options, progress=progress), options, note


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
    units = _units(sources)
    if units[0].is_artifact:
        return units[0].content
    cache = cache_in_use()
    translator = Translator(options, cache)
    keys = [translator.key(unit) for unit in units]
    artifact = None if None in keys else cache.get(_artifact_key(keys, options))
    if artifact is None:
        modules = _translate(translator, units, keys, progress)
        artifact = _link(_compile(units[0].name, modules, options, progress), options, progress)
        keys = [module.key for module in modules]
        if None not in keys:
            cache.put(_artifact_key(keys, options), artifact)
    elif messages is not None:
        modules = [known for unit, key in zip(units, keys, strict=True) if (known := translator.stored(unit, key))]
    if messages is not None:
        for module in modules:
            messages(module.warnings)
    return artifact


def stage_of(source: Source, stage: str, options: BuildOptions, *, messages: Messages | None = None) -> bytes:
    """What one of :data:`STAGES` makes of one source; raises as :func:`artifact_of` does."""
    unit = read_unit(source)
    if unit.is_artifact:
        raise ValueError(f"{unit.name}: an artifact has no stages left")
    translator = Translator(options, cache_in_use())
    module = translator.translated(unit, translator.key(unit))
    if messages is not None:
        messages(module.warnings)
    if stage == "bc":
        return module.bitcode
    (compiled,) = _compile(unit.name, [module], options, None, _COMPILER_STAGES[stage])
    return b"".join(compiled.objects)


def cache_in_use() -> Cache:
    """The user's cache; one object for each place, so that it complains only once."""
    return _cache_at(default_root())


@lru_cache
def _cache_at(root: Path) -> Cache:
    return Cache(root)


def _artifact_key(keys: Sequence[str | None], options: BuildOptions) -> str:
    cpu = cpu_identity() if options.cpu == "native" else ""
    choices = (
        str(options.optimization),
        options.cpu,
        cpu,
        str(options.debug),
        str(options.checked),
        str(options.exports),
        str(options.native),
    )
    return digest(["artifact", compiler_identity(), *choices, *(key or "" for key in keys)])


def _units(sources: Sequence[Source]) -> list[Unit]:
    units = [read_unit(source) for source in sources]
    if not units:
        raise ValueError("a program needs at least one source")
    for unit in units:
        if unit.is_artifact and len(units) > 1:
            raise ValueError(f"{unit.name}: an artifact is a whole program and cannot be joined with other sources")
    return units


def _translate(
    translator: Translator, units: Sequence[Unit], keys: Sequence[str | None], progress: Progress | None
) -> list[Translated]:
    """One after the other: clang only translates, and Ctrl-C ends it at once."""
    modules = []
    for unit, key in zip(units, keys, strict=True):
        modules.append(translator.translated(unit, key))
        if progress is not None and len(units) > 1:
            progress("translating sources", len(modules), len(units))
    return modules


def _compile(
    name: str,
    modules: Sequence[Translated],
    options: BuildOptions,
    progress: Progress | None,
    stage: "Stage" = "object",
) -> "list[ConfinedUnit]":
    from motte.compilation import compile_modules

    report = None if progress is None else lambda line: progress(line, 0, 0)
    bitcode = [module.bitcode for module in modules]
    return compile_modules(name, bitcode, options, cache_in_use(), progress=report, stage=stage)


def _metadata(name: str, options: BuildOptions) -> dict[str, str]:
    """What ``motte inspect`` tells of how an artifact came about."""
    checked = {} if options.checked is None else {"checked casts": options.checked}
    return {"source": name, "optimization": str(options.optimization), **checked}


def _link(units: "Sequence[ConfinedUnit]", options: BuildOptions, progress: Progress | None) -> bytes:
    from motte.image import Artifact, link
    from motte.image.native import NativeArtifact, link_native
    from motte.toolchain.libc import guest_library

    name = units[0].name
    objects = [content for unit in units for content in unit.objects]
    link_kind = link_native if options.native else link
    artifact = link_kind(
        [(f"{name}#{number}" if number else name, content) for number, content in enumerate(objects)],
        [guest_library(options.compiler_options(), progress)],
        limits=DEFAULT_LIMITS,
        cpu_features=units[0].required_features,
        metadata=_metadata(name, options),
    )
    linked = (NativeArtifact if options.native else Artifact).read(artifact, DEFAULT_LIMITS)
    if "main" not in linked.function_names and not linked.claimed_prototypes:
        raise CompileError(f"{name}: there is nothing to run or to call: no main function, and no exported one")
    return artifact
