"""One line of a backtrace, and backtraces for people."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Frame:
    """One function that was running when a process stopped: a line of its backtrace.

    For example:

        for frame in process.wait().backtrace:
            print(frame.number, frame.function, frame.file, frame.line)
    """

    number: int
    """How many calls further in; functions that were inlined into one another share a number.

    The middle of a long backtrace is left out: a number is then more than one higher than the one before.
    """

    function: str | None
    file: str | None
    line: int | None
    """Where it was: at the instruction that stopped, or at its call of the next one further in."""

    code_offset: int
    """Bytes from the start of the program's code: of that instruction, or behind that call."""

    inlined: bool
    """Whether it was inlined into the next one of the backtrace, and had no frame of its own."""

    column: int | None = None
    """In the line, from 1 on, counted in bytes; where the compiler says so."""

    source: tuple[str, ...] = ()
    """The line of source, and a caret below it where the column is known; empty unless both are, and to be shown.

    Lines are shown of the files that were named when the program was loaded, and of no other: what file a place belongs
    to is the program's own claim.
    """

    def __str__(self) -> str:
        """``FUNCTION (FILE:LINE)``, as far as known."""
        place = "" if self.file is None else f" ({self.file}:{self.line})"
        return f"{self.function or hex(self.code_offset)}{place}{', inlined' if self.inlined else ''}"


def frame_lines(frames: Iterable[Frame]) -> Iterator[str]:
    """A backtrace for people: a line for each function, its source below it unless that stands above already."""
    number, shown = -1, None
    for frame in frames:
        if frame.number > number + 1:
            yield f"… {frame.number - number - 1} more calls"
        number = frame.number
        yield f"in {frame}"
        if (frame.file, frame.line) != shown:
            yield from (f"    {line}" for line in frame.source)
        shown = frame.file, frame.line
