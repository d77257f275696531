"""Why a process stopped, and the exit status that the command line reports for it."""

from enum import IntEnum


class FaultKind(IntEnum):
    """What the CPU or the core objected to, as the core classifies it."""

    UNMAPPED = 1
    READ_ONLY = 2
    NULL_PAGE = 3
    NATIVE_STACK_OVERFLOW = 4
    DATA_STACK_OVERFLOW = 5
    DIVIDE = 6
    MISALIGNED = 7
    ILLEGAL_INSTRUCTION = 8
    BAD_INDIRECT_CALL = 9
    GENERAL_PROTECTION = 10
    KERNEL_CALL_MISUSE = 11
    BAD_LONG_JUMP = 12
    BAD_CAST = 13
    CHECKED_BLOCK = 14
    SYSTEM_CALL = 15
    """Of a guest in an OS process of its own: the address is the system call's number."""
    CELL_LOST = 16
    """The OS process that the guest ran in is not there any more, or makes no sense."""


class StopReason(IntEnum):
    """How a process ended."""

    EXITED = 1
    FAULTED = 2
    SIGNALLED = 3
    KILLED = 4
    CPU_LIMIT = 5
    WALL_LIMIT = 6
    OUTPUT_LIMIT = 7
    INTERNAL = 8


EXIT_LIMIT = 124
EXIT_USAGE = 125
EXIT_REFUSED = 126
EXIT_INTERRUPTED = 130
EXIT_ILLEGAL = 132
EXIT_ABORT = 134
EXIT_ARITHMETIC = 136
EXIT_KILLED = 137
EXIT_MEMORY = 139
EXIT_OUTPUT_LIMIT = 153
EXIT_SYSTEM_CALL = 159

FAULT_EXIT_STATUS = {
    FaultKind.UNMAPPED: EXIT_MEMORY,
    FaultKind.READ_ONLY: EXIT_MEMORY,
    FaultKind.NULL_PAGE: EXIT_MEMORY,
    FaultKind.NATIVE_STACK_OVERFLOW: EXIT_MEMORY,
    FaultKind.DATA_STACK_OVERFLOW: EXIT_MEMORY,
    FaultKind.DIVIDE: EXIT_ARITHMETIC,
    FaultKind.MISALIGNED: EXIT_MEMORY,
    FaultKind.ILLEGAL_INSTRUCTION: EXIT_ILLEGAL,
    FaultKind.BAD_INDIRECT_CALL: EXIT_MEMORY,
    FaultKind.GENERAL_PROTECTION: EXIT_MEMORY,
    FaultKind.KERNEL_CALL_MISUSE: EXIT_MEMORY,
    FaultKind.BAD_LONG_JUMP: EXIT_MEMORY,
    FaultKind.BAD_CAST: EXIT_MEMORY,
    FaultKind.CHECKED_BLOCK: EXIT_MEMORY,
    FaultKind.SYSTEM_CALL: EXIT_SYSTEM_CALL,
    FaultKind.CELL_LOST: EXIT_KILLED,
}
