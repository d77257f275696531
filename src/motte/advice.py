"""What a developer can do about an end, in one line each: limits to raise, options that tell more.

Facts only.  What the program's own author has to mend is what the fault's line already says.
"""

from typing import TYPE_CHECKING, Final

from motte.abi.faults import FaultKind, StopReason

if TYPE_CHECKING:
    from motte.exit import Exit

_OF_FAULT: Final = {
    FaultKind.NATIVE_STACK_OVERFLOW: "more: stack= (--stack), at most 64 MiB",
    FaultKind.DATA_STACK_OVERFLOW: "more: data_stack= (--data-stack)",
    FaultKind.BAD_INDIRECT_CALL: "the pointer is null, no function's, or its type is not the function's",
    FaultKind.BAD_LONG_JUMP: "the function that called setjmp has returned, or the buffer was overwritten",
    FaultKind.ILLEGAL_INSTRUCTION: "a trap, or a path that C does not define; optimization=0 (-O 0) may show more",
    FaultKind.KERNEL_CALL_MISUSE: "the program calls the kernel by itself: build it against the guest library",
    FaultKind.NULL_PAGE: "a pointer is null, or a member of something that is",
    FaultKind.UNMAPPED: "a wild or freed pointer; checked='use' (--checked) finds where it was made from an integer",
}

_OF_REASON: Final = {
    StopReason.CPU_LIMIT: "more: time= (--time), or a meter with more budget; extra_time= shows what it needs",
    StopReason.WALL_LIMIT: "more: wall_time= (--wall-time)",
    StopReason.OUTPUT_LIMIT: "more: output_limit= (--output-limit)",
}

NO_LINES: Final = "no lines: build with debug=True (-g) to see file and line"


def advice_on(end: "Exit") -> tuple[str, ...]:
    """What can be done, if anything; nothing after an ordinary exit."""
    found = [_OF_REASON.get(end.reason), None if end.fault is None else _OF_FAULT.get(end.fault.kind)]
    if end.backtrace and not any(frame.file for frame in end.backtrace):
        found.append(NO_LINES)
    return tuple(line for line in found if line)
