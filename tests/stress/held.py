"""What this process holds: memory, descriptors, threads, mappings, objects; and whether that grows.

A leak grows each time that the same is done again.  What caches, tables and pools take grows, too, but comes to an
end.  So the same is done in batches, and each figure may grow in some of them, but not in all.  Figures that are
counted allow for no more than what the measurement itself takes: one object in each round is far beyond them, and so is
one allocation in C, however small.
"""

import ctypes
import gc
import os
import sys
from collections.abc import Callable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

BATCHES = 6


class _Allocated(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd")),
        *((name, ctypes.c_size_t) for name in ("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")),
    ]


_mallinfo = ctypes.CDLL(None).mallinfo2
_mallinfo.restype = _Allocated


@dataclass(frozen=True)
class Held:
    """At one moment."""

    resident_pages: int
    descriptors: int
    threads: int
    mappings: int
    python_blocks: int
    heap_bytes: int
    """Of C: all arenas, and what is mapped for single large allocations."""

    def __sub__(self, other: "Held") -> "Held":
        return Held(*(mine - its for mine, its in zip(astuple(self), astuple(other), strict=True)))


def held() -> Held:
    """Now, without garbage.  Python's cache of attributes keeps names, and is none of ours."""
    gc.collect()
    gc.collect()  # finalisers of the first one
    sys._clear_type_cache()
    allocated = _mallinfo()
    return Held(
        resident_pages=int(Path("/proc/self/statm").read_text().split()[1]),
        descriptors=len(os.listdir("/proc/self/fd")),  # noqa: PTH208 (only counted)
        threads=len(os.listdir("/proc/self/task")),  # noqa: PTH208
        mappings=Path("/proc/self/maps").read_text().count("\n"),
        python_blocks=sys.getallocatedblocks(),
        heap_bytes=allocated.uordblks + allocated.hblkhd,
    )


def growth(action: Callable[[], object], rounds: int) -> Held:
    """By how much each figure grows in a batch of so many rounds: in the batch where it grows least."""
    for _ in range(max(rounds // 4, 20)):
        action()
    least = None
    for _ in range(BATCHES):
        before = held()
        for _ in range(rounds):
            action()
        now = held() - before
        least = now if least is None else Held(*map(min, astuple(least), astuple(now)))
        if not excess(least, rounds):
            break
    assert least is not None
    return least


def excess(grown: Held, rounds: int) -> dict[str, int]:
    """Which figures have grown by more than is allowed in so many rounds."""
    allowed = Held(
        resident_pages=4 + rounds // 1000,
        descriptors=0,
        threads=0,
        mappings=0,
        python_blocks=24,
        heap_bytes=2048,
    )
    names = [field.name for field in fields(Held)]
    figures = zip(names, astuple(grown), astuple(allowed), strict=True)
    return {name: figure for name, figure, most in figures if figure > most}
