"""Machine code, of whatever intent, in a cell of its own.

The cell has ``CODE`` (executable), the store of 64 KiB at ``STORE``, where the stack pointer is near the end, and
the gates of kernel calls at ``GATES``.  Each gate answers with its first argument plus one.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from core.snippets import SECOND, assemble
from motte.core import _core

CODE = 0x40_0000
STORE = 0x50_0000
STORE_SIZE = 0x1_0000
GATES = 0x80_0000
WINDOW = 0x3000_0000_0000
STORE_IN_WINDOW = WINDOW + 0x1_0000
PROGRAM = 0x2000_0000_0000
CONTROL = 0x2100_0000_0000
STORE_FILE = 4
EXITED, KILLED = 1, 2
"""How a process ended: CLD_EXITED, CLD_KILLED."""
BROKEN, FORBIDDEN = 72, 73
"""With what a cell ends that its guest has spoilt."""
OF_FILTER = 1
"""SYS_SECCOMP: why there was a SIGSYS."""


class Event(IntEnum):
    """What a cell gives its turn for."""

    READY, FAILED, DONE, CALL, TRAP, INTERRUPTED, RETURNED = range(7)


class Command(IntEnum):
    """What the host has done to a cell's memory."""

    MAP, PROTECT, UNMAP = range(3)


@dataclass(frozen=True)
class Trap:
    """What the CPU or the kernel said."""

    signal: int
    code: int
    number: int
    error: int
    address: int
    system_call: int


@dataclass(frozen=True)
class Turn:
    """What the control pages said at the end of one turn."""

    event: int
    step: int
    error: int
    call: int
    arguments: tuple[int, ...]
    trap: Trap
    registers: tuple[int, ...]
    instruction: int


@dataclass(frozen=True)
class Probed:
    """A cell's life: its turns, beginning with that of a ready cell, and how its process ended; (0, 0): it had not."""

    pid: int
    turns: list[Turn]
    end: tuple[int, int]

    @property
    def last(self) -> Turn:
        """Its last turn."""
        return self.turns[-1]

    def refused(self, number: int) -> bool:
        """Whether it ended with a system call that the filter stopped, and that was this one."""
        trap = self.last.trap
        told = (self.last.event, trap.signal, trap.code, trap.system_call)
        return told == (Event.TRAP, signal.SIGSYS, OF_FILTER, number) and self.end == (0, 0)

    def came_to_its_end(self) -> bool:
        """Whether it ran to its last instruction, ``int3``."""
        return self.last.event == Event.TRAP and self.last.trap.signal == signal.SIGTRAP


def probe(
    source: str,
    *,
    confined: bool = False,
    denies_clock: bool = False,
    calls: int = 0,
    wait_ns: int = 20 * SECOND,
    commands: Sequence[tuple[int, int, int, int, int]] = (),
) -> Probed:
    """Runs it until it has made more than ``calls`` kernel calls, traps, or has been waited for so long, and then again
    after it was asked for its turn."""
    code = assemble(source + "\nint3\n", CODE, 0).code
    pid, turns, end = _core.cell_probe(code, confined, denies_clock, calls, wait_ns, tuple(commands))
    told = [Turn(*turn[:5], Trap(*turn[5]), *turn[6:]) for turn in turns]
    assert told[0].event == Event.READY
    return Probed(pid, told, end)


def system_call(number: int, *arguments: int) -> str:
    """A system call; what the kernel answers is in rax."""
    registers = ("rdi", "rsi", "rdx", "r10", "r8", "r9")
    loads = [f"movabsq ${value}, %{register}" for register, value in zip(registers, arguments, strict=False)]
    return "\n".join([*loads, f"movabsq ${number}, %rax", "syscall\n"])


def gate(number: int) -> str:
    """A kernel call."""
    return f"movl ${GATES + 32 * number}, %eax\ncall *%rax\n"
