"""How a process ended, from all that is known about it while it still holds everything."""

from typing import TYPE_CHECKING, Final

from motte.abi.faults import FaultKind, StopReason
from motte.backtrace import backtrace
from motte.exit import Exit, usage_of
from motte.exit_reason import ExitReason
from motte.exit_words import describe_exit, overran
from motte.frame import Frame
from motte.image import Location

if TYPE_CHECKING:
    from motte.core import Process as CoreProcess
    from motte.core import StopRecord
    from motte.program import Program
    from motte.run_limits import RunLimits

EXITED: Final = StopReason.EXITED


def end_of(core: "CoreProcess", program: "Program", limits: "RunLimits", asked: ExitReason | None) -> Exit:
    """The end of a process that has exited; ``asked`` is what the first of those gave who killed it."""
    usage = usage_of(core.statistics_fields())
    status = core.exit_status()
    if status is not None and not overran(usage, limits):
        return Exit(EXITED, status & 0xFF, None, usage, None)
    record = core.stop()
    frames: tuple[Frame, ...] = ()
    if record.reason is not EXITED:
        frames = backtrace(core, program, record.code_offset, limits.backtrace)
    place = _place(program, record, frames)
    end = describe_exit(record, usage, limits, place, frames)
    if end.reason is StopReason.KILLED and asked not in (None, ExitReason.KILLED):
        end = end._replace(message=f"stopped: by an exit signal: {asked}")
    return end


def _place(program: "Program", record: "StopRecord", frames: tuple[Frame, ...]) -> "Location | None":
    """Where a process stopped; in a kernel call, the innermost place with a line: libraries have none."""
    if record.code_offset is not None:
        return program.locations(record.code_offset)[0]
    by_itself = record.fault is FaultKind.BAD_CAST  # a call that no library makes
    known = (frame for frame in frames if by_itself or frame.file is not None)
    return next((Location(frame.function, frame.file, frame.line) for frame in known), None)
