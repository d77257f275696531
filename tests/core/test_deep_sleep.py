"""Deep sleep in the core: what of a guest's registers and stack goes, comes back; and what stays where it is."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator

import pytest

from core.snippets import DATA, SECOND, Workshop, function
from motte import core
from motte.abi.faults import StopReason

pytestmark = pytest.mark.beside("what a process in a cell keeps while it waits is in the cell")

SAVED = ("rbx", "rbp", "r12", "r13", "r14", "r15")
ROUNDS = 50


def sleeping(nanoseconds: int) -> str:
    """Fills what a call has to preserve, sleeps, and looks at all of it; exits with the rounds that are left."""
    values = [(0x0101010101010101 * number, name) for number, name in enumerate(SAVED, 1)]
    fill = [f"movabsq ${value}, %{name}" for value, name in values]
    put = [f"movq %{name}, {8 * place}(%rsp)" for place, name in enumerate(SAVED)]
    look = [
        f"movabsq ${value}, %rax\ncmpq %rax, %{name}\njne lost\ncmpq %rax, {8 * place}(%rsp)\njne lost"
        for place, (value, name) in enumerate(values)
    ]
    seconds, rest = divmod(nanoseconds, SECOND)
    body = [
        *(f"pushq %{name}" for name in SAVED),
        *("subq $56, %rsp", *fill, *put, f"movl ${ROUNDS}, %gs:DATA(,%eiz)"),
        *(f"movq ${seconds}, %gs:DATA+64(,%eiz)", f"movq ${rest}, %gs:DATA+72(,%eiz)"),
        *("again:", "movl $35, %edi", "movl $DATA+64, %esi", "xorl %edx, %edx", "call SYSCALL", *look),
        *("subl $1, %gs:DATA(,%eiz)", "jne again", "lost:", "movl %gs:DATA(,%eiz), %eax", "addq $56, %rsp"),
        *(f"popq %{name}" for name in reversed(SAVED)),
        "retq",
    ]
    return function("main", body)


@pytest.fixture
def workshop() -> Iterator[Workshop]:
    workshop = Workshop(scheduler=core.Scheduler(1, deep_sleep_ns=1))
    yield workshop
    workshop.close()


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.0002)


def test_registers_and_stack_come_back(workshop: Workshop) -> None:
    process = workshop.spawn(sleeping(1_000_000))
    process.start()
    seen = 0
    while not process.wait(100_000):
        seen += workshop.scheduler.deep_sleepers
    assert process.stop().reason is StopReason.EXITED
    assert process.stop().value == 0
    assert seen > 0
    assert workshop.scheduler.deep_sleepers == 0


def test_memory_of_a_deep_sleeper_is_there_to_be_read(workshop: Workshop) -> None:
    process = workshop.spawn(sleeping(1000 * SECOND))
    process.start()
    wait_until(lambda: workshop.scheduler.deep_sleepers == 1)
    assert process.read_memory(DATA, 4) == struct.pack("<I", ROUNDS)
    assert process.read_memory(DATA + 64, 8) == struct.pack("<Q", 1000)
    assert workshop.scheduler.deep_sleepers == 1


def test_one_that_stands_at_an_instruction_keeps_its_registers_where_they_are(workshop: Workshop) -> None:
    """Beside one that sleeps deeply, by which time the clock thread has looked at both."""
    spinner = workshop.spawn(function("main", "again: jmp again"))
    spinner.start()
    wait_until(lambda: spinner.state() == "running")
    spinner.suspend()
    wait_until(lambda: spinner.state() == "suspended")
    sleeper = workshop.spawn(sleeping(1000 * SECOND))
    sleeper.start()
    wait_until(lambda: workshop.scheduler.deep_sleepers == 1)
    assert sleeper.state() == "waiting"
    spinner.resume()
    wait_until(lambda: spinner.state() == "running")


def test_one_that_is_killed_in_deep_sleep_stands_in_its_call(workshop: Workshop) -> None:
    program = workshop.program(sleeping(1000 * SECOND))
    process = workshop.spawn(program)
    process.start()
    wait_until(lambda: workshop.scheduler.deep_sleepers == 1)
    process.kill()
    assert process.stop().reason is StopReason.KILLED
    assert process.stop().registers is None
    frames, offsets = process.callers(0, 10)
    assert (frames, len(offsets)) == (1, 1)
    assert workshop.scheduler.deep_sleepers == 0


def test_one_that_is_closed_in_deep_sleep_leaves_nothing(workshop: Workshop) -> None:
    bank = core.Bank(None)
    program = workshop.program(sleeping(1000 * SECOND))
    for _ in range(20):
        process = workshop.spawn(program, bank=bank)
        process.start()
        wait_until(lambda: workshop.scheduler.deep_sleepers == 1)
        process.close()
        assert (bank.used, workshop.scheduler.deep_sleepers) == (0, 0)
