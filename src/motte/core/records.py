"""What the core tells about a process: frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Final, Literal, NamedTuple, TypedDict

from motte.abi.faults import FaultKind, StopReason

Access = Literal["read", "write", "execute"]

ACCESSES: Final[tuple[Access, ...]] = ("read", "write", "execute")

REGISTERS: Final = (
    *("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp"),
    *("r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "flags"),
)
"""In the order of the core's ``stop_place``."""


@dataclass(frozen=True, slots=True)
class StopRecord:
    """Why and where a process stopped.

    ``value`` is the exit status (EXITED) or the signal's number (SIGNALLED); with a stack overflow it is 1 if
    the stack's own limit was not reached but the memory limit was.

    ``fault`` is there for FAULTED; with a page fault or a misaligned access also ``access`` and ``address`` (a
    window address, at most a little past the window's end; negative for the native stack).  With a bad
    indirect call ``address`` is the function pointer, masked to the function table's size; with a bad cast the integer
    that was cast, of 64 bits, and ``access`` is ``"execute"`` if it was to be called.

    ``registers`` are there if the process was stopped in its own code, at ``code_offset``; they never hold a
    host address.  Inside the instructions that check and make an indirect call, ``code_offset`` is the first of them.
    """

    reason: StopReason
    value: int
    fault: FaultKind | None
    address: int | None
    code_offset: int | None
    access: Access | None
    registers: Mapping[str, int] | None


class Event(IntFlag):
    """What a scheduler tells of a process: the core's ``enum event_kind``."""

    EXIT = 1
    FAULT = 2
    BANK = 4
    QUESTION = FAULT | BANK
    """Either of the two that wait for an answer."""
    OUTSIDE = 8
    """It calls a function of the host's, and nobody waits for it who would run that."""


class Ask(IntEnum):
    """Why a process stands still and asks: the core's ``enum ask``."""

    FAULT = 1
    """Its own instruction, or its kernel call, is at fault."""

    ACCESS = 2
    """A kernel call cannot reach memory that it was given."""

    BANK = 3
    """A bank refused pages."""


class Answer(IntEnum):
    """What becomes of it: the core's ``enum answer``."""

    RETRY = 0
    SKIP = 1
    DECLINE = 2


@dataclass(frozen=True, slots=True)
class Question:
    """What a process asks its keeper.

    ``number`` names the question in the answer.  ``place`` tells of the fault (with ``BANK`` there is none);
    ``in_call``: it is in a kernel call, which an answer of RETRY does again.
    """

    number: int
    ask: Ask
    place: StopRecord | None
    in_call: bool
    bank_identity: int
    pages: int


class Statistics(NamedTuple):
    """Counters of a process, so far or in all.

    Times in nanoseconds, sizes in pages of 4 KiB.  ``faults`` counts page faults that reached the core
    (growing stacks included), ``preemptions`` the signals that interrupted the process.
    """

    cpu_ns: int
    wall_ns: int
    peak_pages: int
    pages: int
    syscalls: int
    faults: int
    preemptions: int
    output_bytes: int


class HostFeatures(TypedDict):
    """What this host offers; ``problem`` says why guests cannot run here, or is ``None``.

    ``fsgsbase``: user code may set the GS base.  ``user_shadow_stack``: one is on, and Motte refuses to start.
    ``guard_markers``: guard pages cost no mappings.  ``code_region``: the addresses for code were free.
    """

    fsgsbase: bool
    user_shadow_stack: bool
    avx: bool
    avx512: bool
    guard_markers: bool
    code_region: bool
    max_map_count: int
    problem: str | None
