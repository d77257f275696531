"""Compiles a library of guests: batches of files through clang, then through the confining compiler.

A batch is one clang process and one compiler process, so that starting them is paid for rarely; as many
batches run at once as there are CPUs.  Both run limited, like everything that compiles.
"""

import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Final

from motte.compiler.options import CompileOptions
from motte.compiler.parent import run_child
from motte.compiler.unit import CompileRequest
from motte.errors import CompileError
from motte.toolchain.clang import TARGET_FLAGS, include_flags
from motte.toolchain.libc_sources import NATIVE, cpu_features
from motte.toolchain.locations import guest_directory, zig_directory, zig_executable
from motte.toolchain.recipe import LibrarySource, Recipe
from motte.toolchain.sandbox import launch_child

BATCH_BYTES: Final = 1 << 20
"""Of source text; a file of C++ counts more, for its headers."""
CXX_FILE_BYTES: Final = 1 << 18
MAX_WORKERS: Final = 8

_CPU_SECONDS: Final = 600.0
_MEMORY_BYTES: Final = 4 << 30


class _Cancelled(Exception):  # noqa: N818 (not an error: another batch failed, or the user interrupted)
    """This batch is no longer wanted."""


class _Counter:
    """Progress over all batches; each file counts twice, once for each compiler."""

    def __init__(self, name: str, total: int, report: Callable[[str, int, int], None]) -> None:
        self.cancelled = threading.Event()
        self._description = f"building the guest's {name} (once)"
        self._total = total
        self._report = report
        self._done = 0
        self._lock = threading.Lock()

    def add(self, count: int) -> None:
        """Raises in the thread of a batch once the build is cancelled, which kills the batch's child."""
        if self.cancelled.is_set():
            raise _Cancelled
        with self._lock:
            self._done += count
            self._report(self._description, self._done, self._total)


def build_objects(
    recipe: Recipe, options: CompileOptions, progress: Callable[[str, int, int], None]
) -> dict[str, bytes]:
    """Every member of the library as a confined object.

    ``progress`` is called from several threads, one at a time.  Raises :class:`~motte.errors.CompileError`
    if a file does not compile.
    """
    sources = recipe.sources(cpu_features(options.cpu) | ({NATIVE} if options.native else set()))
    counter = _Counter(recipe.name, 2 * len(sources), progress)
    objects: dict[str, bytes] = {}
    workers = min(MAX_WORKERS, len(os.sched_getaffinity(0)))
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(_build_batch, recipe, batch, options, counter) for batch in _batches(sources)]
        try:
            for future in as_completed(futures):
                objects.update(future.result())
        except BaseException:
            counter.cancelled.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return objects


def _batches(sources: list[LibrarySource]) -> Iterator[list[LibrarySource]]:
    """Clang names its outputs by the base names of its inputs, so those differ within a batch.

    The largest sources come first: none is left to the end, when only one CPU would work on it.
    """
    rest = sorted(sources, key=_weight, reverse=True)
    while rest:
        batch: dict[str, LibrarySource] = {}
        later, size = [], 0
        for source in rest:
            if size < BATCH_BYTES and source.path.stem not in batch:
                batch[source.path.stem] = source
                size += _weight(source)
            else:
                later.append(source)
        yield list(batch.values())
        rest = later


def _weight(source: LibrarySource) -> int:
    extra = CXX_FILE_BYTES if source.path.suffix == ".cpp" else 0
    return extra + 4096 + source.path.stat().st_size


def _build_batch(
    recipe: Recipe, batch: list[LibrarySource], options: CompileOptions, counter: _Counter
) -> dict[str, bytes]:
    counter.add(0)
    with tempfile.TemporaryDirectory(prefix="motte-libc-") as name:
        directory = Path(name)
        _translate(recipe, batch, directory)
        counter.add(len(batch))
        modules = [(directory / f"{source.path.stem}.bc").read_bytes() for source in batch]
    requests = [
        CompileRequest(source.member, (module,), options) for source, module in zip(batch, modules, strict=True)
    ]

    def count(line: str) -> None:
        counter.add(line.endswith(": reading"))

    units = run_child(
        requests,
        cpu_seconds=_CPU_SECONDS,
        memory_bytes=_MEMORY_BYTES,
        progress=count,
    )
    return {
        unit.name if len(unit.objects) == 1 else f"{unit.name}.{part}": content
        for unit in units
        for part, content in enumerate(unit.objects)
    }


def _translate(recipe: Recipe, batch: list[LibrarySource], directory: Path) -> None:
    """Sources to bitcode, one ``NAME.bc`` in ``directory`` for each ``NAME.c`` or ``NAME.cpp``."""
    flags = [*TARGET_FLAGS, *recipe.flags, *include_flags(recipe.include_directories())]
    child = launch_child(
        [zig_executable(), "clang", *flags, *(source.path for source in batch)],
        readable=[zig_directory(), guest_directory()],
        writable=[directory],
        cpu_seconds=_CPU_SECONDS,
        memory_bytes=_MEMORY_BYTES,
        wall_seconds=2 * _CPU_SECONDS,
        directory=directory,
    )
    if child.returncode:
        messages = child.stderr.decode("utf-8", "replace")
        raise CompileError(f"the guest's {recipe.name}: clang {child.describe()}", messages)
