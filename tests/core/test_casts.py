"""The kernel call behind checked casts: what it lets pass, what it notes in the guest, and when that is cleared."""

from __future__ import annotations

import pytest

from core.snippets import DATA, DATA_SIZE, DATA_STACK, RODATA, TABLE_SIZE, Workshop, function, read_words
from motte import core
from motte.abi.checked_casts import MappedRun, PointerUse
from motte.abi.faults import FaultKind, StopReason
from motte.abi.layout import INFORMATION_PAGE, MAP_END, NULL_GUARD_END, PAGE_SIZE, WINDOW_SIZE

RUNS = DATA + 0x800
ARGUMENTS = DATA + 0x400
SYSCALL_MMAP, SYSCALL_MUNMAP = 9, 11
READ_WRITE, PRIVATE_ANONYMOUS = 3, 0x22
LOW, SIZE = DATA_STACK
MAPPING = MAP_END - 4 * PAGE_SIZE
FIRST_FUNCTION, SECOND_FUNCTION = 16, 32
"""Offsets in the snippets' function table."""


def check(integer: int, use: PointerUse = PointerUse.CAST, runs: int = RUNS) -> str:
    return f"movabsq ${integer % (1 << 64)}, %rdi\nmovl ${use}, %esi\nmovl ${runs}, %edx\ncall CHECK_POINTER\n"


def call(number: int, *arguments: int) -> str:
    stores = [
        f"movabsq ${argument}, %rax\nmovq %rax, %gs:{ARGUMENTS + 8 * i}(,%eiz)\n"
        for i, argument in enumerate(arguments)
    ]
    return "".join([*stores, f"movl ${number}, %edi\nmovl ${ARGUMENTS}, %esi\ncall SYSCALL6\n"])


MAP = call(SYSCALL_MMAP, 0, 4 * PAGE_SIZE, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0)


def run(workshop: Workshop, body: str) -> core.Process:
    second = function("second", "xorl %eax, %eax\nretq")
    return workshop.run(function("main", f"pushq %rbx\n{body}xorl %eax, %eax\npopq %rbx\nretq") + second)


MEMORY = {
    "null": 0,
    "information": INFORMATION_PAGE,
    "constants": RODATA + 5,
    "data": DATA,
    "one past the image": DATA + DATA_SIZE,
    "stack's lowest byte": LOW,
    "stack, not grown": LOW + SIZE // 2 + 3,
    "stack's upper end": LOW + SIZE,
    "mapping": MAPPING,
    "one past the mapping": MAP_END,
}
FUNCTIONS = {"first function": FIRST_FUNCTION, "second function": SECOND_FUNCTION}
NOTHING = {
    "one": 1,
    "entry without a function": 48,
    "behind the table": TABLE_SIZE + FIRST_FUNCTION,
    "middle of an entry": FIRST_FUNCTION + 8,
    "below the image": NULL_GUARD_END - 1,
    "two past the image": DATA + DATA_SIZE + 1,
    "below the stack": LOW - 1,
    "two past the stack": LOW + SIZE + 1,
    "below the mapping": MAPPING - 1,
    "two past the mapping": MAP_END + 1,
    "the window's end": WINDOW_SIZE - 1,
    "past the window": WINDOW_SIZE,
    "data with upper bits": WINDOW_SIZE + DATA,
    "data in the kernel's half": 0xFFFF_FFFF_0000_0000 + DATA,
    "minus one": -1,
    "a function with upper bits": (1 << 63) + FIRST_FUNCTION,
}
ALL = MEMORY | FUNCTIONS | NOTHING


@pytest.mark.parametrize("use", PointerUse, ids=lambda use: use.name.lower())
@pytest.mark.parametrize("name", ALL)
def test_each_use_lets_pass_what_it_can_use(workshop: Workshop, name: str, use: PointerUse) -> None:
    stop = run(workshop, MAP + check(ALL[name], use)).stop()
    passes = (
        name == "null"
        or (name in MEMORY and use != PointerUse.CALL)
        or (name in FUNCTIONS and use != PointerUse.ACCESS)
    )
    if passes:
        assert (stop.reason, stop.value) == (StopReason.EXITED, 0)
    else:
        access = "execute" if use == PointerUse.CALL else None
        assert (stop.fault, stop.address, stop.access) == (FaultKind.BAD_CAST, ALL[name] % (1 << 64), access)
        assert stop.registers is None


def test_the_guest_is_told_the_whole_stretch(workshop: Workshop) -> None:
    process = run(workshop, MAP + check(RODATA) + check(LOW + SIZE - 1) + check(MAPPING + PAGE_SIZE))
    image = [INFORMATION_PAGE, DATA + DATA_SIZE - INFORMATION_PAGE]
    assert read_words(process, RUNS, 6) == [*image, LOW, SIZE, MAPPING, 4 * PAGE_SIZE]
    assert [run.value for run in (MappedRun.IMAGE, MappedRun.HEAP, MappedRun.MAPPING)] == [0, 1, 2]


def test_one_past_a_stretch_is_told_as_the_stretch_itself(workshop: Workshop) -> None:
    process = run(workshop, MAP + check(MAP_END))
    assert read_words(process, RUNS, 6) == [0, 0, 0, 0, MAPPING, 4 * PAGE_SIZE]


@pytest.mark.parametrize("integer", [MAPPING + PAGE_SIZE, MAPPING + 2 * PAGE_SIZE - 1])
def test_what_was_unmapped_is_forgotten_and_a_fault(workshop: Workshop, integer: int) -> None:
    unmap = call(SYSCALL_MUNMAP, MAPPING + PAGE_SIZE, PAGE_SIZE)
    forgotten = run(workshop, MAP + check(integer) + check(DATA) + unmap)
    assert forgotten.stop().reason is StopReason.EXITED
    assert read_words(forgotten, RUNS, 6) == [0] * 6
    again = run(workshop, MAP + check(integer) + unmap + check(integer))
    assert again.stop().fault is (FaultKind.BAD_CAST if integer > MAPPING + PAGE_SIZE else None)


@pytest.mark.parametrize("runs", [0, RODATA, 0x7000_0000, WINDOW_SIZE - 8, WINDOW_SIZE - 16], ids=hex)
def test_a_place_that_cannot_be_written_is_noted_nowhere(workshop: Workshop, runs: int) -> None:
    unmap = call(SYSCALL_MUNMAP, MAPPING, PAGE_SIZE)
    process = run(workshop, MAP + check(DATA, runs=runs) + check(MAPPING, runs=runs) + unmap)
    assert process.stop().reason is StopReason.EXITED
    assert process.read_memory(RODATA, 16) == b"constant".ljust(16, b"\0")
