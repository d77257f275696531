"""Many processes at once, and what each of them costs the host."""

from __future__ import annotations

import os
from pathlib import Path

from core.snippets import DATA, SECOND, Workshop, function, pipe
from motte import core
from motte.abi.faults import StopReason

CROWD = 200
HAS_GUARD_MARKERS = core.host_features()["guard_markers"]

# Reads one byte, and exits with it.
READ_AND_EXIT = function(
    "main",
    f"pushq %rax\nxorl %edi, %edi\nxorl %esi, %esi\nmovl ${DATA}, %edx\nmovl $1, %ecx\ncall SYSCALL\n"
    f"movzbl %gs:{DATA}(,%eiz), %eax\npopq %rcx\nretq",
)


def mappings() -> int:
    """Host mappings that slots consist of: the rest of each window, and what touches it from below."""
    spans = [
        tuple(int(end, 16) for end in line.split()[0].split("-"))
        for line in Path("/proc/self/maps").read_text().splitlines()
    ]
    rest_of_window, front = 4000 << 20, 80 << 20
    count = 0
    for index, (low, high) in enumerate(spans):
        if high - low < rest_of_window:
            continue
        count += 1
        below, start = index - 1, low
        while spans[below][1] == start and low - start < front and start - spans[below][0] < rest_of_window:
            start = spans[below][0]
            count += 1
            below -= 1
    return count


def test_two_hundred_processes_run_at_once(workshop: Workshop) -> None:
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


def test_an_idle_process_takes_at_most_six_mappings(workshop: Workshop) -> None:
    # Without guard markers, the page above the native stack and the window's first 64 KiB are mappings of their own.
    most = 6 if HAS_GUARD_MARKERS else 9
    program = workshop.program(READ_AND_EXIT)
    before = mappings()
    crowd = [workshop.spawn(program) for _ in range(CROWD)]
    assert (mappings() - before) / CROWD < most + 0.5  # a thread's stack may happen to touch a slot
    readable, writable = pipe(workshop)
    for process in crowd:
        process.close()
    crowd = [workshop.spawn(program, streams=(readable, -1, -1)) for _ in range(CROWD)]
    for process in crowd:
        process.start()
    for process in crowd:
        while process.statistics().syscalls == 0:
            os.sched_yield()
    assert (mappings() - before) / CROWD < most + 0.5
    os.write(writable, b"\0" * CROWD)
    for process in crowd:
        assert process.wait(60 * SECOND)


def test_growing_takes_no_further_mappings(workshop: Workshop) -> None:
    # 40 KiB of native stack a step, the heap, and the data stack: all next to what is there already.
    program = workshop.program(
        function(
            "main",
            "subq $40000, %rsp\nmovq %rax, (%rsp)\ndecl %gs:DATA(,%eiz)\ncmpl $-20, %gs:DATA(,%eiz)\njle deep\n"
            "call main\njmp back\ndeep:\nmovl $12, %edi\nmovl $0x700000, %esi\ncall SYSCALL\n"
            "movl %eax, %gs:0x210000(,%eiz)\nmovl %eax, %gs:0x600000(,%eiz)\nspin:\njmp spin\nback:\n"
            "addq $40000, %rsp\nretq",
        )
    )
    idle = workshop.spawn(program)
    before = mappings()
    process = workshop.spawn(program)
    created = mappings() - before
    process.start()
    while process.statistics().faults < 5 or process.statistics().syscalls == 0:
        os.sched_yield()
    assert mappings() - before <= created
    assert idle.state() == "created"


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
