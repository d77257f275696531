"""A process finds nothing of the one that had its slot before."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from core.snippets import DATA, DATA_SIZE, DATA_STACK, Workshop, function, read_words
from motte import core
from motte.abi.faults import FaultKind, StopReason
from motte.abi.layout import DATA_STACK_GAP, MAP_BASE, MAP_END, WINDOW_SIZE

LOW, SIZE = DATA_STACK
BREAK = LOW + SIZE + DATA_STACK_GAP
HEAP = 1 << 20
SECRET = 0x5EC2E75EC2E75EC2

FRAME = 65520
ACTIVATIONS = 16
NATIVE_STACK = 1 << 20  # all but 120 bytes of it is in these frames
MEGABYTE = 1 << 20
PIECES = [(MAP_BASE, 1 << 16), (0xA000_0000 - 4096, 2 * 4096), (MAP_END - MEGABYTE, MEGABYTE)]
"""Mapped by the guests, as (address, size): first and last pages of the area, and across page tables."""

WRITABLE = [(DATA, DATA_SIZE), (LOW, SIZE), (BREAK, HEAP), *PIECES]
"""All that a guest of this file can write to, but for its native stack."""


def map_everything() -> str:
    calls = "".join(
        f"movl $9, %edi\nmovl ${address}, %esi\nmovl ${size}, %edx\nmovl $3, %ecx\nmovl $0x32, %r8d\nmovl $-1, %r9d\n"
        f"call SYSCALL\nmovl ${address}, %ecx\ncmpq %rcx, %rax\njne refused\n"
        for address, size in PIECES
    )
    return f"movl $12, %edi\nmovl ${BREAK + HEAP}, %esi\ncall SYSCALL\n" + calls


def store_everywhere(low: int, size: int) -> str:
    loop = f"at_{low:x}"
    return f"movl ${low}, %ebx\n{loop}:\nmovq %rax, %gs:(%ebx)\naddl $8, %ebx\ncmpl ${low + size}, %ebx\njb {loop}\n"


def on_native_stack(name: str, instruction: str) -> str:
    """A function that does this with every word of its frame, and calls itself ``ebx`` - 1 times."""
    return function(
        name,
        f"subq ${FRAME}, %rsp\n"
        + "".join(instruction.format(f"{at}(%rsp)") + "\n" for at in range(0, FRAME, 8))
        + f"decl %ebx\nje {name}_end\ncall {name}\n{name}_end:\naddq ${FRAME}, %rsp\nretq",
    )


FILL_STACK = on_native_stack("fill_stack", "movq %rax, {}")
OR_STACK = on_native_stack("or_stack", "orq {}, %rax")
RETURN = "popq %rbx\nxorl %eax, %eax\nretq"


def filler(ending: str) -> str:
    """Writes the secret to every byte of the window that it can name, and to its native stack."""
    main = (
        f"pushq %rbx\n{map_everything()}movabsq ${SECRET}, %rax\nmovl ${ACTIVATIONS}, %ebx\ncall fill_stack\n"
        + "".join(store_everywhere(low, size) for low, size in WRITABLE)
        + f"{ending}\nrefused:\nud2"
    )
    return function("main", main) + FILL_STACK


# Looks at native stack before it writes there, then maps what the filler mapped, and writes to nothing in it.
LOOK = (
    function(
        "main",
        f"pushq %rbx\nmovl ${ACTIVATIONS}, %ebx\nxorl %eax, %eax\ncall or_stack\nmovq %rax, %gs:DATA(,%eiz)\n"
        f"{map_everything()}orb %gs:{LOW + SIZE - 1}(,%eiz), %al\n{RETURN}\nrefused:\nud2",
    )
    + OR_STACK
)

ENDINGS = {"exit": RETURN, "fault": "ud2", "kill": "spin:\njmp spin"}


def initial_block(random: bytes) -> bytes:
    """What the core itself writes at the beginning of the data stack of a process with the one argument ``program``."""
    words_size, tail = 8 * (1 + 2 + 1 + 10), random + b"program\0"
    size = words_size + len(tail) + -(words_size + len(tail)) % 16
    random_at = LOW + words_size
    auxiliary = [(6, 4096), (25, random_at), (17, os.sysconf("SC_CLK_TCK")), (23, 0), (0, 0)]
    words = [1, random_at + len(random), 0, 0, *(word for pair in auxiliary for word in pair)]
    return (struct.pack(f"<{len(words)}Q", *words) + tail).ljust(size, b"\0")


def assert_untouched(process: core.Process) -> None:
    """Every byte of the window that the guest has not written is zero, or the core's own."""
    assert process.stop().reason is StopReason.EXITED, process.stop()
    for low, size in WRITABLE:
        contents = process.read_memory(low, size)
        if low == LOW:
            block_size = len(initial_block(bytes(16)))
            block, contents = contents[:block_size], contents[block_size:]
            assert block == initial_block(block[8 * 14 : 8 * 14 + 16])
        assert contents.count(0) == len(contents), hex(low)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_recycled_slot_carries_no_byte_of_its_predecessor(workshop: Workshop, ending: str) -> None:
    fill, look = workshop.program(filler(ENDINGS[ending])), workshop.program(LOOK)
    for _ in range(4):
        first = workshop.spawn(fill, data_stack_variables=(0, 0), native_stack=NATIVE_STACK)
        first.start()
        if ending == "kill":
            wait_for_secret(first)
        else:
            assert first.wait(10_000_000_000)
            assert first.stop().reason is (StopReason.FAULTED if ending == "fault" else StopReason.EXITED)
            assert first.stop().fault is (FaultKind.ILLEGAL_INSTRUCTION if ending == "fault" else None)
        for low, size in WRITABLE:
            assert first.read_memory(low, size) == struct.pack("<Q", SECRET) * (size // 8)
        first.close()
        second = workshop.run(look, data_stack_variables=(0, 0), native_stack=NATIVE_STACK)
        assert_untouched(second)
        second.close()


def wait_for_secret(process: core.Process) -> None:
    """Until the guest has written the last word of what it fills."""
    address, size = WRITABLE[-1]
    while True:
        try:
            if read_words(process, address + size - 8, 1) == [SECRET]:
                return
        except ValueError:  # not mapped yet
            assert process.state() in {"ready", "running"}


def test_the_look_at_the_native_stack_would_show_what_is_there(workshop: Workshop) -> None:
    """A process's own earlier frames are (the rule book's S5)."""
    main = (
        f"pushq %rbx\nmovabsq ${SECRET}, %rax\nmovl ${ACTIVATIONS}, %ebx\ncall fill_stack\n"
        f"movl ${ACTIVATIONS}, %ebx\nxorl %eax, %eax\ncall or_stack\nmovq %rax, %gs:DATA(,%eiz)\n{RETURN}"
    )
    process = workshop.run(function("main", main) + FILL_STACK + OR_STACK, native_stack=NATIVE_STACK)
    assert process.stop().reason is StopReason.EXITED
    assert read_words(process, DATA, 1) == [SECRET]


def test_mappings_of_the_predecessor_are_gone(workshop: Workshop) -> None:
    fill = workshop.program(filler(RETURN))
    for low, _ in WRITABLE[2:]:
        read = workshop.program(function("main", f"movl ${low}, %eax\nmovl %gs:(%eax), %eax\nud2"))
        first = workshop.run(fill, data_stack_variables=(0, 0), native_stack=NATIVE_STACK)
        assert first.stop().reason is StopReason.EXITED
        first.close()
        process = workshop.run(read)
        assert (process.stop().fault, process.stop().address) == (FaultKind.UNMAPPED, low)
        process.close()


MMAP_AREA = 0x7000_0000_0000
SLOT_SIZE = (65 << 20) + WINDOW_SIZE + (1 << 20)
SLOTS_AT_ONCE = 15
"""As the core reserves them, side by side: free ones are one mapping."""


def whole_slots() -> tuple[int, int]:
    """Bytes of this process's inaccessible mappings of at least one slot, and how many of them are resident."""
    mapping = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) ---p [^\n]*\n(?:(?![0-9a-f]+-)[^\n]*\n)*?Rss: +(\d+) kB", re.M)
    found = [
        (int(high, 16) - int(low, 16), 1024 * int(resident))
        for low, high, resident in mapping.findall(Path("/proc/self/smaps").read_text())
        if int(low, 16) > MMAP_AREA  # a sanitizer keeps its large mappings below
    ]
    whole = [(size, resident) for size, resident in found if size >= SLOT_SIZE]
    return sum(size for size, _ in whole), sum(resident for _, resident in whole)


def test_no_page_of_a_free_slot_exists() -> None:
    """Neither of windows and stacks, nor of the contexts between them, which no guest can name.

    In an OS process of its own: where there have been checked blocks, their address space is reserved beside the slots.
    """
    code = "from core.test_recycling import look_at_free_slots; look_at_free_slots()"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def look_at_free_slots() -> None:
    workshop = Workshop()
    fill = workshop.program(filler(RETURN))
    processes = [workshop.run(fill, data_stack_variables=(0, 0), native_stack=NATIVE_STACK) for _ in range(3)]
    assert whole_slots()[0] // SLOT_SIZE % SLOTS_AT_ONCE == SLOTS_AT_ONCE - len(processes)
    for process in processes:
        process.close()
    size, resident = whole_slots()
    assert size >= SLOTS_AT_ONCE * SLOT_SIZE
    assert size // SLOT_SIZE % SLOTS_AT_ONCE == 0
    assert resident == 0
    workshop.close()


def test_a_reused_code_region_holds_only_traps(workshop: Workshop) -> None:
    long_program = function("main", "movabsq $0x5ec2e75ec2e7, %rax\n" * 300 + "xorl %eax, %eax\nretq")
    short_program = function("main", "xorl %eax, %eax\nretq")
    first = workshop.program(long_program)
    base = first.region.base
    first.region.close()
    second = workshop.program(short_program)
    assert second.region.base == base
    with second.region.code_view() as code:
        assert bytes(code) == b"\x31\xc0\xc3\x0f\x0b".ljust(len(code), b"\xcc")


def test_random_bytes_differ_between_processes(workshop: Workshop) -> None:
    program = workshop.program(function("main", "movq %rdi, %gs:DATA(,%eiz)\nxorl %eax, %eax\nretq"))
    seen = set()
    for _ in range(8):
        process = workshop.run(program)
        block = read_words(process, DATA, 1)[0]
        words = read_words(process, block, 16)
        random_at = words[words.index(25) + 1]
        seen.add(process.read_memory(random_at, 16))
        process.close()
    assert len(seen) == 8
