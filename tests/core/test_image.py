"""What processes of one program share, what each has of its own, and who pays."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from core.snippets import DATA, DATA_SIZE, DATA_STACK, RODATA, SECOND, VARIABLES, Program, Workshop, function
from motte import core
from motte.abi.faults import FaultKind, StopReason
from motte.abi.layout import IMAGE_BASE, INFORMATION_PAGE, PAGE_SIZE
from motte.errors import Closed, LimitReached
from motte.time_and_chance import time_and_chance

MEGABYTE = 1 << 20
EXIT = function("main", "xorl %eax, %eax\nretq")

# Adds one to a global and exits with what it then is.
COUNT = function("main", "movl %gs:DATA(,%eiz), %eax\nincl %eax\nmovl %eax, %gs:DATA(,%eiz)\nretq")


def image_of(program: Program, **options: Any) -> core.Image:
    chosen: dict[str, Any] = {
        "entry": program.entry,
        "segments": [(RODATA, b"constant", PAGE_SIZE, False), (DATA, b"\5", DATA_SIZE, True)],
        "data_stack": DATA_STACK,
        "data_stack_variables": (VARIABLES, VARIABLES + 8),
        "bank": None,
    }
    return core.Image(program.region, **(chosen | options))


def spawn(workshop: Workshop, image: core.Image, **options: Any) -> core.Process:
    chosen: dict[str, Any] = {
        "arguments": [b"program"],
        "environment": [],
        "bank": core.Bank(None),
        "meter": workshop.scheduler.root,
        "native_stack": 1 << 20,
        "cpu_ns": 10 * SECOND,
        "wall_ns": 60 * SECOND,
        "output_limit": None,
        "open_files": 16,
        "streams": (-1, -1, -1),
        "directories": [],
        "sources": time_and_chance("real", "real"),
    }
    process = core.spawn_from(image, **(chosen | options))
    workshop.closers.append(process.close)
    return process


def run(workshop: Workshop, image: core.Image, **options: Any) -> core.Process:
    process = spawn(workshop, image, **options)
    process.start()
    assert process.wait(60 * SECOND)
    return process


def test_processes_write_to_copies_of_their_own(workshop: Workshop) -> None:
    image = image_of(workshop.program(COUNT))
    first, second = spawn(workshop, image), spawn(workshop, image)
    for process in (first, second):
        process.start()
        assert process.wait(SECOND)
        assert (process.stop().reason, process.stop().value) == (StopReason.EXITED, 6)
    first.close()
    assert second.read_memory(DATA, 1) == b"\6"
    assert run(workshop, image).stop().value == 6


def test_constants_and_what_the_core_says_cannot_be_written_to(workshop: Workshop) -> None:
    for address in (RODATA, INFORMATION_PAGE):
        image = image_of(workshop.program(function("main", f"movl $1, %gs:{address}(,%eiz)\nretq")))
        for _ in range(2):
            process = run(workshop, image)
            assert process.stop().fault is FaultKind.READ_ONLY
            process.close()
        assert spawn(workshop, image).read_memory(RODATA, 8) == b"constant"


def test_pages_that_nobody_writes_to_exist_once(workshop: Workshop) -> None:
    """Sixteen processes read 4 MiB each, of which they share all."""
    words = 4 * MEGABYTE
    at = IMAGE_BASE + PAGE_SIZE
    read = function(
        "main",
        f"movl ${at}, %eax\nnext:\nmovl %gs:(%eax), %ecx\naddl $4096, %eax\ncmpl ${at + words}, %eax\njb next\nretq",
    )
    stack = (at + words + 2 * MEGABYTE, MEGABYTE)
    for writable in (False, True):
        segments = [(at, bytes(range(256)) * (words // 256), words, writable)]
        image = image_of(workshop.program(read), segments=segments, data_stack=stack, data_stack_variables=(0, 0))
        before = anonymous_bytes()
        processes = [run(workshop, image) for _ in range(16)]
        assert all(process.stop().reason is StopReason.EXITED for process in processes)
        assert anonymous_bytes() - before < 16 * 64 * 1024
        for process in processes:
            process.close()


def anonymous_bytes() -> int:
    """Bytes of memory that only this OS process has."""
    (kilobytes,) = re.findall(r"^RssAnon:\s+(\d+) kB", Path("/proc/self/status").read_text(), flags=re.MULTILINE)
    return 1024 * int(kilobytes)


@pytest.mark.beside("a cell's writable data is copied at the start")
def test_an_image_of_any_size_starts_in_the_same_time(workshop: Workshop) -> None:
    program = workshop.program(EXIT)
    size = 64 * MEGABYTE
    stack = (IMAGE_BASE + size + 2 * MEGABYTE, MEGABYTE)
    small = image_of(program, data_stack=stack)
    large = image_of(program, segments=[(DATA, os.urandom(MEGABYTE) * 64, size, True)], data_stack=stack)

    def fastest(image: core.Image) -> float:
        times = []
        for _ in range(20):
            began = time.perf_counter()
            process = spawn(workshop, image)
            times.append(time.perf_counter() - began)
            process.close()
            image.trim()
        return min(times)

    assert fastest(large) < fastest(small) + 0.002, "copying 64 MiB would take 10 ms and more"


def test_zeroes_that_are_too_many_for_the_file_are_zeroes(workshop: Workshop) -> None:
    size = 8 * MEGABYTE
    stack = (IMAGE_BASE + size + 2 * MEGABYTE, MEGABYTE)
    touch = function("main", f"incl %gs:{DATA + size - 4}(,%eiz)\nmovl %gs:{DATA + size - 4}(,%eiz), %eax\nretq")
    image = image_of(
        workshop.program(touch), segments=[(DATA, b"\5", size, True)], data_stack=stack, data_stack_variables=(0, 0)
    )
    for _ in range(3):
        process = run(workshop, image)
        assert process.stop().value == 1
        assert process.read_memory(DATA, 2) == b"\5\0"
        process.close()


def test_the_images_bank_pays_once_and_each_process_for_what_it_may_write_to(workshop: Workshop) -> None:
    program = workshop.program(EXIT)
    stack = (16 * MEGABYTE, MEGABYTE)

    def costs(constants: int, data: int) -> tuple[int, int]:
        bank = core.Bank(None)
        segments = [
            (RODATA, b"c" * constants * PAGE_SIZE, constants * PAGE_SIZE, False),
            (RODATA + constants * PAGE_SIZE, b"d" * data * PAGE_SIZE, data * PAGE_SIZE, True),
        ]
        image = image_of(program, segments=segments, data_stack=stack, data_stack_variables=(0, 0), bank=bank)
        shared = bank.used
        own = spawn(workshop, image).statistics().pages
        assert bank.used == shared
        return shared, own

    shared, own = costs(1, 1)
    assert costs(101, 1) == (shared + 100, own)
    assert costs(1, 101) == (shared + 100, own + 100)


def test_an_image_that_its_bank_does_not_cover_is_refused_without_a_trace(workshop: Workshop) -> None:
    program = workshop.program(EXIT)
    bank = core.Bank(None)
    image = image_of(program, bank=bank)
    needed = bank.used
    image.close()
    assert bank.used == 0
    before = len(descriptors())
    small = core.Bank(needed - 1)
    with pytest.raises(LimitReached, match="image and code"):
        image_of(program, bank=small)
    assert small.used == 0
    assert len(descriptors()) == before
    image_of(program, bank=core.Bank(needed))


def test_processes_keep_an_image_that_was_closed(workshop: Workshop) -> None:
    bank = core.Bank(None)
    image = image_of(workshop.program(COUNT), bank=bank)
    process = spawn(workshop, image)
    image.close()
    image.close()
    with pytest.raises(Closed, match="the image was closed"):
        spawn(workshop, image)
    process.start()
    assert process.wait(SECOND)
    assert process.stop().value == 6
    assert bank.used > 0
    process.close()
    assert bank.used == 0


def test_the_file_of_an_image_cannot_be_changed(workshop: Workshop) -> None:
    before = image_files()
    image = image_of(workshop.program(EXIT))
    (descriptor,) = image_files() - before
    for change in (
        lambda: os.pwrite(descriptor, b"x", 0),
        lambda: os.ftruncate(descriptor, 0),
        lambda: os.ftruncate(descriptor, 1 << 30),
    ):
        with pytest.raises(PermissionError):
            change()
    image.close()


def descriptors() -> list[Path]:
    return list(Path("/proc/self/fd").iterdir())


def image_files() -> set[int]:
    found = set()
    for entry in descriptors():
        with suppress(FileNotFoundError):  # the descriptor that lists the directory
            if "motte-image" in str(entry.readlink()):
                found.add(int(entry.name))
    return found
