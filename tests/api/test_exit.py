"""From the core's bare record to exit status and words, one case for each way to end."""

import dataclasses

import pytest

from motte.abi.faults import FAULT_EXIT_STATUS, FaultKind, StopReason
from motte.core import Statistics, StopRecord
from motte.errors import InternalError
from motte.exit import Usage, usage_of
from motte.exit_words import describe_exit
from motte.image import Location
from motte.run_limits import RunLimits

LIMITS = RunLimits(
    memory=64 << 20,
    cpu_time_ns=2 * 10**9,
    extra_time_ns=0,
    wall_time_ns=5 * 10**9,
    native_stack=1 << 20,
    data_stack=8 << 20,
    output=1 << 20,
    open_files=64,
    backtrace=64,
    processes=64,
)
USAGE = Usage(0.5, 0.6, 4096, 8192, 10, 1, 2, 3)
PLACE = Location("main", "program.c", 7)


def record(reason: StopReason, value: int = 0, fault: FaultKind | None = None, **fields: object) -> StopRecord:
    bare = StopRecord(reason, value, fault, address=None, code_offset=16, access=None, registers=None)
    return dataclasses.replace(bare, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(("value", "status"), [(0, 0), (3, 3), (255, 255), (256, 0), (-1, 255), (124, 124)])
def test_an_ordinary_exit_has_the_guests_status_and_no_message(value: int, status: int) -> None:
    end = describe_exit(record(StopReason.EXITED, value), USAGE, LIMITS, None)
    assert (end.reason, end.returncode, end.fault, end.message) == (StopReason.EXITED, status, None, None)
    assert end.usage is USAGE


@pytest.mark.parametrize(
    ("reason", "value", "status", "message"),
    [
        (StopReason.SIGNALLED, 6, 134, "stopped: abort(), in main (program.c:7)"),
        (StopReason.SIGNALLED, 15, 143, "stopped: signal 15 raised by the program, in main (program.c:7)"),
        (StopReason.KILLED, 0, 137, "stopped: killed by the host"),
        (StopReason.CPU_LIMIT, 0, 124, "stopped: CPU-time limit of 2 s reached (--time), in main (program.c:7)"),
        (StopReason.WALL_LIMIT, 0, 124, "stopped: wall-time limit of 5 s reached (--wall-time), in main (program.c:7)"),
        (
            StopReason.OUTPUT_LIMIT,
            0,
            153,
            "stopped: output limit of 1 MiB reached (--output-limit), in main (program.c:7)",
        ),
    ],
)
def test_what_stops_a_process_has_a_status_and_one_line(
    reason: StopReason, value: int, status: int, message: str
) -> None:
    end = describe_exit(record(reason, value), USAGE, LIMITS, PLACE)
    assert (end.reason, end.returncode, end.fault, end.message) == (reason, status, None, message)


@pytest.mark.parametrize(
    ("kind", "fields", "what"),
    [
        (FaultKind.NULL_PAGE, {"address": 8, "access": "read"}, "read through a null pointer, at 0x8"),
        (
            FaultKind.UNMAPPED,
            {"address": 0xDEADBEEF, "access": "write"},
            "write at 0xdeadbeef, where nothing is mapped",
        ),
        (FaultKind.READ_ONLY, {"address": 0x11000, "access": "write"}, "write at 0x11000, which is read-only"),
        (FaultKind.NATIVE_STACK_OVERFLOW, {}, "native stack overflow; limit: 1 MiB (--stack)"),
        (FaultKind.NATIVE_STACK_OVERFLOW, {"value": 1}, "native stack overflow; limit: memory of 64 MiB (--memory)"),
        (FaultKind.DATA_STACK_OVERFLOW, {}, "data stack overflow; limit: 8 MiB (--data-stack)"),
        (
            FaultKind.BAD_CAST,
            {"address": 1 << 40},
            "bad cast: a pointer was made from the integer 0x10000000000, where nothing is mapped",
        ),
        (
            FaultKind.BAD_CAST,
            {"address": 0x1018, "access": "execute"},
            "bad cast: a pointer was made from the integer 0x1018, which is no function",
        ),
        (FaultKind.DIVIDE, {}, "integer division by zero, or its result does not fit"),
        (FaultKind.MISALIGNED, {"address": 5, "access": "read"}, "misaligned vector read at 0x5"),
        (FaultKind.ILLEGAL_INSTRUCTION, {}, "illegal instruction (a trap, or a path that the compiler took for"),
        (FaultKind.BAD_INDIRECT_CALL, {}, "call through a bad function pointer"),
        (FaultKind.GENERAL_PROTECTION, {}, "general protection fault"),
        (FaultKind.KERNEL_CALL_MISUSE, {"address": 3}, "misuse of a kernel call, argument 0x3"),
    ],
)
def test_a_fault_says_what_and_where_and_which_limit(kind: FaultKind, fields: dict[str, object], what: str) -> None:
    end = describe_exit(record(StopReason.FAULTED, fault=kind, **fields), USAGE, LIMITS, PLACE)
    assert end.fault is not None
    assert end.returncode == FAULT_EXIT_STATUS[kind]
    assert end.message == str(end.fault) == end.fault.text
    assert end.fault.text.startswith(f"fault: {what}")
    assert end.fault.text.endswith(", in main (program.c:7)")
    assert "\n" not in end.fault.text
    assert (end.fault.kind, end.fault.function, end.fault.file, end.fault.line) == (kind, "main", "program.c", 7)


def test_every_kind_of_fault_has_its_words() -> None:
    words = {describe_exit(record(StopReason.FAULTED, fault=kind), USAGE, LIMITS, None).message for kind in FaultKind}
    assert len(words) == len(FaultKind)


def test_without_debug_information_the_function_is_named_alone() -> None:
    fault = record(StopReason.FAULTED, fault=FaultKind.DIVIDE)
    assert str(describe_exit(fault, USAGE, LIMITS, Location("f", None, None)).message).endswith(", in f")
    assert str(describe_exit(fault, USAGE, LIMITS, Location(None, None, None)).message).endswith("does not fit")


def test_whoever_ends_in_the_extra_time_has_still_reached_the_limit() -> None:
    limits = dataclasses.replace(LIMITS, extra_time_ns=10**9)
    late = USAGE._replace(cpu_time=2.5)
    end = describe_exit(record(StopReason.EXITED), late, limits, None)
    assert (end.reason, end.returncode) == (StopReason.CPU_LIMIT, 124)
    in_time = describe_exit(record(StopReason.EXITED), USAGE, limits, None)
    assert (in_time.reason, in_time.returncode) == (StopReason.EXITED, 0)


def test_a_reason_of_the_cores_own_is_an_internal_error() -> None:
    with pytest.raises(InternalError, match="a reason of its own"):
        describe_exit(record(StopReason.INTERNAL, 5), USAGE, LIMITS, None)


def test_usage_is_in_seconds_and_bytes() -> None:
    statistics = Statistics(
        cpu_ns=1_500_000_000,
        wall_ns=2 * 10**9,
        peak_pages=3,
        pages=2,
        syscalls=7,
        faults=5,
        preemptions=4,
        output_bytes=9,
    )
    assert usage_of(statistics) == Usage(1.5, 2.0, 8192, 12288, 9, 7, 5, 4)
