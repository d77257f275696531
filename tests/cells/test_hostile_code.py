"""Native code that attacks its own cell's program hurts itself, and the host hears of it or of its death."""

from __future__ import annotations

import signal

import pytest

from cells.probes import (
    BROKEN,
    CONTROL,
    EXITED,
    GATES,
    KILLED,
    PROGRAM,
    STORE,
    STORE_SIZE,
    Event,
    gate,
    probe,
    system_call,
)
from core.snippets import MILLISECOND

STACK_END = STORE + STORE_SIZE - 64


def turned(probed_source: str) -> str:
    """Code that writes to the control pages and gives the turn by itself, and waits for ever."""
    return f"""
    movabsq ${CONTROL}, %rbx
    {probed_source}
    movl $1, (%rbx)
    movabsq ${CONTROL}, %rdi
    movl $1, %esi
    movl $1, %edx
    xorl %r10d, %r10d
    movl $202, %eax
    syscall
    forever:
    pause
    jmp forever
    """


def test_it_may_say_what_it_likes_in_its_turn() -> None:
    probed = probe(turned("movl $-1, 12(%rbx)\nmovl $-1, 24(%rbx)\nmovq $-1, 32(%rbx)\n"))
    assert (probed.last.event, probed.last.call, probed.last.arguments[0]) == (2**32 - 1, 2**32 - 1, 2**64 - 1)
    assert probed.end == (0, 0)


def test_without_the_cells_program_it_dies_of_the_first_signal() -> None:
    probed = probe(system_call(11, PROGRAM, 0x2_0000) + "again:\njmp again\n", wait_ns=20 * MILLISECOND)
    assert probed.end == (KILLED, signal.SIGSEGV)


def spins_behind_forged_frame(mask: int) -> str:
    """Returns from a signal that there has not been to a loop, with these signals blocked."""
    stack, instruction, segments, blocked = 160, 168, 184, 296
    return f"""
    movl ${STORE + 0x8000}, %esp
    movq %rsp, {stack}(%rsp)
    leaq again(%rip), %rax
    movq %rax, {instruction}(%rsp)
    movabsq $0x002b000000000033, %rax
    movq %rax, {segments}(%rsp)
    movq ${mask}, {blocked}(%rsp)
    movl $15, %eax
    syscall
    ud2
    again:
    movq $1, %rbx
    jmp again
    """


def test_one_that_blocks_the_hosts_signal_is_killed() -> None:
    probed = probe(spins_behind_forged_frame(-1), wait_ns=20 * MILLISECOND)
    assert len(probed.turns) == 1
    assert probed.end == (KILLED, signal.SIGKILL)


def test_one_that_blocks_no_signal_is_interrupted() -> None:
    """The twin of the one before."""
    probed = probe(spins_behind_forged_frame(0), wait_ns=20 * MILLISECOND)
    assert (probed.last.event, probed.last.registers[3]) == (Event.INTERRUPTED, 1)


def test_without_its_control_pages_it_dies_at_its_next_call() -> None:
    probed = probe(system_call(11, CONTROL, 8192) + gate(1))
    assert probed.end == (EXITED, BROKEN)


def test_a_stack_pointer_to_nowhere_is_its_own_harm() -> None:
    probed = probe("movq $0x123456789, %rsp\n" + f"movl ${GATES}, %eax\njmp *%rax\n", calls=1)
    assert probed.turns[1].event == Event.CALL
    assert probed.end == (EXITED, BROKEN)


def test_a_fault_with_a_stack_pointer_to_nowhere_is_told_as_any_other() -> None:
    probed = probe("movq $0x10, %rsp\nmovq %rax, (%rsp)\n")
    assert (probed.last.event, probed.last.trap.signal) == (Event.TRAP, signal.SIGSEGV)
    assert (probed.last.trap.address, probed.last.registers[4]) == (0x10, 0x10)


def test_a_forged_frame_of_a_signal_gives_it_nothing() -> None:
    probed = probe(system_call(15))
    assert probed.last.trap.signal == signal.SIGSEGV or probed.end == (KILLED, signal.SIGSEGV)


@pytest.mark.parametrize("flags", [0x400, 0x4_0000, 0x4_0400])
def test_the_direction_and_the_alignment_check_do_not_disturb_its_calls(flags: int) -> None:
    probed = probe(f"movl $41, %edi\npushq ${flags}\npopfq\n{gate(3)}movq %rax, %rbx\n", calls=1)
    assert probed.came_to_its_end()
    assert probed.last.registers[3] == 42


def test_single_steps_are_faults() -> None:
    probed = probe("pushq $0x100\npopfq\nnop\nnop\n")
    assert (probed.last.event, probed.last.trap.signal) == (Event.TRAP, signal.SIGTRAP)


def test_single_steps_into_the_cells_program_end_it() -> None:
    probed = probe(f"movl ${GATES}, %eax\npushq $0x100\npopfq\ncall *%rax\n")
    assert probed.last.event == Event.TRAP or probed.end == (EXITED, BROKEN)


@pytest.mark.parametrize("instruction", ["hlt", "cli", "movq %cr0, %rax", "inb $0x70, %al", "rdmsr", "lgdt (%rsp)"])
def test_instructions_of_the_kernel_are_faults(instruction: str) -> None:
    probed = probe(instruction)
    assert (probed.last.event, probed.last.trap.signal) == (Event.TRAP, signal.SIGSEGV)


def test_the_clock_of_the_processor_is_denied_where_the_job_says_so() -> None:
    probed = probe("rdtsc", denies_clock=True)
    assert (probed.last.event, probed.last.trap.signal) == (Event.TRAP, signal.SIGSEGV)
    assert probe("rdtsc").came_to_its_end()


def test_nothing_of_the_kernels_is_mapped() -> None:
    """A stack with an environment is near the end of all addresses."""
    probed = probe("movabsq $0x7fffffffe000, %rbx\nmovq (%rbx), %rax\n")
    assert probed.last.trap.signal == signal.SIGSEGV
    assert probed.last.trap.address == 0x7FFF_FFFF_E000


def test_what_the_gates_are_made_of_is_not_writable() -> None:
    probed = probe(f"movb $0x90, {GATES}\n")
    assert probed.last.trap.signal == signal.SIGSEGV
    assert probed.last.trap.address == GATES
