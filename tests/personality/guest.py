"""A guest process without a guest: system calls made one by one from Python, against a core in miniature.

The personality and ``fake_core.c`` are compiled into one shared library, with undefined behaviour trapped.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import platform
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = 4096
SCRATCH: Final = 0x20000
"""A writable area for paths and buffers, below everything that the guest may arrange."""

SCRATCH_SIZE: Final = 0x90000
BREAK: Final = 0x100000
MAP_BASE, MAP_END, HEAP_END = 0x80000000, 0xE0000000, 0x80000000
UNLIMITED: Final = 2**64 - 1

AT_FDCWD: Final = 2**32 - 100
"""As a guest's register holds it: the upper half is not looked at."""

EXITED, SIGNALLED, KILLED, OUTPUT_LIMIT = 1, 3, 4, 7


def system_call_numbers() -> dict[str, int]:
    """Linux's numbers for x86-64, from the kernel's own header."""
    header = Path("/usr/include/asm/unistd_64.h")
    if not header.exists():
        header = Path(f"/usr/include/{platform.machine()}-linux-gnu/asm/unistd_64.h")
    return {name: int(number) for name, number in re.findall(r"#define __NR_(\w+) (\d+)", header.read_text())}


NUMBERS: Final = system_call_numbers()


class _Directory(ctypes.Structure):
    _fields_ = (
        ("guest_path", ctypes.c_char_p),
        ("descriptor", ctypes.c_int),
        ("tree", ctypes.c_void_p),
        ("quota", ctypes.c_void_p),
        ("writable", ctypes.c_bool),
    )


class _Options(ctypes.Structure):
    _fields_ = (
        ("streams", ctypes.c_int * 3),
        ("pipes", ctypes.c_void_p * 3),
        ("directories", ctypes.POINTER(_Directory)),
        ("directory_count", ctypes.c_size_t),
        ("output_limit", ctypes.c_uint64),
        ("open_files", ctypes.c_uint32),
        ("initial_break", ctypes.c_uint32),
    )


class TreeFigures(ctypes.Structure):
    """What a tree takes and may take: bytes, nodes."""

    _fields_ = (
        ("used", ctypes.c_uint64),
        ("limit", ctypes.c_uint64),
        ("nodes", ctypes.c_uint32),
        ("node_limit", ctypes.c_uint32),
    )


@functools.cache
def library() -> ctypes.CDLL:
    """The personality, compiled with the miniature core."""
    with tempfile.TemporaryDirectory(prefix="motte-personality-") as folder:
        # In a process of its own: it puts a bare folder in the place of the imported package.
        generate_header = [sys.executable, ROOT / "core/generate_header.py", ROOT, f"{folder}/motte_abi.h"]
        subprocess.run(generate_header, check=True)
        sources = [
            *sorted((ROOT / "core/personality").glob("*.c")),
            *sorted((ROOT / "core/streams").glob("*.c")),
            *sorted((ROOT / "core/trees").glob("*.c")),
            *sorted((ROOT / "core").glob("bank*.c")),
            ROOT / "core/host_memory.c",
            ROOT / "core/ipc/completions.c",
            ROOT / "core/panic.c",
            ROOT / "core/random_stream.c",
            Path(__file__).parent / "fake_core.c",
        ]
        command = ["cc", "-std=gnu11", "-O1", "-g", "-fPIC", "-shared", "-Wall", "-Wextra", "-Werror"]
        command += ["-fsanitize=undefined", "-fsanitize-undefined-trap-on-error"]
        command += [f"-I{ROOT}/core", f"-I{folder}", "-o", f"{folder}/personality.so", *map(str, sources)]
        subprocess.run(command, check=True)
        loaded = ctypes.CDLL(f"{folder}/personality.so")
    loaded.fake_create.argtypes = [ctypes.c_uint64]
    loaded.fake_create.restype = ctypes.c_void_p
    loaded.fake_call.argtypes = [ctypes.c_void_p, ctypes.c_int64, ctypes.c_uint64 * 6]
    loaded.fake_call.restype = ctypes.c_int64
    loaded.fake_map.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint64, ctypes.c_int]
    loaded.fake_page.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
    loaded.fake_window.restype = ctypes.c_void_p
    loaded.fake_set_limit.argtypes = [ctypes.c_void_p, ctypes.c_uint64]
    loaded.fake_grant_sources.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32]
    loaded.fake_has_written.argtypes = [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_int64]
    loaded.fake_is_calling.restype = ctypes.c_bool
    loaded.tree_create.argtypes = [ctypes.c_uint64, ctypes.c_uint32, ctypes.c_void_p]
    loaded.tree_create.restype = ctypes.c_void_p
    loaded.tree_release.argtypes = loaded.tree_figures.argtypes = [ctypes.c_void_p]
    loaded.tree_figures.restype = TreeFigures
    loaded.quota_create.argtypes = [ctypes.c_uint64, ctypes.c_uint64]
    loaded.quota_create.restype = ctypes.c_void_p
    loaded.quota_release.argtypes = [ctypes.c_void_p]
    loaded.personality_create.argtypes = [ctypes.c_void_p, ctypes.POINTER(_Options)]
    for name in ("fake_stop_request", "fake_charged", "fake_window_charge", "personality_output_bytes"):
        getattr(loaded, name).restype = ctypes.c_uint64
    for name in ("fake_stop_request", "fake_charged", "fake_window_charge", "personality_output_bytes"):
        getattr(loaded, name).argtypes = [ctypes.c_void_p]
    for name in ("fake_window", "fake_is_calling", "fake_kill", "fake_destroy", "personality_destroy"):
        getattr(loaded, name).argtypes = [ctypes.c_void_p]
    return loaded


def names(directory: Path) -> list[str]:
    """What the host sees in a directory, sorted."""
    return sorted(path.name for path in directory.iterdir())


class MemoryTree:
    """A file tree in memory, until it is closed."""

    def __init__(self, limit: int = 1 << 30, nodes: int = 10_000) -> None:
        self.tree = library().tree_create(limit, nodes, None)
        assert self.tree

    @property
    def figures(self) -> TreeFigures:
        """What it takes."""
        figures: TreeFigures = library().tree_figures(self.tree)
        return figures

    def __enter__(self) -> MemoryTree:
        return self

    def __exit__(self, *_error: object) -> None:
        library().tree_release(self.tree)


class Quota:
    """How much may be added to a directory, until it is closed."""

    def __init__(self, size: int = UNLIMITED, files: int = UNLIMITED) -> None:
        self.quota = library().quota_create(size, files)
        assert self.quota

    @property
    def used(self) -> tuple[int, int]:
        """Bytes and files that count."""
        fields = ctypes.cast(self.quota + 8 + 40, ctypes.POINTER(ctypes.c_uint64))  # behind the count and the lock
        return fields[1], fields[3]

    def __enter__(self) -> Quota:
        return self

    def __exit__(self, *_error: object) -> None:
        library().quota_release(self.quota)


@dataclass(frozen=True)
class Grant:
    """One granted directory."""

    guest: str
    host: Path | MemoryTree
    writable: bool = True
    quota: Quota | None = None


class Guest:
    """One process. ``guest.open("/data/f", os.O_RDONLY)`` is a system call: strings and bytes become pointers."""

    def __init__(
        self,
        *grants: Grant,
        streams: Sequence[int] = (-1, -1, -1),
        output_limit: int = UNLIMITED,
        open_files: int = 64,
        memory_pages: int = UNLIMITED,
    ) -> None:
        """Raises ``OSError`` if the personality refuses to be created like this."""
        self._library = library()
        self._process = self._library.fake_create(memory_pages)
        self._used = 0
        handles: list[int] = []
        directories: list[_Directory] = []
        for grant in grants:
            path = os.fsencode(grant.guest)
            if isinstance(grant.host, MemoryTree):
                directories.append(_Directory(path, -1, grant.host.tree, None, grant.writable))
            else:
                handles.append(os.open(grant.host, os.O_PATH))
                quota = grant.quota.quota if grant.quota else None
                directories.append(_Directory(path, handles[-1], None, quota, grant.writable))
        options = _Options(
            streams=(ctypes.c_int * 3)(*streams),
            directories=(_Directory * len(directories))(*directories),
            directory_count=len(directories),
            output_limit=output_limit,
            open_files=open_files,
            initial_break=BREAK,
        )
        error = self._library.personality_create(self._process, ctypes.byref(options))
        for handle in handles:
            os.close(handle)
        if error:
            assert self._library.fake_charged(self._process) == 0
            self._library.fake_destroy(self._process)
            raise OSError(-error, os.strerror(-error))
        self.own_charge = self.charged
        self.map(SCRATCH, SCRATCH_SIZE // PAGE)

    def __enter__(self) -> Guest:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Destroys the process; what the personality itself was charged for comes back."""
        self._library.personality_destroy(self._process)
        assert self.charged == self._library.fake_window_charge(self._process)
        self._library.fake_destroy(self._process)

    # --- calls -------------------------------------------------------------------------------------------------

    def call(self, number: int | str, *arguments: int | str | bytes) -> int:
        """The result, or the negative errno. Pointers made from text are good for this call."""
        self._used = 0
        values = [argument if isinstance(argument, int) else self.text(argument) for argument in arguments]
        words = (ctypes.c_uint64 * 6)(*(value % 2**64 for value in values))
        which = NUMBERS[number] if isinstance(number, str) else number
        result: int = self._library.fake_call(self._process, which, words)
        return result

    def __getattr__(self, name: str) -> functools.partial[int]:
        if name not in NUMBERS:
            raise AttributeError(name)
        return functools.partial(self.call, name)

    def text(self, text: str | bytes) -> int:
        """The address of a NUL-terminated copy, in the first half of the scratch area."""
        content = os.fsencode(text) + b"\0"
        address = SCRATCH + self._used
        self._used += len(content)
        assert self._used <= SCRATCH_SIZE // 2
        self.poke(address, content)
        return address

    # --- memory ------------------------------------------------------------------------------------------------

    @property
    def buffer(self) -> int:
        """The second half of the scratch area, which no text overwrites."""
        return SCRATCH + SCRATCH_SIZE // 2

    def poke(self, address: int, content: bytes) -> int:
        """Changes guest memory, and gives its address back."""
        ctypes.memmove(self._library.fake_window(self._process) + address, content, len(content))
        return address

    def peek(self, address: int, size: int) -> bytes:
        """Guest memory, as it is."""
        return ctypes.string_at(self._library.fake_window(self._process) + address, size)

    def map(self, address: int, pages: int, protection: int = 2) -> None:
        """Maps pages as the core would for an image: 0 no access, 1 read, 2 write."""
        assert self._library.fake_map(self._process, address, pages, protection) == 0

    def page(self, address: int) -> int:
        """0 free, 1 reserved, 2 hidden, 3 readable, 4 writable."""
        state: int = self._library.fake_page(self._process, address)
        return state

    @property
    def charged(self) -> int:
        """Pages charged, for whatever."""
        pages: int = self._library.fake_charged(self._process)
        return pages

    def limit_memory(self, further_pages: int) -> None:
        """From now on, at most so many more pages."""
        self._library.fake_set_limit(self._process, self.charged + further_pages)

    def pretend(self, *, file_bytes: int = 0, created_entries: int = 0) -> None:
        """As if so much had been written and created before."""
        self._library.fake_has_written(self._process, file_bytes, created_entries)

    def grant_sources(self, *, clock: int, random: int) -> None:
        """From now on it has these rights to a clock, and to random numbers."""
        self._library.fake_grant_sources(self._process, clock, random)

    # --- stopping ------------------------------------------------------------------------------------------------

    @property
    def stop(self) -> tuple[int, int] | None:
        """(reason, value) of the stop that was asked for, or ``None``."""
        request: int = self._library.fake_stop_request(self._process)
        return (request >> 32, request & 0xFFFFFFFF) if request else None

    @property
    def output_bytes(self) -> int:
        """Bytes that count against the output limit."""
        count: int = self._library.personality_output_bytes(self._process)
        return count

    def call_and_kill(self, name: str, *arguments: int | str | bytes) -> int:
        """Makes a call that blocks, and kills the process while it is under way."""
        results: list[int] = []
        thread = threading.Thread(target=lambda: results.append(self.call(name, *arguments)))
        thread.start()
        while not self._library.fake_is_calling(self._process) and thread.is_alive():
            pass
        self._library.fake_kill(self._process)
        thread.join()
        return results[0]

    # --- shorthands ----------------------------------------------------------------------------------------------

    def read_all(self, path: str) -> bytes:
        """The content of a file that is there and readable."""
        descriptor = self.open(path, os.O_RDONLY)
        assert descriptor >= 0, errno.errorcode[-descriptor]
        length = self.read(descriptor, self.buffer, SCRATCH_SIZE // 2)
        assert length >= 0, errno.errorcode[-length]
        assert self.close(descriptor) == 0
        return self.peek(self.buffer, length)
