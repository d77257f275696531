"""Which files make up the guest's C library, and how clang is called for them.

The library is musl, from the wheel that also brings clang, with parts of our own:

* ``guest/overlay`` comes before musl's x86-64 headers, whose inline assembly no guest may contain;
* ``guest/FOLDER/NAME.c`` replaces musl's ``src/FOLDER/NAME.c``;
* ``guest/FOLDER/FEATURE/NAME.c`` replaces both where the target CPU has that LLVM feature;
* ``guest/FOLDER/native/NAME.c`` replaces both in the library of native programs;
* ``guest/runtime`` replaces what :data:`REPLACED_BY_RUNTIME` lists.
"""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from motte.toolchain.locations import c_include_directories, guest_directory, musl_directory
from motte.toolchain.recipe import LibrarySource, Recipe

REPLACED_BY_RUNTIME: Final = frozenset({
    # start.c: reads no program headers, sets up no thread-local storage.
    "env/__libc_start_main.c", "env/__init_tls.c", "env/__reset_tls.c",
    # thread.c: one thread.
    "thread/pthread_create.c", "thread/pthread_cancel.c", "thread/synccall.c",
    "thread/__set_thread_area.c", "thread/__tls_get_addr.c", "thread/tls.c", "thread/__unmapself.c",
    # clone.c, dl_iterate_phdr.c, timer_create.c: nothing to do it with.
    "thread/clone.c", "ldso/dl_iterate_phdr.c", "ldso/tlsdesc.c", "time/timer_create.c",
    # signals.c, signal_mask.c, signal_wait.c, raise.c, abort.c: signals that a process sends to itself.
    "signal/sigaction.c", "signal/block.c", "thread/pthread_sigmask.c", "signal/sigpending.c",
    "signal/sigsuspend.c", "signal/sigtimedwait.c", "signal/raise.c", "signal/kill.c", "signal/sigqueue.c",
    "thread/pthread_kill.c", "signal/restore.c", "exit/abort.c",
    # guest/malloc: an allocator that calls the host rarely, and keeps small objects in slabs.
    "malloc/lite_malloc.c", "malloc/libc_calloc.c", "malloc/replaced.c",
})  # fmt: skip

LEFT_OUT: Final = frozenset({
    # guest/signal/sigsetjmp.c leaves nothing to be done after the jump.
    "signal/sigsetjmp_tail.c",
})  # fmt: skip

GUEST_FOLDERS: Final = (
    "runtime", "setjmp", "signal", "fenv", "string", "stdlib", "malloc", "math", "time", "temp", "compiler_rt", "cxx",
    "kernel", "blocks",
)  # fmt: skip

NOT_NATIVE: Final = frozenset({
    # Checked blocks are reached through a segment that only the host's process has.
    "blocks",
})  # fmt: skip

LIBRARY_FLAGS: Final = (
    # musl is written without regard to type-based aliasing, and defines what builtins would call.
    "-std=gnu11", "-ffreestanding", "-fno-builtin", "-fno-strict-aliasing", "-D_XOPEN_SOURCE=700",
    # Its mathematics sets no errno, so square roots and the like may be single instructions.
    "-fno-math-errno", "-w",
)  # fmt: skip


NATIVE: Final = "native"
"""Stands for a feature that programs have which are not confined."""

_WITHOUT_SSE4_1: Final = frozenset({"x86-64"})
_WITHOUT_FMA: Final = frozenset({"x86-64", "x86-64-v2", "nehalem", "sandybridge"})


def cpu_features(cpu: str) -> frozenset[str]:
    """Which of the features that name folders the CPU has; ``native`` asks the machine."""
    if cpu == "native":
        flags = Path("/proc/cpuinfo").read_text().partition("flags")[2].partition("\n")[0].split()
        return frozenset(name for name, flag in (("sse4.1", "sse4_1"), ("fma", "fma")) if flag in flags)
    lacking = {"sse4.1": _WITHOUT_SSE4_1, "fma": _WITHOUT_FMA}
    return frozenset(feature for feature, cpus in lacking.items() if cpu not in cpus)


def _replacements(folder: str, features: Collection[str]) -> Iterator[Path]:
    directory = guest_directory() / folder
    yield from directory.glob("*.c")
    for subdirectory in directory.iterdir():
        if subdirectory.is_dir() and subdirectory.name in features:
            yield from subdirectory.glob("*.c")


def library_sources(features: Collection[str]) -> list[LibrarySource]:
    """Every source of the library for a CPU with these LLVM ``features``, and :data:`NATIVE` or not; by member name."""
    source = musl_directory() / "src"
    chosen: dict[str, Path] = {}
    for folder in sorted(entry.name for entry in source.iterdir() if entry.is_dir()):
        for path in (source / folder).glob("*.c"):
            name = f"{folder}/{path.name}"
            if name not in REPLACED_BY_RUNTIME and name not in LEFT_OUT:
                chosen[name] = path
    for folder in GUEST_FOLDERS:
        if folder in NOT_NATIVE and NATIVE in features:
            continue
        for path in _replacements(folder, features):
            chosen[f"{folder}/{path.name}"] = path
    return [LibrarySource(name.removesuffix(".c"), chosen[name]) for name in sorted(chosen)]


def library_include_directories() -> tuple[Path, ...]:
    """Include directories of the library's own files, in the order of search."""
    guest, musl = guest_directory(), musl_directory()
    return (
        guest / "overlay",
        guest / "runtime",
        guest / "include",
        musl / "arch" / "x86_64",
        musl / "arch" / "generic",
        musl / "src" / "include",
        musl / "src" / "internal",
        *c_include_directories(),
    )


C_LIBRARY: Final = Recipe("libc", LIBRARY_FLAGS, library_include_directories, guest_directory, library_sources)
"""musl with the guest's own parts; every program is linked with what it needs of it."""
