"""Slots of processes that have ended wait for the next process of their program, and are as new."""

from __future__ import annotations

import gc
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import motte
from core.snippets import DATA, DATA_STACK, SECOND, Program, Workshop, function
from core.test_image import EXIT, image_of, spawn
from core.test_recycling import (
    LOOK,
    NATIVE_STACK,
    RETURN,
    SECRET,
    WRITABLE,
    assert_untouched,
    filler,
)
from motte import core
from motte.abi.faults import StopReason
from motte.abi.layout import PAGE_SIZE

MEGABYTE = 1 << 20
SECRET_BYTES = SECRET.to_bytes(8, "little")
WAITING_LIMIT = 256

# One program that does what its number of arguments says: with two it writes the secret everywhere, with one it looks.
BOTH = (
    function("main", "cmpq $2, %gs:(%edi)\nje main_fill\njmp look\nmain_fill:\njmp fill")
    + filler(RETURN).replace("function main", "function fill").replace("end main", "end fill")
    + LOOK.replace("function main", "function look").replace("end main", "end look").replace("refused", "look_refused")
)


class Watched:
    """An image, and where it is mapped: in slots, and once in the host."""

    def __init__(self, program: Program, **options: Any) -> None:
        others = {inode for _, _, _, inode in image_mappings()}
        self.image = image_of(program, **options)
        (self.inode,) = {inode for _, _, _, inode in image_mappings()} - others

    def mappings(self) -> list[tuple[int, int, str]]:
        return [(low, high, access) for low, high, access, inode in image_mappings() if inode == self.inode]

    def slots(self) -> int:
        return sum(access == "r--p" for _, _, access in self.mappings()) - 1


def image_mappings() -> list[tuple[int, int, str, str]]:
    """(low, high, access, inode) of everything that is mapped from an image."""
    found = []
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, access, _, _, inode, *path = line.split(maxsplit=5)
        low, high = (int(text, 16) for text in span.split("-"))
        if path and "motte-image" in path[0]:
            found.append((low, high, access, inode))
    return found


@pytest.fixture(autouse=True)
def no_other_slots_wait() -> None:
    """Slots that wait for processes of other tests' programs count against the limit, though their machines live on."""
    gc.collect()
    for other in gc.get_objects():
        if type(other) is motte.Machine:
            with suppress(motte.Closed):
                other.trim()


def finished(workshop: Workshop, image: core.Image, arguments: int) -> core.Process:
    process = spawn(workshop, image, arguments=[b"program"] * arguments, native_stack=NATIVE_STACK)
    process.start()
    assert process.wait(10 * SECOND)
    assert process.stop().reason is StopReason.EXITED, process.stop()
    return process


@pytest.mark.parametrize("data_pages", [16, 64])
def test_a_waiting_slot_carries_no_byte_of_its_predecessor(workshop: Workshop, data_pages: int) -> None:
    """Few pages are compared and cleared, many are dropped."""
    program = workshop.program(BOTH)
    watched = Watched(program, segments=[(DATA, b"", data_pages * PAGE_SIZE, True)], data_stack_variables=(0, 0))
    for _ in range(3):
        first = finished(workshop, watched.image, 2)
        for low, size in WRITABLE:
            assert first.read_memory(low, size) == SECRET_BYTES * (size // 8)
        first.close()
        assert watched.slots() == 1
        second = finished(workshop, watched.image, 1)
        assert watched.slots() == 1
        assert_untouched(second)
        second.close()


def test_a_waiting_slot_holds_nothing_but_its_image(workshop: Workshop) -> None:
    """Stacks and context too, which no guest could look at before it writes there."""
    program = workshop.program(BOTH)
    contents = bytes(range(256)) * 16
    watched = Watched(program, segments=[(DATA, contents, 16 * PAGE_SIZE, True)], data_stack_variables=(0, 0))
    finished(workshop, watched.image, 2).close()
    (window,) = [low - 0x1_0000 for low, high, access in watched.mappings() if access == "rw-p"]
    window -= DATA - 0x1_0000
    with Path("/proc/self/mem").open("rb") as memory:
        memory.seek(window - PAGE_SIZE)
        assert memory.read(PAGE_SIZE) == bytes(PAGE_SIZE), "context and native stack"
        memory.seek(window + DATA)
        assert memory.read(16 * PAGE_SIZE) == contents.ljust(16 * PAGE_SIZE, b"\0")
        memory.seek(window + DATA_STACK[0])
        assert memory.read(PAGE_SIZE) == bytes(PAGE_SIZE)
    accessible = [line for line in slot_lines(window) if "---p" not in line]
    assert len(accessible) == 4, "front, information page, data, first page of the data stack"


def slot_lines(window: int) -> list[str]:
    lines = []
    for line in Path("/proc/self/maps").read_text().splitlines():
        low, high = (int(text, 16) for text in line.split()[0].split("-"))
        if low < window + (1 << 32) and high > window - 64 * MEGABYTE:
            lines.append(line)
    return lines


def test_random_bytes_are_the_next_process_own(workshop: Workshop) -> None:
    watched = Watched(workshop.program(function("main", "movl %edi, %gs:DATA(,%eiz)\nxorl %eax, %eax\nretq")))
    seen = set()
    for _ in range(20):
        process = finished(workshop, watched.image, 1)
        block = int.from_bytes(process.read_memory(DATA, 4), "little")
        auxiliary = process.read_memory(block + 4 * 8, 10 * 8)
        random_at = int.from_bytes(auxiliary[24:32], "little")
        seen.add(process.read_memory(random_at, 16))
        process.close()
    assert len(seen) == 20


def test_waiting_slots_are_limited_and_can_be_freed(workshop: Workshop) -> None:
    watched = Watched(workshop.program(EXIT))
    crowd = [spawn(workshop, watched.image) for _ in range(WAITING_LIMIT + 20)]
    assert watched.slots() == len(crowd)
    for process in crowd:
        process.close()
    assert watched.slots() == WAITING_LIMIT
    watched.image.trim()
    assert watched.slots() == 0
    spawn(workshop, watched.image).close()
    assert watched.slots() == 1
    watched.image.close()
    assert watched.mappings() == []


def test_a_slot_whose_guest_mapped_sparsely_gives_its_page_tables_back(workshop: Workshop) -> None:
    calls = "".join(
        f"movl $9, %edi\nmovl ${address}, %esi\nmovl $4096, %edx\nmovl $3, %ecx\nmovl $0x32, %r8d\nmovl $-1, %r9d\n"
        f"call SYSCALL\nmovl %eax, %gs:{address}(,%eiz)\n"
        for address in range(0x8000_0000, 0xC000_0000, 1 << 24)
    )
    watched = Watched(workshop.program(function("main", f"pushq %rax\n{calls}popq %rax\nxorl %eax, %eax\nretq")))
    finished(workshop, watched.image, 1).close()
    before = page_table_bytes()
    for _ in range(20):
        finished(workshop, watched.image, 1).close()
    assert watched.slots() == 1
    assert page_table_bytes() - before < 64 * 1024


def page_table_bytes() -> int:
    (kilobytes,) = re.findall(r"^VmPTE:\s+(\d+) kB", Path("/proc/self/status").read_text(), flags=re.MULTILINE)
    return 1024 * int(kilobytes)


def test_a_large_block_of_arguments_is_gone_with_its_process(workshop: Workshop) -> None:
    watched = Watched(workshop.program(EXIT))
    large = spawn(workshop, watched.image, arguments=[SECRET_BYTES * 8000])
    small = spawn(workshop, watched.image)
    pages = small.statistics().pages
    assert large.statistics().pages == pages + 15
    large.close()
    again = spawn(workshop, watched.image)
    assert again.statistics().pages == pages
    with pytest.raises(ValueError, match="accessible"):
        again.read_memory(DATA_STACK[0] + PAGE_SIZE, 1)


def test_a_failed_start_leaves_the_slot_as_new(workshop: Workshop) -> None:
    watched = Watched(workshop.program(EXIT))
    with pytest.raises(OSError, match="streams"):
        spawn(workshop, watched.image, arguments=[SECRET_BYTES * 100], streams=(9999, -1, -1))
    process = finished(workshop, watched.image, 1)
    assert SECRET_BYTES not in process.read_memory(DATA_STACK[0], PAGE_SIZE)


@pytest.mark.parametrize("zeroes", [0, 20 * PAGE_SIZE], ids=["compared", "dropped"])
@pytest.mark.parametrize("initialised", [0, 4400, 40_000], ids=["zeroes", "copied", "mapped"])
@pytest.mark.parametrize("grown", [0, 1, 40])
def test_a_data_stack_in_the_datas_last_page_is_as_new(
    workshop: Workshop, grown: int, initialised: int, zeroes: int
) -> None:
    """Whether it stayed there or grew out of it, and however the data came to be there."""
    contents = bytes(range(1, 251)) * (initialised // 250) + bytes(range(initialised % 250))
    size = max(PAGE_SIZE, len(contents)) + zeroes
    size += -size % PAGE_SIZE + 0x234
    low = DATA + size + 12
    last_page = low - low % PAGE_SIZE
    pages = [last_page + (1 + number) * PAGE_SIZE for number in range(grown)]
    stores = "".join(f"movq %rax, %gs:{at}(,%eiz)\n" for at in [DATA, low + 0x800, *pages])
    end = "xorl %eax, %eax\nretq"
    source = function("main", f"cmpq $2, %gs:(%edi)\njne look\nmovabsq ${SECRET}, %rax\n{stores}look:\n{end}")
    watched = Watched(
        workshop.program(source),
        segments=[(DATA, contents, size, True)],
        data_stack=(low, sum(DATA_STACK) - low),
        data_stack_variables=(0, 0),
    )
    first = finished(workshop, watched.image, 2)
    assert first.read_memory(low + 0x800, 8) == SECRET_BYTES
    used = first.statistics().pages
    first.close()
    assert watched.slots() == 1
    second = finished(workshop, watched.image, 1)
    assert watched.slots() == 1
    assert second.read_memory(DATA, low - DATA) == contents.ljust(low - DATA, b"\0")
    assert second.read_memory(low + 0x800, 8) == bytes(8)
    assert used - second.statistics().pages >= grown
    with pytest.raises(ValueError, match="accessible"):
        second.read_memory(last_page + PAGE_SIZE, 1)
