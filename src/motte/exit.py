"""How a process ended, as values: its exit status, its fault, what stopped it, what it used.

What every process has one of is a named tuple: a frozen dataclass takes three times as long to make.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from motte.abi.faults import FaultKind, StopReason
from motte.abi.layout import PAGE_SIZE
from motte.card import BAD, GOOD, Card, Shown, html_of, rich_of
from motte.frame import Frame, frame_lines
from motte.quantities import format_duration, format_size

if TYPE_CHECKING:
    from rich.console import RenderableType


class Usage(NamedTuple):
    """What a process has used up to now, or in all when it has ended.

    For example:

        usage = process.statistics()
        print(usage.cpu_time, usage.peak_memory)
    """

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

    def __str__(self) -> str:
        """For people: ``CPU 0.4 ms, wall 0.5 ms, memory 148 KiB at most``."""
        cpu, wall = (format_duration(round(seconds * 10**9)) for seconds in (self.cpu_time, self.wall_time))
        return f"CPU {cpu}, wall {wall}, memory {format_size(self.peak_memory)} at most"


def usage_of(statistics: tuple[int, int, int, int, int, int, int, int]) -> Usage:
    """The core's counters, in the order of its ``Statistics``, in seconds and bytes."""
    cpu_ns, wall_ns, peak_pages, pages, system_calls, page_faults, preemptions, output = statistics
    return Usage(
        cpu_ns / 10**9,
        wall_ns / 10**9,
        pages * PAGE_SIZE,
        peak_pages * PAGE_SIZE,
        output,
        system_calls,
        page_faults,
        preemptions,
    )


@dataclass(frozen=True, slots=True)
class Fault(Shown):
    """What the guest did that the machine could not let pass; ``str()`` gives the one line for people.

    For example:

        fault = process.wait().fault
        if fault is not None:
            print(fault.kind.name, fault.function, fault.line)
    """

    kind: FaultKind
    address: int | None
    """Window address of the access, the refused function pointer cut to the function table's size, or the integer (of
    64 bits) that a bad cast made a pointer.

    ``None`` where there is none, as for an overflow of the native stack, which is not in the window.
    """

    access: str | None
    """``"read"``, ``"write"`` or ``None``; ``"execute"`` where a bad cast was to be called."""

    function: str | None
    file: str | None
    line: int | None
    code_offset: int | None
    """Bytes from the start of the program's code, as ``motte inspect --disassemble`` shows them."""

    text: str
    """One line: what, where, and which limit."""

    backtrace: tuple[Frame, ...] = ()
    """The functions that were running, the innermost first; at most as many calls as ``backtrace`` allowed."""

    def __str__(self) -> str:
        """The one line for people."""
        return self.text

    def card(self) -> Card:
        """The line, the source, and who had called whom."""
        return Card(self.text, lines=tuple(frame_lines(self.backtrace)), mood=BAD)


class Exit(NamedTuple):
    """How a process ended."""

    reason: StopReason
    returncode: int
    """The guest's own exit status, or the one that README.md's table gives for what stopped it."""

    fault: Fault | None
    usage: Usage
    message: str | None
    """One line for people about what stopped it; ``None`` after an ordinary exit."""

    backtrace: tuple[Frame, ...] = ()
    """The functions that were running, the innermost first; empty after an ordinary exit."""

    def card(self) -> Card:
        """What stopped it, or its exit status; where, and what it used."""
        title = self.message or f"exited with status {self.returncode}"
        mood = GOOD if self.message is None and self.returncode == 0 else BAD
        return Card(title, (("used", str(self.usage)),), tuple(frame_lines(self.backtrace)), mood=mood)

    def __rich__(self) -> "RenderableType":
        """For rich: ``rich.print(exit)``."""
        return rich_of(self.card())

    def _repr_html_(self) -> str:
        return html_of(self.card())
