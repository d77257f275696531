"""Many processes at once, and what each of them costs the host."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from core.snippets import DATA, SECOND, Program, Workshop, function, pipe
from motte import core
from motte.abi.faults import StopReason
from motte.abi.layout import WINDOW_SIZE

MMAP_AREA = 0x7000_0000_0000
CROWD = 208
HAS_GUARD_MARKERS = core.host_features()["guard_markers"]

# Reads one byte, and exits with it.
READ_AND_EXIT = function(
    "main",
    f"pushq %rax\nxorl %edi, %edi\nxorl %esi, %esi\nmovl ${DATA}, %edx\nmovl $1, %ecx\ncall SYSCALL\n"
    f"movzbl %gs:{DATA}(,%eiz), %eax\npopq %rcx\nretq",
)


def host_mappings() -> list[tuple[int, int]]:
    spans = (line.split()[0].split("-") for line in Path("/proc/self/maps").read_text().splitlines())
    return [(int(low, 16), int(high, 16)) for low, high in spans]


class Slots:
    """The address space of this many slots, found while all of them are free."""

    def __init__(self, workshop: Workshop, program: Program, count: int) -> None:
        for process in [workshop.spawn(program) for _ in range(count)]:
            process.close()
        # A sanitizer keeps its large mappings below.
        self.spans = [(low, high) for low, high in host_mappings() if low > MMAP_AREA and high - low > WINDOW_SIZE]

    def mappings(self) -> int:
        """How many of the host's mappings they consist of now."""
        return sum(
            any(low < slots_high and high > slots_low for slots_low, slots_high in self.spans)
            for low, high in host_mappings()
        )


def test_many_processes_run_at_once(workshop: Workshop) -> None:
    program = workshop.program(READ_AND_EXIT)
    readable, writable = pipe(workshop)
    crowd = [workshop.spawn(program, streams=(readable, -1, -1)) for _ in range(CROWD)]
    for process in crowd:
        process.start()
    for process in crowd:
        while process.statistics().syscalls == 0:
            os.sched_yield()
    os.write(writable, b"\x2a" * CROWD)
    for process in crowd:
        assert process.wait(60 * SECOND)
        assert (process.stop().reason, process.stop().value) == (StopReason.EXITED, 42)


@pytest.mark.beside("a cell's memory is a file, with mappings of its own")
def test_an_idle_process_takes_at_most_six_mappings(workshop: Workshop) -> None:
    # Without guard markers, the page above the native stack and the window's first 64 KiB are mappings of their own.
    most = 6 if HAS_GUARD_MARKERS else 9
    program = workshop.program(READ_AND_EXIT)
    slots = Slots(workshop, program, CROWD)
    free = slots.mappings()
    readable, writable = pipe(workshop)
    crowd = [workshop.spawn(program, streams=(readable, -1, -1)) for _ in range(CROWD)]
    assert CROWD < slots.mappings() - free <= most * CROWD
    for process in crowd:
        process.start()
    for process in crowd:
        while process.statistics().syscalls == 0:
            os.sched_yield()
    assert slots.mappings() - free <= most * CROWD
    os.write(writable, b"\0" * CROWD)
    for process in crowd:
        assert process.wait(60 * SECOND)
        process.close()
    assert slots.mappings() <= free


@pytest.mark.beside("a cell's memory is a file, with mappings of its own")
def test_growing_takes_mappings_for_the_heap_only(workshop: Workshop) -> None:
    # Twenty frames of native stack and the data stack grow next to what is there already; the heap and what lies
    # below it are new.
    program = workshop.program(
        function(
            "main",
            "subq $40000, %rsp\nmovq %rax, (%rsp)\ndecl %gs:DATA(,%eiz)\ncmpl $-20, %gs:DATA(,%eiz)\njle deep\n"
            "call main\njmp back\ndeep:\nmovl $12, %edi\nmovl $0x700000, %esi\ncall SYSCALL\n"
            "movl %eax, %gs:0x210000(,%eiz)\nmovl %eax, %gs:0x600000(,%eiz)\nspin:\njmp spin\nback:\n"
            "addq $40000, %rsp\nretq",
        )
    )
    slots = Slots(workshop, program, 1)
    process = workshop.spawn(program)
    created = slots.mappings()
    process.start()
    while process.statistics().faults < 13 or process.statistics().syscalls == 0:
        assert process.state() == "running"
    assert slots.mappings() <= created + 2


def test_address_space_is_reused(workshop: Workshop) -> None:
    def reserved() -> int:
        return int(Path("/proc/self/statm").read_text().split()[0])

    program = workshop.program(READ_AND_EXIT)
    for process in [workshop.spawn(program) for _ in range(20)]:
        process.close()
    before = reserved()
    for _ in range(10):
        for process in [workshop.spawn(program) for _ in range(20)]:
            process.close()
    assert reserved() - before < (1 << 30) // 4096


def test_slots_take_no_huge_pages_and_are_neither_forked_nor_dumped(workshop: Workshop) -> None:
    slots = Slots(workshop, workshop.program(READ_AND_EXIT), 1)
    workshop.run(READ_AND_EXIT)
    entries = re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", Path("/proc/self/smaps").read_text(), flags=re.MULTILINE)[1:]
    checked = 0
    for entry in entries:
        low = int(entry.split("-")[0], 16)
        if any(slots_low <= low < slots_high for slots_low, slots_high in slots.spans):
            (flags,) = re.findall(r"^VmFlags: (.*)$", entry, flags=re.MULTILINE)
            assert {"dc", "dd", "nh"} <= set(flags.split()), entry
            checked += 1
    assert checked >= 5


@pytest.mark.beside("a cell's memory is a file, with mappings of its own")
def test_no_slot_is_executable_or_shared(workshop: Workshop) -> None:
    before = set(Path("/proc/self/maps").read_text().splitlines())
    workshop.spawn(READ_AND_EXIT)
    added = set(Path("/proc/self/maps").read_text().splitlines()) - before
    assert added
    for line in added:
        span, access, *_ = line.split()
        start = int(span.split("-")[0], 16)
        if start >= 2**32:
            assert access in {"---p", "r--p", "rw-p"}
        else:
            assert access in {"---p", "r--p", "r-xp"}
