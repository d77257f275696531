"""What the host and a cell say to each other, with code that is honest."""

from __future__ import annotations

import signal

import pytest

from cells.probes import (
    CODE,
    GATES,
    STORE,
    STORE_IN_WINDOW,
    STORE_SIZE,
    WINDOW,
    Command,
    Event,
    gate,
    probe,
)
from core.snippets import MILLISECOND
from motte.abi.kernel_calls import KERNEL_CALLS

STACK_END = STORE + STORE_SIZE - 64
READ, READ_WRITE, EXECUTE = range(3)


@pytest.mark.parametrize("call", KERNEL_CALLS[::7])
def test_each_gate_tells_its_number_and_arguments(call: object) -> None:
    number = KERNEL_CALLS.index(call)  # type: ignore[arg-type]
    loads = "".join(f"movl ${10 + i}, %{name}\n" for i, name in enumerate(("edi", "esi", "edx", "ecx", "r8d", "r9d")))
    probed = probe(loads + gate(number))
    assert (probed.last.event, probed.last.call) == (Event.CALL, number)
    assert probed.last.arguments == (10, 11, 12, 13, 14, 15)


def test_a_call_answers_and_keeps_what_calls_keep() -> None:
    kept = ("rbx", "rbp", "r12", "r13", "r14", "r15")
    loads = "".join(f"movq ${20 + i}, %{name}\n" for i, name in enumerate(kept))
    probed = probe(loads + "movl $99, %edi\nmovl $5, %ecx\nmovl $5, %r10d\n" + gate(2), calls=1)
    registers = probed.last.registers
    assert probed.came_to_its_end()
    assert registers[0] == 100
    assert [registers[i] for i in (3, 5, 12, 13, 14, 15)] == [20, 21, 22, 23, 24, 25]
    assert [registers[i] for i in (1, 2, 6, 7, 8, 9, 10, 11)] == [0] * 8
    assert registers[4] == STACK_END


def test_a_call_leaves_no_vector_and_the_way_of_rounding_alone() -> None:
    probed = probe(
        f"""
        movl $0x7f80, (%rsp)
        ldmxcsr (%rsp)
        pcmpeqd %xmm5, %xmm5
        {gate(2)}
        movq %xmm5, %rbx
        stmxcsr (%rsp)
        movl (%rsp), %ecx
        """,
        calls=1,
    )
    assert probed.came_to_its_end()
    assert probed.last.registers[3] == 0
    assert probed.last.registers[1] == 0x7F80


def test_what_lies_below_the_stack_pointer_survives_an_interruption() -> None:
    probed = probe("movq $123, -8(%rsp)\nagain:\ncmpq $123, -8(%rsp)\nje again\n", wait_ns=20 * MILLISECOND)
    assert probed.last.event == Event.INTERRUPTED


def test_an_entry_function_that_returns_exits_with_its_result() -> None:
    entry_return = GATES + 0x8000 - 32
    probed = probe(f"pushq ${entry_return}\nmovl $77, %eax\nret\n")
    assert (probed.last.event, probed.last.call, probed.last.arguments[0]) == (Event.CALL, 0, 77)


def test_a_function_that_the_host_called_returns_with_its_results() -> None:
    function_return = GATES + 0x8000 - 64
    probed = probe(f"pushq ${function_return}\nmovl $77, %eax\nmovl $78, %edx\nret\n")
    assert probed.last.event == Event.RETURNED
    assert probed.last.registers[2] == 78


def test_a_loop_without_end_is_interrupted() -> None:
    probed = probe("movl $3, %ebx\nagain:\njmp again\n", wait_ns=20 * MILLISECOND)
    assert probed.last.event == Event.INTERRUPTED
    assert probed.last.registers[3] == 3
    assert CODE < probed.last.instruction < CODE + 64
    assert probed.end == (0, 0)


@pytest.mark.parametrize(
    ("source", "number"),
    [
        ("ud2", signal.SIGILL),
        ("xorl %ecx, %ecx\ndivl %ecx", signal.SIGFPE),
        ("int3", signal.SIGTRAP),
        ("movq 0x10, %rax", signal.SIGSEGV),
        (f"movq %rax, {CODE}", signal.SIGSEGV),
        (f"movl ${STORE}, %eax\njmp *%rax", signal.SIGSEGV),
    ],
)
def test_a_fault_is_told_with_all_registers(source: str, number: int) -> None:
    probed = probe(f"movl $3, %ebx\n{source}\n")
    assert (probed.last.event, probed.last.trap.signal) == (Event.TRAP, number)
    assert probed.last.registers[3] == 3
    assert probed.last.trap.system_call == -1


def test_pages_behind_the_end_of_the_store_are_faults() -> None:
    beyond = (Command.MAP, READ_WRITE, STORE + 0x10_0000, 4096, 2 * STORE_SIZE)
    probed = probe(f"movq {STORE + 0x10_0000}, %rax\n", commands=[beyond])
    assert (probed.last.event, probed.last.trap.signal) == (Event.TRAP, signal.SIGBUS)


def test_commands_change_memory_before_the_guest_runs() -> None:
    other = STORE + 0x10_0000
    probed = probe(
        f"movq $5, {other}\nmovq {STORE + 4096}, %rbx\nmovq %rax, {STORE}\n",
        commands=[
            (Command.MAP, READ_WRITE, other, 4096, 4096),
            (Command.PROTECT, READ, STORE, 4096, 0),
            (Command.UNMAP, READ, STORE + 8192, 4096, 0),
        ],
    )
    assert probed.last.trap.address == STORE
    assert probed.last.registers[3] == 5


def test_a_command_that_fails_is_named_and_no_guest_runs() -> None:
    probed = probe("nop\n", commands=[(Command.UNMAP, READ, STORE, 4096, 0), (Command.MAP, READ, STORE + 1, 4096, 0)])
    assert (probed.last.event, probed.last.step, probed.last.error) == (Event.DONE, 2, 22)


@pytest.mark.parametrize("command", [(Command.MAP, EXECUTE), (Command.PROTECT, EXECUTE), (3, READ)])
def test_a_command_that_there_is_not_fails(command: tuple[int, int]) -> None:
    probed = probe("nop\n", commands=[(*command, STORE, 4096, 0)])
    assert (probed.last.event, probed.last.step, probed.last.error) == (Event.DONE, 1, 22)


def test_confined_code_finds_its_window_at_its_gs_base() -> None:
    probed = probe("movq $6, %gs:0x10000\nrdgsbase %rbx\n", confined=True)
    assert probed.came_to_its_end()
    assert probed.last.registers[3] == WINDOW
    assert probed.last.registers[4] == STORE_IN_WINDOW + STORE_SIZE - 64
