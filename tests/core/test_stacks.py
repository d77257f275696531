"""Native stack and data stack: grown on demand, charged, limited, recycled clean."""

from __future__ import annotations

import struct

import pytest

from core.snippets import DATA, DATA_STACK, RODATA, VARIABLES, Workshop, function, read_words
from motte import core
from motte.abi.faults import FaultKind, StopReason
from motte.abi.layout import MAX_FRAME_HEIGHT, NATIVE_STACK_GUARD, PAGE_SIZE

pytestmark = pytest.mark.usefixtures("reaching")

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


def test_the_data_stack_grows_up_to_its_high_end(workshop: Workshop) -> None:
    addresses = [*range(LOW + 512, TOP - 4, 40_000), TOP - 4]
    process = workshop.run(function("main", "".join(map(touch, addresses)) + "xorl %eax, %eax\nretq"))
    assert process.stop().reason is StopReason.EXITED
    assert process.statistics().faults >= (SIZE >> 16) - 2
    assert process.read_memory(TOP - 4, 4) == struct.pack("<I", 1)


def test_the_data_stack_grows_to_any_place_at_once(workshop: Workshop) -> None:
    process = workshop.run(function("main", touch(TOP - 4) + touch(LOW + SIZE // 2) + "xorl %eax, %eax\nretq"))
    assert process.stop().reason is StopReason.EXITED
    assert process.statistics().faults == 1


def test_the_data_stack_grows_under_a_kernel_call(workshop: Workshop) -> None:
    clock_gettime = 228
    call = f"movl ${clock_gettime}, %edi\nmovl $1, %esi\nmovl ${TOP - 16}, %edx\ncall SYSCALL\n"
    source = function("main", f"pushq %rbx\n{call}popq %rbx\nretq")
    process = workshop.run(source)
    assert (process.stop().reason, process.stop().value) == (StopReason.EXITED, 0)
    assert read_words(process, TOP - 16, 2) != [0, 0]


def test_a_kernel_call_does_not_grow_the_data_stack_past_its_high_end(workshop: Workshop) -> None:
    clock_gettime = 228
    source = function(
        "main",
        f"pushq %rbx\nmovl ${clock_gettime}, %edi\nmovl $1, %esi\nmovl ${TOP - 8}, %edx\ncall SYSCALL\npopq %rbx\nretq",
    )
    assert workshop.run(source).stop().value == -14  # EFAULT


def test_a_data_stack_of_uneven_size_ends_where_it_should(workshop: Workshop) -> None:
    end = LOW + (1 << 16) * 3 + 5 * PAGE_SIZE
    program = workshop.program(function("main", touch(end - 4) + "here:\n" + touch(end) + "ud2"))
    stop = workshop.run(program, data_stack=(LOW, end - LOW)).stop()
    assert (stop.fault, stop.address) == (FaultKind.DATA_STACK_OVERFLOW, end)
    assert stop.code_offset == program.labels["here"]


def test_a_data_stack_that_the_bank_does_not_cover_says_so(workshop: Workshop) -> None:
    program = workshop.program(function("main", touch(TOP - 4) + "xorl %eax, %eax\nretq"))
    needed = workshop.spawn(program).statistics().peak_pages
    stop = workshop.run(program, bank=core.Bank(needed + 100)).stop()
    assert (stop.fault, stop.value, stop.address) == (FaultKind.DATA_STACK_OVERFLOW, 1, TOP - 4)


# The data ends in the middle of its second page; the stack begins there.
DATA_BYTES = PAGE_SIZE + 0x234
NEXT = DATA + PAGE_SIZE + 0x240
ADJOINING = {
    "segments": [(RODATA, b"constant", PAGE_SIZE, False), (DATA, b"data" * 100, DATA_BYTES, True)],
    "data_stack": (NEXT, TOP - NEXT),
    "data_stack_variables": (DATA + PAGE_SIZE, DATA + PAGE_SIZE + 8),
}


def test_a_data_stack_begins_in_the_datas_last_page_and_costs_no_page_until_it_grows(workshop: Workshop) -> None:
    program = workshop.program(function("main", touch(NEXT + 1024) + "xorl %eax, %eax\nretq"))
    shared = workshop.run(program, **ADJOINING)
    apart = workshop.run(program, **ADJOINING | {"data_stack": DATA_STACK})
    assert (shared.stop().reason, shared.statistics().faults) == (StopReason.EXITED, 0)
    assert shared.read_memory(NEXT, 8) == struct.pack("<Q", 1)  # argc
    pointer, limit = read_words(shared, DATA + PAGE_SIZE, 2)
    assert (pointer % 16, limit) == (0, TOP)
    assert NEXT < pointer < NEXT + 512
    with pytest.raises(ValueError, match="accessible"):
        shared.read_memory(DATA + 2 * PAGE_SIZE, 1)
    assert apart.statistics().pages - shared.statistics().pages == 2  # its page, and a page table


def test_a_data_stack_grows_out_of_the_datas_last_page(workshop: Workshop) -> None:
    at = DATA + 2 * PAGE_SIZE
    program = workshop.program(
        function("main", touch(at) + touch(at + 70_000) + touch(TOP - 4) + "here:\n" + touch(TOP) + "ud2")
    )
    process = workshop.run(program, **ADJOINING)
    stop = process.stop()
    assert (stop.fault, stop.address) == (FaultKind.DATA_STACK_OVERFLOW, TOP)
    assert stop.code_offset == program.labels["here"]
    assert process.read_memory(DATA, 400) == b"data" * 100
    for address in (at, at + 70_000, TOP - 4):
        assert process.read_memory(address, 4) == struct.pack("<I", 1)


def test_a_data_stack_with_little_room_left_in_the_datas_last_page_has_one_more(workshop: Workshop) -> None:
    low = DATA + 2 * PAGE_SIZE - 512
    program = workshop.program(function("main", touch(low + 1020) + "xorl %eax, %eax\nretq"))
    process = workshop.run(program, **ADJOINING | {"data_stack": (low, TOP - low)})
    assert (process.stop().reason, process.statistics().faults) == (StopReason.EXITED, 0)
