"""What a guest finds in its registers: results, zeros, and its own values; nothing else."""

from __future__ import annotations

import ctypes
import os
import signal
import struct
from pathlib import Path

import pytest

from core.snippets import DATA, DATA_STACK, RODATA, VARIABLES, Workshop, function, read_words
from motte import core
from motte.abi.faults import StopReason

GENERAL = ["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", *(f"r{n}" for n in range(8, 16))]
CALLEE_SAVED = {"rbx", "rbp", "r12", "r13", "r14", "r15"}
FLAGS = ["c", "p", "z", "s", "o"]

VECTORS = 32 if core.host_features()["avx512"] else 16
VECTOR_SIZE = 64 if core.host_features()["avx512"] else 32 if core.host_features()["avx"] else 16
MASKS = 8 if core.host_features()["avx512"] else 0

FLAGS_AT = 8 * len(GENERAL)
MASKS_AT = FLAGS_AT + 8 * len(FLAGS)
VECTORS_AT = 1024
DUMP_SIZE = 4096


def vector(number: int) -> str:
    return f"%{ {64: 'zmm', 32: 'ymm', 16: 'xmm'}[VECTOR_SIZE] }{number}"


def store_vector(number: int, address: int) -> str:
    return f"{'movups' if VECTOR_SIZE == 16 else 'vmovups'} {vector(number)}, %gs:{address}(,%eiz)"


def load_vector(number: int, address: int) -> str:
    return f"{'movups' if VECTOR_SIZE == 16 else 'vmovups'} %gs:{address}(,%eiz), {vector(number)}"


def dump(address: int) -> list[str]:
    """Instructions that store every register at this address; stores leave the flags alone."""
    return [
        *(f"movq %{name}, %gs:{address + 8 * i}(,%eiz)" for i, name in enumerate(GENERAL)),
        *(f"set{flag} %gs:{address + FLAGS_AT + 8 * i}(,%eiz)" for i, flag in enumerate(FLAGS)),
        *(f"kmovw %k{n}, %gs:{address + MASKS_AT + 8 * n}(,%eiz)" for n in range(MASKS)),
        *(store_vector(n, address + VECTORS_AT + 64 * n) for n in range(VECTORS)),
    ]


def own_value(index: int) -> int:
    return 0x1111_1111_1111_1111 + index


SOURCE_OF_VECTORS = DATA + 8 * DUMP_SIZE


def fill() -> list[str]:
    """Every register gets a value of its own, vectors from memory that is filled first."""
    lines = []
    for i in range(VECTOR_SIZE // 8):
        lines += [f"movabsq ${own_value(100 + i)}, %rax", f"movq %rax, %gs:{SOURCE_OF_VECTORS + 8 * i}(,%eiz)"]
    lines += [load_vector(n, SOURCE_OF_VECTORS) for n in range(VECTORS)]
    lines += [f"kmovw %gs:{SOURCE_OF_VECTORS}(,%eiz), %k{n}" for n in range(MASKS)]
    return lines + [f"movabsq ${own_value(i)}, %{name}" for i, name in enumerate(GENERAL)]


def general_registers(process: core.Process, address: int) -> dict[str, int]:
    return dict(zip(GENERAL, read_words(process, address, len(GENERAL)), strict=True))


def own_vector() -> bytes:
    return b"".join(struct.pack("<Q", own_value(100 + i)) for i in range(VECTOR_SIZE // 8)).ljust(64, b"\0")


def vector_state(process: core.Process, address: int) -> bytes:
    masks = process.read_memory(address + MASKS_AT, 8 * MASKS)
    return masks + process.read_memory(address + VECTORS_AT, 64 * VECTORS)


def test_every_register_but_the_argument_is_zero_at_entry(workshop: Workshop) -> None:
    process = workshop.run(function("main", [*dump(DATA), "xorl %eax, %eax", "retq"]))
    assert process.stop().reason is StopReason.EXITED
    registers = general_registers(process, DATA)
    assert registers.pop("rdi") != 0
    assert set(registers.values()) == {0}
    assert not any(vector_state(process, DATA))
    assert read_words(process, DATA + FLAGS_AT, len(FLAGS)) == [0, 1, 1, 0, 0]  # of xor: parity and zero


@pytest.mark.parametrize("gate", ["SYSCALL", "SYSCALL6"])
def test_a_gate_returns_own_values_its_result_and_zeros(workshop: Workshop, gate: str) -> None:
    unknown_call = 0xFFFF
    process = workshop.run(
        function(
            "main",
            [
                *("pushq %rbx", *fill(), f"movl ${unknown_call}, %edi", f"movl ${DATA}, %esi", f"call {gate}"),
                *(*dump(DATA), "popq %rbx", "xorl %eax, %eax", "retq"),
            ],
        )
    )
    assert process.stop().reason is StopReason.EXITED
    registers = general_registers(process, DATA)
    assert struct.pack("<Q", registers.pop("rax")) == struct.pack("<q", -38)  # ENOSYS
    for index, name in enumerate(GENERAL):
        if name in registers:
            assert registers[name] == (own_value(index) if name in CALLEE_SAVED else 0), name
    assert not any(vector_state(process, DATA))


def test_growing_stacks_disturb_no_register(workshop: Workshop) -> None:
    touch_data_stack = f"incb %gs:{DATA_STACK[0]}(,%eiz)"
    process = workshop.run(
        function(
            "main",
            [
                *("pushq %rbx", *fill(), touch_data_stack, "subq $65520, %rsp", "pushq $0"),
                *(*dump(DATA), "addq $65528, %rsp", "popq %rbx", "xorl %eax, %eax", "retq"),
            ],
        )
    )
    assert process.stop().reason is StopReason.EXITED
    assert process.statistics().faults == 2
    assert list(general_registers(process, DATA).values()) == [own_value(i) for i in range(len(GENERAL))]
    assert vector_state(process, DATA)[8 * MASKS :] == own_vector() * VECTORS


def test_the_hosts_rounding_mode_does_not_reach_the_guest(workshop: Workshop) -> None:
    divide = "movsd %gs:RODATA(,%eiz), %xmm0\ndivsd %gs:RODATA+8(,%eiz), %xmm0\nmovsd %xmm0, %gs:DATA"
    program = workshop.program(
        function(
            "main",
            f"pushq %rax\n{divide}(,%eiz)\nmovl $39, %edi\ncall SYSCALL\n{divide}+8(,%eiz)\n"
            "popq %rax\nxorl %eax, %eax\nretq",
        )
    )
    segments = [(RODATA, struct.pack("<2d", 1, 3), 4096, False), (DATA, b"", 4096, True)]
    process = workshop.spawn(program, segments=segments, data_stack_variables=(0, 0))
    mathematics = ctypes.CDLL("libm.so.6")
    upward, to_nearest = 0x800, 0
    assert mathematics.fesetround(upward) == 0
    try:
        process.start()  # its thread inherits the rounding mode
        assert process.wait(5_000_000_000)
    finally:
        mathematics.fesetround(to_nearest)
    assert process.stop().reason is StopReason.EXITED
    assert process.read_memory(DATA, 16) == struct.pack("<2d", 1 / 3, 1 / 3)


def threads_of_this_process() -> set[int]:
    return {int(thread.name) for thread in Path("/proc/self/task").iterdir()}


def test_signals_disturb_no_register(workshop: Workshop) -> None:
    """Two guests look at their registers over and over while our signal rains on their threads."""
    check = [f"cmpq %gs:{DATA + 8 * i}(,%eiz), %{name}\njne wrong" for i, name in enumerate(GENERAL)]
    for n in range(1, 16):
        check += [f"vpxor %gs:{SOURCE_OF_VECTORS}(,%eiz), %ymm{n}, %ymm0", "vptest %ymm0, %ymm0", "jne wrong"]
    program = workshop.program(
        function(
            "main",
            [
                *(*fill(), *dump(DATA), "again:", *check, f"incq %gs:{VARIABLES}(,%eiz)"),
                *(f"cmpb $0, %gs:{VARIABLES + 8}(,%eiz)", "je again", "wrong:", "ud2"),
            ],
        )
    )
    threads_before = threads_of_this_process()
    processes = [workshop.spawn(program, data_stack_variables=(0, 0)) for _ in range(2)]
    for process in processes:
        process.start()
    threads = threads_of_this_process() - threads_before
    send = ctypes.CDLL(None).syscall
    tgkill = 234
    while min(process.statistics().preemptions for process in processes) < 5000:
        for thread in threads:
            assert send(tgkill, os.getpid(), thread, signal.SIGRTMAX) == 0
    for process in processes:
        assert process.state() == "running"
        process.kill()
        assert process.wait(5_000_000_000)
        assert process.stop().reason is StopReason.KILLED
        assert read_words(process, VARIABLES, 1)[0] > 1000


def test_the_dump_would_show_what_is_in_a_register(workshop: Workshop) -> None:
    process = workshop.run(function("main", [*fill(), *dump(DATA), "xorl %eax, %eax", "retq"]))
    assert list(general_registers(process, DATA).values()) == [own_value(i) for i in range(len(GENERAL))]
    assert vector_state(process, DATA)[8 * MASKS :] == own_vector() * VECTORS
    assert read_words(process, DATA + MASKS_AT, MASKS) == [own_value(100) & 0xFFFF] * MASKS


def test_the_stop_record_shows_the_registers_of_the_faulting_instruction(workshop: Workshop) -> None:
    program = workshop.program(function("main", [*fill(), "here:", "ud2"]))
    stop = workshop.run(program).stop()
    assert stop.code_offset == program.labels["here"]
    assert stop.registers is not None
    assert {name: stop.registers[name] for name in GENERAL} == {
        name: own_value(index) for index, name in enumerate(GENERAL)
    }
    assert stop.registers["flags"] & ~0x8D5 == 0
