"""Creating a process: what is refused, and what the program finds at its start."""

from __future__ import annotations

import os
import struct
from typing import Any

import pytest

from core.snippets import DATA, DATA_SIZE, DATA_STACK, EXIT_SNIPPET, RODATA, VARIABLES, Workshop, function, read_words
from motte import core
from motte.abi.faults import StopReason
from motte.abi.layout import HEAP_END, IMAGE_BASE, PAGE_SIZE
from motte.errors import Closed, LimitReached

LOW, SIZE = DATA_STACK
KEEP_ARGUMENT = function("main", "movq %rdi, %gs:DATA(,%eiz)\nxorl %eax, %eax\nretq")

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "entry inside a function": ({"entry": 2}, "the entry is not one of the functions"),
    "entry outside": ({"entry": 1 << 40}, "the entry is not one of the functions"),
    "data stack unaligned": ({"data_stack": (LOW + 8, SIZE)}, "the data stack's low end"),
    "data stack too low": ({"data_stack": (IMAGE_BASE - PAGE_SIZE, SIZE)}, "the data stack's low end"),
    "data stack too high": ({"data_stack": (HEAP_END, SIZE)}, "the data stack's low end"),
    "data stack outside": ({"data_stack": (1 << 33, SIZE)}, "the data stack's low end"),
    "data stack in constants": (
        {"data_stack": (RODATA + 32, DATA - RODATA - 32 + SIZE)},
        "reaches into the data stack",
    ),
    "data stack behind constants": (
        {"segments": [(RODATA, b"", 8, False)], "data_stack": (RODATA + 32, DATA - RODATA - 32 + SIZE)},
        "the data stack begins in a page of constants",
    ),
    "data stack up to the heap": ({"data_stack": (LOW, HEAP_END - LOW)}, "the data stack's size"),
    "data stack too large": ({"data_stack": (LOW, HEAP_END)}, "the data stack's size"),
    "data stack too small": ({"data_stack": (LOW, PAGE_SIZE)}, "the data stack's size"),
    "data stack uneven": ({"data_stack": (LOW, SIZE + 16)}, "the data stack's size"),
    "native stack too small": ({"native_stack": PAGE_SIZE}, "the native stack's size"),
    "native stack too large": ({"native_stack": (64 << 20) + PAGE_SIZE}, "the native stack's size"),
    "native stack uneven": ({"native_stack": (1 << 20) + 1}, "the native stack's size"),
    "segment unaligned": ({"segments": [(RODATA + 8, b"", 8, True)]}, "not page-aligned"),
    "segment on the information page": ({"segments": [(0x1_0000, b"", 8, True)]}, "lie outside the image's part"),
    "segment in the null page": ({"segments": [(0, b"", 8, True)]}, "lie outside the image's part"),
    "segment beyond the window": ({"segments": [(1 << 32, b"", 8, True)]}, "lie outside the image's part"),
    "segments out of order": (
        {"segments": [(DATA, b"", 8, True), (RODATA, b"", 8, False)]},
        "out of order",
    ),
    "segments overlap": ({"segments": [(RODATA, b"", PAGE_SIZE + 1, False), (DATA, b"", 8, True)]}, "overlap"),
    "segment in the data stack": (
        {"segments": [(DATA, b"", LOW - DATA + 1, True)]},
        "reaches into the data stack",
    ),
    "segment of enormous size": ({"segments": [(DATA, b"", 2**64 - 1, True)]}, "reaches into the data stack"),
    "segment empty": ({"segments": [(DATA, b"", 0, True)]}, "a segment is empty"),
    "segment with more bytes than memory": ({"segments": [(DATA, b"abc", 2, True)]}, "more bytes than memory"),
    "variable in constants": ({"data_stack_variables": (RODATA, 0)}, "variable does not lie in a writable segment"),
    "variable unmapped": ({"data_stack_variables": (0, LOW - 8)}, "variable does not lie in a writable segment"),
    "variable beyond the window": ({"data_stack_variables": (1 << 32, 0)}, "variable does not lie in a writable"),
    "variable at the window's end": ({"data_stack_variables": (2**32 - 4, 0)}, "variable does not lie in a writable"),
    "NUL in an argument": ({"arguments": [b"a\0b"]}, "contains a NUL byte"),
    "NUL in the environment": ({"environment": [b"A=\0"]}, "contains a NUL byte"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_unacceptable_option_is_refused_by_name_and_leaves_no_trace(workshop: Workshop, name: str) -> None:
    options, message = REFUSED[name]
    bank = core.Bank(None)
    with pytest.raises(ValueError, match=message):
        workshop.spawn(EXIT_SNIPPET, bank=bank, **options)
    assert bank.used == 0


@pytest.mark.parametrize(
    "options",
    [
        {"segments": [(DATA, "text", 8, True)]},
        {"segments": [(DATA, b"")]},
        {"arguments": ["text"]},
        {"bank": None},
        {"streams": (1, 2)},
        {"directories": [("/", 3, True)]},
        {"cpu_ns": 1.5},
    ],
    ids=str,
)
def test_an_option_of_the_wrong_type_is_refused(workshop: Workshop, options: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        workshop.spawn(EXIT_SNIPPET, **options)


def test_code_that_was_not_published_or_was_closed_cannot_be_run(workshop: Workshop) -> None:
    program = workshop.program(EXIT_SNIPPET)
    unpublished = core.CodeRegion(PAGE_SIZE, PAGE_SIZE)
    workshop.closers.append(unpublished.close)
    unpublished.fill(b"\xc3" * PAGE_SIZE, bytes(PAGE_SIZE))
    published, program.region = program.region, unpublished
    with pytest.raises(ValueError, match="the code region was not published"):
        workshop.spawn(program)
    program.region = published
    published.close()
    with pytest.raises(Closed, match="the code region was closed"):
        workshop.spawn(program)


def test_a_descriptor_that_is_not_open_is_the_hosts_error(workshop: Workshop) -> None:
    bank = core.Bank(None)
    with pytest.raises(OSError, match="streams and directories") as caught:
        workshop.spawn(EXIT_SNIPPET, streams=(9999, -1, -1), bank=bank)
    assert caught.value.errno == 9  # EBADF
    assert bank.used == 0


def test_arguments_that_do_not_fit_are_a_limit(workshop: Workshop) -> None:
    with pytest.raises(LimitReached, match="more than half of the data stack"):
        workshop.spawn(EXIT_SNIPPET, arguments=[b"x" * (SIZE // 2)])
    process = workshop.run(KEEP_ARGUMENT, arguments=[b"x" * (SIZE // 2 - 4096)])
    assert process.stop().reason is StopReason.EXITED


def strings(process: core.Process, addresses: list[int]) -> list[bytes]:
    return [process.read_memory(address, min(64, LOW + SIZE - address)).split(b"\0")[0] for address in addresses]


def test_the_program_finds_arguments_environment_and_auxiliary_vector(workshop: Workshop) -> None:
    arguments, environment = [b"program", b"", b"two words"], [b"HOME=/", b"EMPTY="]
    process = workshop.run(KEEP_ARGUMENT, arguments=arguments, environment=environment)
    (block,) = read_words(process, DATA, 1)
    assert block % 16 == 0
    assert block == LOW
    words = read_words(process, block, 18)
    assert words[0] == len(arguments)
    assert strings(process, words[1:4]) == arguments
    assert words[4] == 0
    assert strings(process, words[5:7]) == environment
    assert words[7] == 0
    pairs = dict(zip(words[8:18:2], words[9:18:2], strict=True))
    at_null, at_page_size, at_clock_tick, at_secure, at_random = 0, 6, 17, 23, 25
    random = pairs.pop(at_random)
    assert pairs == {at_null: 0, at_page_size: 4096, at_clock_tick: os.sysconf("SC_CLK_TCK"), at_secure: 0}
    assert any(process.read_memory(random, 16))


def test_the_data_stack_begins_behind_the_block(workshop: Workshop) -> None:
    process = workshop.run(KEEP_ARGUMENT)
    (block,) = read_words(process, DATA, 1)
    size = -(-(8 * 14 + 16 + len(b"program\0")) // 16) * 16
    assert read_words(process, VARIABLES, 2) == [block + size, LOW + SIZE]


def test_absent_variables_are_left_alone(workshop: Workshop) -> None:
    process = workshop.run(EXIT_SNIPPET, data_stack_variables=(0, 0))
    assert read_words(process, VARIABLES, 2) == [0, 0]


def test_segments_are_loaded_and_the_rest_is_zero(workshop: Workshop) -> None:
    constants = bytes(range(256)) * 20
    process = workshop.spawn(
        EXIT_SNIPPET,
        segments=[(0x1_1000, constants, 5200, False), (0x1_4000, b"data", DATA_SIZE + 5, True)],
        data_stack_variables=(0, 0),
    )
    assert process.read_memory(0x1_1000, 2 * PAGE_SIZE) == constants.ljust(2 * PAGE_SIZE, b"\0")
    assert process.read_memory(0x1_4000, DATA_SIZE + PAGE_SIZE) == b"data".ljust(DATA_SIZE + PAGE_SIZE, b"\0")
    with pytest.raises(ValueError, match="not all of the 1 bytes at 0x13000 are accessible"):
        process.read_memory(0x1_3000, 1)


def test_the_information_page_says_where_things_are(workshop: Workshop) -> None:
    process = workshop.spawn(EXIT_SNIPPET)
    assert struct.unpack("<5Q", process.read_memory(0x1_0000, 40)) == (1, PAGE_SIZE, LOW, LOW + SIZE, HEAP_END)


def test_memory_is_read_from_anywhere_in_the_window_or_not_at_all(workshop: Workshop) -> None:
    process = workshop.spawn(EXIT_SNIPPET)
    assert process.read_memory(RODATA, 8) == b"constant"
    assert process.read_memory(0, 0) == b""
    for address, size in ((2**32, 1), (2**32 - 1, 2), (2**64 - 1, 1), (0, 2**33)):
        with pytest.raises(ValueError, match="outside the window"):
            process.read_memory(address, size)
    for address in (0, 0xFFFF, LOW + SIZE - 1, 0x8000_0000, 2**32 - 1):
        with pytest.raises(ValueError, match="accessible"):
            process.read_memory(address, 1)


@pytest.mark.parametrize("status", [0, 1, 255, -1, -(2**31)])
def test_an_entry_that_returns_exits_with_its_result(workshop: Workshop, status: int) -> None:
    stop = workshop.run(function("main", f"movl ${status}, %eax\nretq")).stop()
    assert (stop.reason, stop.value) == (StopReason.EXITED, status)
