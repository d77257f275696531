"""What came of a run."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from motte.card import Card, Shown
from motte.exit import Exit, Fault, Usage
from motte.frame import Frame

if TYPE_CHECKING:
    from motte.abi.faults import StopReason
    from motte.process import Process


@dataclass(frozen=True, slots=True)
class Completed(Shown):
    """A finished run.

    For example:

        done = motte.run("wordcount.c", ["-l"], stdin=b"some text", memory="16MiB")
        print(done.returncode, done.stdout, done.message)
    """

    reason: "StopReason"
    returncode: int
    """The guest's own exit status, or that of what stopped it: 124 a time limit, 139 a memory fault …"""

    stdout: bytes
    """What it wrote; empty if that went elsewhere."""

    stderr: bytes
    fault: Fault | None
    usage: Usage
    message: str | None
    """One line about what stopped it; ``None`` after an ordinary exit."""

    backtrace: tuple[Frame, ...]
    """As in :class:`motte.Exit`."""

    def card(self) -> Card:
        """What rich consoles and notebooks show: how it ended, and the last lines that it wrote."""
        from motte.report import last_lines

        end = Exit(self.reason, self.returncode, self.fault, self.usage, self.message, self.backtrace).card()
        written = (("stdout", self.stdout), ("stderr", self.stderr))
        return replace(end, facts=(*end.facts, *((name, last_lines(data)) for name, data in written if data)))


def completed(process: "Process", end: Exit) -> Completed:
    """Of a process that has ended."""
    return Completed(
        reason=end.reason,
        returncode=end.returncode,
        stdout=process.captured_if_any(1) or b"",
        stderr=process.captured_if_any(2) or b"",
        fault=end.fault,
        usage=end.usage,
        message=end.message,
        backtrace=end.backtrace,
    )
