"""From the core's bare record of an end to exit status and words.

This file knows no process and no program: the place in the source arrives as an argument.
"""

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
from motte.abi.symbols import HOST_FUNCTION_PREFIX
from motte.errors import InternalError
from motte.exit import Exit, Fault, Usage
from motte.frame import Frame
from motte.quantities import format_duration, format_size
from motte.run_limits import RunLimits

if TYPE_CHECKING:
    from motte.core import StopRecord
    from motte.image import Location

_SIGNAL_ABORT: Final = EXIT_ABORT - 128


def describe_exit(
    record: "StopRecord", usage: Usage, limits: RunLimits, place: "Location | None", backtrace: tuple[Frame, ...] = ()
) -> Exit:
    """The end of a process in words; ``place`` is where its code stood, if that is known."""
    reason = StopReason.CPU_LIMIT if overran(usage, limits) else record.reason
    returncode, message, fault = 0, None, None
    match reason:
        case StopReason.EXITED:
            returncode = record.value & 0xFF
        case StopReason.FAULTED:
            fault = describe_fault(record, limits, place, backtrace)
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
    return Exit(reason, returncode, fault, usage, message, backtrace)


def describe_fault(
    record: "StopRecord", limits: RunLimits, place: "Location | None", backtrace: tuple[Frame, ...]
) -> Fault:
    """The fault in words."""
    if record.fault is None:
        raise InternalError("the core reported a fault without its kind")
    text = f"fault: {_missing_function(record, backtrace) or _what(record, limits)}{_where(place)}"
    return Fault(
        kind=record.fault,
        address=None if record.fault is FaultKind.NATIVE_STACK_OVERFLOW else record.address,
        access=record.access,
        function=place.function if place else None,
        file=place.file if place else None,
        line=place.line if place else None,
        code_offset=record.code_offset,
        text=text,
        backtrace=backtrace,
    )


def _missing_function(record: "StopRecord", backtrace: tuple[Frame, ...]) -> str:
    """Of a call of a function of the host's that it does not have like this; else nothing."""
    innermost = backtrace[0].function or "" if backtrace else ""
    if record.fault is not FaultKind.KERNEL_CALL_MISUSE or not innermost.startswith(HOST_FUNCTION_PREFIX):
        return ""
    name = innermost.removeprefix(HOST_FUNCTION_PREFIX)
    return f"call of the host's function {name!r}, which was not granted, or takes another number of arguments"


def _what(record: "StopRecord", limits: RunLimits) -> str:  # noqa: PLR0911, PLR0912 (a table of cases)
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
        case FaultKind.BAD_CAST:
            return _bad_cast(record, address)
        case FaultKind.CHECKED_BLOCK:
            return f"{access} at {address} of checked blocks, which the block that is open does not offer"
        case FaultKind.SYSTEM_CALL:
            return f"system call {record.address}, which no guest may make"
        case FaultKind.CELL_LOST:
            return "the separate OS process that it ran in was killed, or does not answer"
        case FaultKind.BAD_LONG_JUMP:
            return f"longjmp to a frame that is not alive, by the buffer at {address}"
        case _:
            return f"misuse of a kernel call, argument {address}"


def _bad_cast(record: "StopRecord", address: str) -> str:
    what = "which is no function" if record.access == "execute" else "where nothing is mapped"
    return f"bad cast: a pointer was made from the integer {address}, {what}"


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


def overran(usage: Usage, limits: RunLimits) -> bool:
    """Whether a process used up its CPU time and came to its end, whatever that was, in its extra time."""
    return bool(limits.extra_time_ns and limits.cpu_time_ns and usage.cpu_time * 10**9 > limits.cpu_time_ns)


def _wall_limit(limits: RunLimits) -> str:
    return f"wall-time limit of {format_duration(limits.wall_time_ns or 0)} reached (--wall-time)"


def _output_limit(limits: RunLimits) -> str:
    return f"output limit of {format_size(limits.output or 0)} reached (--output-limit)"


def _cpu_limit(limits: RunLimits) -> str:
    return f"CPU-time limit of {format_duration(limits.cpu_time_ns or 0)} reached (--time)"
