"""What ``motte run --meta FILE`` writes: how the run ended, for programs that call programs.

The status word tells a guest's own 124 from ours.  The file is written at the very end,
whatever happened; it may be a pipe.
"""

import json
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from motte.abi.faults import EXIT_INTERRUPTED, EXIT_REFUSED, EXIT_USAGE, StopReason
from motte.errors import CompileError, LimitReached, Refused
from motte.exit import Exit
from motte.report import backtrace_record, fault_record

STATUS: Final = {
    StopReason.EXITED: "exited",
    StopReason.FAULTED: "fault",
    StopReason.SIGNALLED: "signal",
    StopReason.KILLED: "killed",
    StopReason.CPU_LIMIT: "cpu-limit",
    StopReason.WALL_LIMIT: "wall-limit",
    StopReason.OUTPUT_LIMIT: "output-limit",
}
"""Besides these: ``interrupted``, ``compile-error``, ``refused`` and ``error``, where nothing ran or came to an end."""

_NOTHING_RAN: Final[dict[str, Any]] = {
    "fault": None,
    "backtrace": [],
    "cpu_time": None,
    "wall_time": None,
    "peak_memory": None,
    "counters": None,
}


class Meta:
    """The record of one run; written when the ``with`` block ends, if a file was named."""

    def __init__(self, path: str | None) -> None:
        """``path`` is the file to write, if any."""
        self._path = None if path is None else Path(path)
        self._record: dict[str, Any] = {}

    def ended(self, end: Exit) -> None:
        """The guest came to an end."""
        self._record = {"status": STATUS[end.reason], **_described(end)}

    def interrupted(self, end: Exit) -> None:
        """Ctrl-C; the process was killed for it."""
        self._record = {"status": "interrupted", **_described(end), "exit_code": EXIT_INTERRUPTED, "message": "Ctrl-C"}

    def __enter__(self) -> "Meta":
        """The record itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Write; an exception on its way out is recorded, and goes on."""
        if self._path is None:
            return
        record = self._record or _failure(error)
        self._path.write_text(json.dumps(record, indent=2) + "\n")


def _described(end: Exit) -> dict[str, Any]:
    return {
        "exit_code": end.returncode,
        "message": end.message,
        "fault": None if end.fault is None else fault_record(end.fault),
        "backtrace": backtrace_record(end.backtrace),
        "cpu_time": end.usage.cpu_time,
        "wall_time": end.usage.wall_time,
        "peak_memory": end.usage.peak_memory,
        "counters": {
            "output_bytes": end.usage.output,
            "system_calls": end.usage.system_calls,
            "page_faults": end.usage.page_faults,
            "preemptions": end.usage.preemptions,
        },
    }


def _failure(error: BaseException | None) -> dict[str, Any]:
    if isinstance(error, CompileError):
        status, exit_code, message = "compile-error", EXIT_REFUSED, error.diagnostics
    elif isinstance(error, Refused | LimitReached):
        status, exit_code, message = "refused", EXIT_REFUSED, str(error)
    elif isinstance(error, KeyboardInterrupt):
        status, exit_code, message = "interrupted", EXIT_INTERRUPTED, "Ctrl-C"
    else:
        status, exit_code, message = "error", EXIT_USAGE, str(error)
    return {"status": status, "exit_code": exit_code, "message": message, **_NOTHING_RAN}
