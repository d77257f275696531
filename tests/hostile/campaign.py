"""A host that refuses one request after the other, under everything that a process can do.

Run on the hostile build (core_builds.py): ``python -m hostile.campaign single|periodic|random``.  Each round makes a
scheduler and processes of several kinds, and takes all down again; an error must be an exception of Python's or Motte's
or a reason why a process ended, and afterwards everything is as it was: no page charged, no thread, no descriptor.
"""

from __future__ import annotations

import ctypes
import functools
import os
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import core.snippets
from core.snippets import DATA, DATA_SIZE, MILLISECOND, PAGE_SIZE, RODATA, SCRIPT, SCRIPT_END, SECOND, Program, function
from motte import core as motte_core
from motte.abi.faults import StopReason
from motte.errors import MotteError

MEMORY, MAPPINGS, THREADS = 1, 2, 4
EVERYTHING = MEMORY | MAPPINGS | THREADS
READ, MMAP, MPROTECT, MUNMAP, BRK, NANOSLEEP = 0, 9, 10, 11, 12, 35
PRIVATE_ANONYMOUS = 0x22

CALLS = [
    (BRK, 0x70_0000),
    (MMAP, 0, 0x4_0000, 3, PRIVATE_ANONYMOUS, 2**64 - 1, 0),
    (MMAP, 0x900_0000, 0x8000, 3, PRIVATE_ANONYMOUS | 0x10, 2**64 - 1, 0),
    (MPROTECT, 0x900_0000, 0x4000, 1),
    (MUNMAP, 0x900_0000, 0x2000),
    (NANOSLEEP, DATA + 0x8000, 0),
    (BRK, 0x60_0000),
]
WORDS = b"".join(struct.pack("<7Q", *(*call, *[0] * (7 - len(call)))) for call in CALLS) + SCRIPT_END
NAP = struct.pack("<QQ", 0, MILLISECOND // 2)
CALLING = [(RODATA, b"constant", PAGE_SIZE, False), (DATA, WORDS.ljust(0x8000, b"\0") + NAP, DATA_SIZE, True)]
SOURCES = {
    "calls": SCRIPT,
    "spins": function("main", "again:\njmp again"),
    "faults": function("main", "xorl %eax, %eax\nmovl %gs:(%eax), %eax\nretq"),
    "grows": function(
        "main",
        "subq $40000, %rsp\nmovq %rax, (%rsp)\ndecl %gs:DATA(,%eiz)\ncmpl $-4, %gs:DATA(,%eiz)\njle back\n"
        "call main\nback:\naddq $40000, %rsp\nxorl %eax, %eax\nretq",
    ),
    "reads": function(
        "main",
        f"pushq %rax\nxorl %edi, %edi\nxorl %esi, %esi\nmovl ${DATA}, %edx\nmovl $1, %ecx\ncall SYSCALL\n"
        "popq %rcx\nretq",
    ),
}
ENDS = {
    "calls": {StopReason.EXITED},
    "spins": {StopReason.KILLED},
    "faults": {StopReason.FAULTED},
    "grows": {StopReason.EXITED, StopReason.FAULTED},
    "reads": {StopReason.EXITED},
}
"""Where the host refuses threads, each may also end for StopReason.INTERNAL."""

KEPT_PER_ROUND = 512
"""Bytes: Python's own caches breathe."""

REFUSALS = (MotteError, MemoryError, OSError)


class Hostile:
    """The exported functions of refusals.c."""

    def __init__(self) -> None:
        library = ctypes.CDLL(motte_core._core.__file__)
        self.refuse: Callable[[int, int, int], None] = library.hostile_refuse
        library.hostile_refuse.argtypes = [ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint32]
        self.refuse_at_random: Callable[[int, int, int], None] = library.hostile_refuse_at_random
        library.hostile_refuse_at_random.argtypes = [ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint32]
        self.interrupt: Callable[[bool], None] = library.hostile_interrupt
        library.hostile_interrupt.argtypes = [ctypes.c_bool]
        library.hostile_requests.restype = library.hostile_refusals.restype = ctypes.c_uint64
        self.requests: Callable[[], int] = library.hostile_requests
        self.refusals: Callable[[], int] = library.hostile_refusals


def _spawn(
    program: Program, scheduler: motte_core.Scheduler, bank: motte_core.Bank, **options: Any
) -> motte_core.Process:
    chosen: dict[str, Any] = {
        "entry": program.entry,
        "segments": [(RODATA, b"constant", PAGE_SIZE, False), (DATA, b"", DATA_SIZE, True)],
        "data_stack": core.snippets.DATA_STACK,
        "data_stack_variables": (0, 0),
        "arguments": [b"program"],
        "environment": [],
        "bank": bank,
        "meter": scheduler.root,
        "native_stack": 1 << 20,
        "cpu_ns": None,
        "wall_ns": 30 * SECOND,
        "output_limit": None,
        "open_files": 16,
        "streams": (-1, -1, -1),
        "directories": [],
    }
    return motte_core.spawn(program.region, **(chosen | options))


def _run_all(
    scheduler: motte_core.Scheduler, bank: motte_core.Bank, readable: int, closers: list[Callable[[], None]]
) -> None:
    processes = {}
    for kind, program in programs().items():
        try:
            segments = {"segments": CALLING} if kind == "calls" else {}
            process = _spawn(program, scheduler, bank, streams=(readable, -1, -1), **segments)
            closers.append(process.close)
            process.start()
            processes[kind] = process
        except REFUSALS:
            continue
    for kind, process in processes.items():
        if kind == "spins":
            process.kill()
        assert process.wait(20 * SECOND), (kind, process.state())
        reason = process.stop().reason
        assert reason in {*ENDS[kind], StopReason.INTERNAL}, (kind, process.stop())


def one_round() -> None:
    """Everything once; raises only what may be raised."""
    bank = None
    closers: list[Callable[[], None]] = []
    readable, writable = os.pipe()
    os.write(writable, b"x" * 64)
    try:
        bank = motte_core.Bank(None)
        scheduler = motte_core.Scheduler(2, deep_sleep_ns=1)
        closers.append(scheduler.close)
        limited = scheduler.root.sub()
        limited.set_rate(5 * MILLISECOND, 10 * MILLISECOND)
        del limited
        _run_all(scheduler, bank, readable, closers)
    except REFUSALS:
        pass
    finally:
        while closers:
            closers.pop()()
        os.close(readable)
        os.close(writable)
    assert bank is None or bank.used == 0, bank


@functools.cache
def programs() -> dict[str, Program]:
    """One region for each kind of process."""
    return {kind: core.snippets.publish(source) for kind, source in SOURCES.items()}


def _threads() -> int:
    return len(os.listdir("/proc/self/task"))  # noqa: PTH208 - names only, and often


def standing() -> dict[str, int]:
    """What must be the same after every round."""
    end = time.monotonic() + 5
    while _threads() > 1 and time.monotonic() < end:
        time.sleep(0.001)  # threads that were refused end by themselves
    return {"threads": _threads(), "descriptors": len(os.listdir("/proc/self/fd"))}  # noqa: PTH208


def address_space() -> int:
    """Bytes of address space of this process."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * PAGE_SIZE


class _Allocated(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd")),
        *((name, ctypes.c_size_t) for name in ("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")),
    ]


def allocated() -> int:
    """Bytes that the C library's allocator has given out."""
    look = ctypes.CDLL(None).mallinfo2
    look.restype = _Allocated
    taken = look()
    return int(taken.uordblks) + int(taken.hblkhd)


def main(mode: str, rounds: int) -> None:
    """Refuse, round by round, and say what was looked at."""
    hostile = Hostile()
    for _ in range(3):
        one_round()
    before, space, bytes_before = standing(), address_space(), allocated()
    hostile.refuse(0, 0, EVERYTHING)
    one_round()
    requests, refused, lost = hostile.requests(), 0, 0
    for number in range(1, (requests if mode == "single" else rounds) + 1):
        hostile.interrupt(number % 2 == 0)
        if mode == "single":
            hostile.refuse(number, 0, EVERYTHING)
        elif mode == "periodic":
            hostile.refuse(number, 1 + number % 37, EVERYTHING)
        else:
            hostile.refuse_at_random(2 + number % 50, number, EVERYTHING)
        try:
            one_round()
        finally:
            refused += hostile.refusals()
            hostile.refuse(0, 0, 0)
        assert standing() == before, (number, standing(), before)
        lost = address_space() - space
    one_round()
    kept = allocated() - bytes_before
    print(f"{mode}: {number} rounds of about {requests} requests, {refused} refused, {kept} bytes kept,")
    print(f"{lost >> 30} GiB of address space given up where the host refused to take it back")
    assert refused >= number // 2
    assert kept < KEPT_PER_ROUND * number, kept


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
