"""How a process ended, as values: its exit status, its fault, what stopped it, what it used.

The core reports a bare record of numbers; this file turns it into words.  It knows no
process and no program: the place in the source arrives as an argument.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from motte.abi.faults import (
    EXIT_ABORT,
    EXIT_KILLED,
    EXIT_LIMIT,
    EXIT_OUTPUT_LIMIT,
    FAULT_EXIT_STATUS,
    FaultKind,
    StopReason,
)
from motte.abi.layout import PAGE_SIZE
from motte.errors import InternalError
from motte.quantities import format_duration, format_size

if TYPE_CHECKING:
    from motte.core import Statistics, StopRecord
    from motte.image import Location

_SIGNAL_ABORT: Final = EXIT_ABORT - 128


@dataclass(frozen=True, slots=True)
class RunLimits:
    """The limits that one process runs under: sizes in bytes, times in nanoseconds, ``None`` for no limit."""

    memory: int | None
    cpu_time_ns: int | None
    extra_time_ns: int
    wall_time_ns: int | None
    native_stack: int
    data_stack: int
    output: int | None
    open_files: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has used up to now, or in all when it has ended."""

    cpu_time: float
    """Seconds of CPU time, including the host's work on the guest's behalf."""

    wall_time: float
    """Seconds from start to end."""

    memory: int
    """Bytes of storage that the process holds."""

    peak_memory: int
    """Most bytes of storage that it held at once."""

    output: int
    """Bytes written, to streams and files together."""

    system_calls: int
    """Calls into the host."""

    page_faults: int
    """Page faults that reached the host; growing stacks count."""

    preemptions: int
    """Times that a signal interrupted it."""


def usage_of(statistics: "Statistics") -> Usage:
    """The core's counters in seconds and bytes."""
    return Usage(
        cpu_time=statistics.cpu_ns / 10**9,
        wall_time=statistics.wall_ns / 10**9,
        memory=statistics.pages * PAGE_SIZE,
        peak_memory=statistics.peak_pages * PAGE_SIZE,
        output=statistics.output_bytes,
        system_calls=statistics.syscalls,
        page_faults=statistics.faults,
        preemptions=statistics.preemptions,
    )


@dataclass(frozen=True, slots=True)
class Fault:
    """What the guest did that the machine could not let pass; ``str()`` gives the one line for people."""

    kind: FaultKind
    address: int | None
    """Window address of the access, or the refused function pointer cut to the function table's size.

    ``None`` where there is none, as for an overflow of the native stack, which is not in the window.
    """

    access: str | None
    """``"read"``, ``"write"`` or ``None``."""

    function: str | None
    file: str | None
    line: int | None
    code_offset: int | None
    """Bytes from the start of the program's code, as ``motte inspect --disassemble`` shows them."""

    text: str
    """One line: what, where, and which limit."""

    def __str__(self) -> str:
        """The one line for people."""
        return self.text


@dataclass(frozen=True, slots=True)
class Exit:
    """How a process ended."""

    reason: StopReason
    returncode: int
    """The guest's own exit status, or the one that README.md's table gives for what stopped it."""

    fault: Fault | None
    usage: Usage
    message: str | None
    """One line for people about what stopped it; ``None`` after an ordinary exit."""


def describe_exit(record: "StopRecord", usage: Usage, limits: RunLimits, place: "Location | None") -> Exit:
    """The end of a process in words; ``place`` is where its code stood, if that is known."""
    reason = StopReason.CPU_LIMIT if _overran(usage, limits) else record.reason
    returncode, message, fault = 0, None, None
    match reason:
        case StopReason.EXITED:
            returncode = record.value & 0xFF
        case StopReason.FAULTED:
            fault = describe_fault(record, limits, place)
            returncode, message = FAULT_EXIT_STATUS[fault.kind], fault.text
        case StopReason.SIGNALLED:
            name = "abort()" if record.value == _SIGNAL_ABORT else f"signal {record.value} raised by the program"
            returncode, message = 128 + record.value, f"stopped: {name}{_where(place)}"
        case StopReason.KILLED:
            returncode, message = EXIT_KILLED, "stopped: killed by the host"
        case StopReason.CPU_LIMIT:
            returncode, message = EXIT_LIMIT, f"stopped: {_cpu_limit(limits)}{_where(place)}"
        case StopReason.WALL_LIMIT:
            returncode, message = EXIT_LIMIT, f"stopped: {_wall_limit(limits)}{_where(place)}"
        case StopReason.OUTPUT_LIMIT:
            returncode, message = EXIT_OUTPUT_LIMIT, f"stopped: {_output_limit(limits)}{_where(place)}"
        case StopReason.INTERNAL:
            raise InternalError(f"the core stopped a process for a reason of its own (code {record.value})")
    return Exit(reason, returncode, fault, usage, message)


def describe_fault(record: "StopRecord", limits: RunLimits, place: "Location | None") -> Fault:
    """The fault in words."""
    if record.fault is None:
        raise InternalError("the core reported a fault without its kind")
    text = f"fault: {_what(record, limits)}{_where(place)}"
    return Fault(
        kind=record.fault,
        address=None if record.fault is FaultKind.NATIVE_STACK_OVERFLOW else record.address,
        access=record.access,
        function=place.function if place else None,
        file=place.file if place else None,
        line=place.line if place else None,
        code_offset=record.code_offset,
        text=text,
    )


def _what(record: "StopRecord", limits: RunLimits) -> str:  # noqa: PLR0911 (a table of cases)
    address = "an unknown address" if record.address is None else f"{record.address:#x}"
    access = record.access or "access"
    match record.fault:
        case FaultKind.NULL_PAGE:
            return f"{access} through a null pointer, at {address}"
        case FaultKind.UNMAPPED:
            return f"{access} at {address}, where nothing is mapped"
        case FaultKind.READ_ONLY:
            return f"{access} at {address}, which is read-only"
        case FaultKind.NATIVE_STACK_OVERFLOW:
            return f"native stack overflow; {_stack_limit(record, limits, limits.native_stack, '--stack')}"
        case FaultKind.DATA_STACK_OVERFLOW:
            return f"data stack overflow; {_stack_limit(record, limits, limits.data_stack, '--data-stack')}"
        case FaultKind.DIVIDE:
            return "integer division by zero, or its result does not fit"
        case FaultKind.MISALIGNED:
            return f"misaligned vector {access} at {address}"
        case FaultKind.ILLEGAL_INSTRUCTION:
            return "illegal instruction (a trap, or a path that the compiler took for unreachable)"
        case FaultKind.BAD_INDIRECT_CALL:
            return "call through a bad function pointer"
        case FaultKind.GENERAL_PROTECTION:
            return "general protection fault"
        case _:
            return f"misuse of a kernel call, argument {address}"


def _stack_limit(record: "StopRecord", limits: RunLimits, stack: int, option: str) -> str:
    """A stack grows page by page: it meets its own limit, or there is no memory left for it."""
    if record.value and limits.memory is not None:
        return f"limit: memory of {format_size(limits.memory)} (--memory)"
    return f"limit: {format_size(stack)} ({option})"


def _where(place: "Location | None") -> str:
    if place is None or place.function is None:
        return ""
    line = "" if place.file is None else f" ({place.file}:{place.line})"
    return f", in {place.function}{line}"


def _overran(usage: Usage, limits: RunLimits) -> bool:
    """Whether a process used up its CPU time and came to its end, whatever that was, in its extra time."""
    return bool(limits.extra_time_ns and limits.cpu_time_ns and usage.cpu_time * 10**9 > limits.cpu_time_ns)


def _wall_limit(limits: RunLimits) -> str:
    return f"wall-time limit of {format_duration(limits.wall_time_ns or 0)} reached (--wall-time)"


def _output_limit(limits: RunLimits) -> str:
    return f"output limit of {format_size(limits.output or 0)} reached (--output-limit)"


def _cpu_limit(limits: RunLimits) -> str:
    return f"CPU-time limit of {format_duration(limits.cpu_time_ns or 0)} reached (--time)"
