"""Native stack and data stack: grown on demand, charged, limited, recycled clean."""

from __future__ import annotations

import struct

import pytest

from core.snippets import DATA, DATA_STACK, RODATA, VARIABLES, Workshop, function, read_words
from motte import core
from motte.abi.faults import FaultKind, StopReason
from motte.abi.layout import MAX_FRAME_HEIGHT, NATIVE_STACK_GUARD, PAGE_SIZE

LOW, SIZE = DATA_STACK
TOP = LOW + SIZE

# Calls itself until the counter in DATA is used up; each activation takes 4 KiB + 8 bytes.
RECURSION = function(
    "main",
    """
subq $4096, %rsp
movq %rax, (%rsp)
decq %gs:DATA(,%eiz)
js enough
call main
enough:
addq $4096, %rsp
xorl %eax, %eax
retq
""",
)


def with_counter(depth: int) -> list[tuple[int, bytes, int, bool]]:
    return [(RODATA, b"", PAGE_SIZE, False), (DATA, struct.pack("<q", depth), VARIABLES + 16 - DATA, True)]


def test_the_native_stack_grows_and_is_charged(workshop: Workshop) -> None:
    program = workshop.program(RECURSION)
    shallow = workshop.run(program, segments=with_counter(1))
    deep = workshop.run(program, segments=with_counter(200))
    assert (deep.stop().reason, deep.stop().value) == (StopReason.EXITED, 0)
    assert shallow.statistics().faults == 2  # two frames of a page: a page more, and then as much again
    grown = deep.statistics().pages - shallow.statistics().pages
    assert grown + 16 >= 201 * 4104 // PAGE_SIZE
    assert grown <= 201 * 4104 // PAGE_SIZE + 16


def test_the_native_stack_grows_over_the_largest_frame(workshop: Workshop) -> None:
    frame = MAX_FRAME_HEIGHT - 16
    body = f"subq ${frame}, %rsp\nmovq (%rsp), %rbx\nmovq %rdi, (%rsp)\nmovq {frame - 8}(%rsp), %rcx\n"
    source = function("main", "pushq %rbx\nsubq $4096, %rsp\ncall inner\naddq $4096, %rsp\npopq %rbx\nretq") + function(
        "inner", f"pushq %rbx\n{body}movq %rbx, %rax\norq %rcx, %rax\naddq ${frame}, %rsp\npopq %rbx\nretq"
    )
    process = workshop.run(source)
    assert (process.stop().reason, process.stop().value) == (StopReason.EXITED, 0)  # both ends of the frame were zero
    assert process.statistics().faults == 2  # the page above the frame, and the frame


@pytest.mark.parametrize("size", [1 << 16, (1 << 16) + 3 * PAGE_SIZE, 1 << 20, 1 << 24])
def test_endless_recursion_ends_at_the_native_stacks_limit(workshop: Workshop, size: int) -> None:
    process = workshop.run(RECURSION, segments=with_counter(1 << 40), native_stack=size)
    stop = process.stop()
    assert (stop.reason, stop.fault, stop.access, stop.value) == (
        StopReason.FAULTED,
        FaultKind.NATIVE_STACK_OVERFLOW,
        "write",
        0,
    )
    assert stop.address is not None
    top = -PAGE_SIZE  # the context, and what of the stack is in its page, come on top of the size
    assert top - size - MAX_FRAME_HEIGHT <= stop.address < top - size
    depth = (1 << 40) - struct.unpack("<q", process.read_memory(DATA, 8))[0]
    assert abs(depth - size // 4104) <= 1


def test_the_largest_frame_cannot_jump_over_the_guard(workshop: Workshop) -> None:
    frame = MAX_FRAME_HEIGHT - 8
    body = f"subq ${frame}, %rsp\ncall main\naddq ${frame}, %rsp\nretq"
    stop = workshop.run(function("main", body), native_stack=1 << 16).stop()
    assert stop.fault is FaultKind.NATIVE_STACK_OVERFLOW
    assert stop.address is not None
    assert stop.address >= -PAGE_SIZE - (1 << 16) - NATIVE_STACK_GUARD


def test_a_native_stack_that_the_bank_does_not_cover_says_so(workshop: Workshop) -> None:
    program = workshop.program(RECURSION)
    needed = workshop.run(program, segments=with_counter(1)).statistics().peak_pages
    bank = core.Bank(needed + 40)
    stop = workshop.run(program, segments=with_counter(1 << 40), native_stack=1 << 24, bank=bank).stop()
    assert (stop.fault, stop.value) == (FaultKind.NATIVE_STACK_OVERFLOW, 1)
    assert bank.peak <= needed + 40


def touch(address: int) -> str:
    return f"incl %gs:{address}(,%eiz)\n"


def test_the_data_stack_grows_down_to_its_low_end(workshop: Workshop) -> None:
    addresses = [*range(TOP - 8, LOW, -40_000), LOW]
    process = workshop.run(function("main", "".join(map(touch, addresses)) + "xorl %eax, %eax\nretq"))
    assert process.stop().reason is StopReason.EXITED
    assert process.statistics().faults >= (SIZE >> 16) - 2
    assert process.read_memory(LOW, 4) == struct.pack("<I", 1)


def test_the_data_stack_grows_to_any_place_at_once(workshop: Workshop) -> None:
    process = workshop.run(function("main", touch(LOW) + touch(LOW + SIZE // 2) + "xorl %eax, %eax\nretq"))
    assert process.stop().reason is StopReason.EXITED
    assert process.statistics().faults == 1


def test_the_data_stack_grows_under_a_kernel_call(workshop: Workshop) -> None:
    clock_gettime = 228
    source = function(
        "main",
        f"pushq %rbx\nmovl ${clock_gettime}, %edi\nmovl $1, %esi\nmovl ${LOW}, %edx\ncall SYSCALL\npopq %rbx\nretq",
    )
    process = workshop.run(source)
    assert (process.stop().reason, process.stop().value) == (StopReason.EXITED, 0)
    assert read_words(process, LOW, 2) != [0, 0]


def test_a_kernel_call_does_not_grow_the_data_stack_past_its_low_end(workshop: Workshop) -> None:
    clock_gettime = 228
    source = function(
        "main",
        f"pushq %rbx\nmovl ${clock_gettime}, %edi\nmovl $1, %esi\nmovl ${LOW - 8}, %edx\ncall SYSCALL\npopq %rbx\nretq",
    )
    assert workshop.run(source).stop().value == -14  # EFAULT


def test_a_data_stack_of_uneven_size_ends_where_it_should(workshop: Workshop) -> None:
    low = TOP - (1 << 16) * 3 - 5 * PAGE_SIZE
    program = workshop.program(function("main", touch(low) + "here:\n" + touch(low - 4) + "ud2"))
    stop = workshop.run(program, data_stack=(low, TOP - low)).stop()
    assert (stop.fault, stop.address) == (FaultKind.DATA_STACK_OVERFLOW, low - 4)
    assert stop.code_offset == program.labels["here"]


def test_a_data_stack_that_the_bank_does_not_cover_says_so(workshop: Workshop) -> None:
    program = workshop.program(function("main", touch(LOW) + "xorl %eax, %eax\nretq"))
    needed = workshop.spawn(program).statistics().peak_pages
    stop = workshop.run(program, bank=core.Bank(needed + 100)).stop()
    assert (stop.fault, stop.value, stop.address) == (FaultKind.DATA_STACK_OVERFLOW, 1, LOW)
