"""Who had called whom when a process stopped, from what the core and the program's artifact know.

The core finds the calls by the frame map, which the verifier made; the artifact tells their functions and source lines.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from motte.frame import Frame

if TYPE_CHECKING:
    from motte.core import Process as CoreProcess
    from motte.program import Program


def backtrace(core: "CoreProcess", program: "Program", stopped_at: int | None, limit: int) -> tuple[Frame, ...]:
    """The functions that were running in a stopped process, the innermost first; at most ``limit`` calls.

    ``stopped_at`` is the code offset of the instruction, ``None`` if the process was in a kernel call.
    """
    if limit == 0:
        return ()
    frames: list[Frame] = []
    first = 0
    if stopped_at is not None:
        frames += _functions_at(program, 0, stopped_at, stopped_at)
        first, limit = 1, limit - 1
    for number, behind in core.frames(limit)[1]:
        # The call's own last byte: what follows it may be another line's.
        frames += _functions_at(program, number + first, behind, behind - 1)
    return tuple(frames)


def _functions_at(program: "Program", number: int, code_offset: int, place: int) -> Iterator[Frame]:
    locations = program.locations(place)
    for location in locations:
        inlined = location is not locations[-1]
        source = program.sources.shown(location.file, location.line, location.column)
        yield Frame(
            number, location.function, location.file, location.line, code_offset, inlined, location.column, source
        )
