"""The limits that one process runs under, checked and in the core's units."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from motte.abi.layout import PAGE_SIZE
from motte.core import Terms
from motte.expected import expect
from motte.isolation import Isolation, checked_isolation, runs_in_cell
from motte.quantities import Duration, Size, duration_ns, size_bytes

MOST_CALLS: Final = 1 << 16
"""The longest backtrace that can be asked for."""


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
    backtrace: int
    """Calls that a backtrace tells of."""

    processes: int
    """Processes that may come of it, itself included."""

    isolation: Isolation = "fault"

    terms: Terms = field(init=False, repr=False, compare=False)
    """Those that the core keeps, as it wants them."""

    def __post_init__(self) -> None:
        """Tell the core."""
        terms = Terms(
            native_stack=self.native_stack,
            cpu_ns=self.cpu_time_until_stop_ns,
            wall_ns=self.wall_time_ns,
            output_limit=self.output,
            open_files=self.open_files,
            in_cell=runs_in_cell(self.isolation),
        )
        object.__setattr__(self, "terms", terms)

    @property
    def cpu_time_until_stop_ns(self) -> int | None:
        """CPU time after which the core stops the process: the limit and the extra time beyond it."""
        return None if self.cpu_time_ns is None else self.cpu_time_ns + self.extra_time_ns


def run_limits(
    *,
    memory: int | None,
    time: Duration,
    extra_time: Duration,
    wall_time: Duration,
    stack: Size,
    data_stack: Size,
    output_limit: Size,
    open_files: int,
    backtrace: int,
    processes: int,
    isolation: Isolation,
) -> RunLimits:
    """The limits as users write them, read.  Raises ``ValueError`` and ``TypeError`` with the limit's name."""
    stacks = (stack, data_stack)
    written = (memory, time, extra_time, wall_time, *stacks, output_limit, open_files, backtrace, processes, isolation)
    try:
        return _read_before(*written)
    except TypeError:  # one of them cannot be looked up; which one is wrong, reading says
        return _read(*written)


def _read(  # noqa: PLR0917 (the limits, in the order of run_limits)
    memory: int | None,
    time: Duration,
    extra_time: Duration,
    wall_time: Duration,
    stack: Size,
    data_stack: Size,
    output_limit: Size,
    open_files: int,
    backtrace: int,
    processes: int,
    isolation: Isolation,
) -> RunLimits:
    expect("backtrace", backtrace, int)
    expect("processes", processes, int)
    expect("open_files", open_files, int)
    if not 0 <= backtrace <= MOST_CALLS:
        raise ValueError(f"backtrace: {backtrace} is not between 0 and {MOST_CALLS}")
    if processes < 1:
        raise ValueError(f"processes: {processes} is not 1 at least")
    return RunLimits(
        memory=memory,
        cpu_time_ns=duration_ns(time, "time"),
        extra_time_ns=duration_ns(extra_time, "extra_time") or 0,
        wall_time_ns=duration_ns(wall_time, "wall_time"),
        native_stack=_stack_size(stack, "stack"),
        data_stack=_stack_size(data_stack, "data_stack"),
        output=size_bytes(output_limit, "output_limit"),
        open_files=open_files,
        backtrace=backtrace,
        processes=processes,
        isolation=checked_isolation(isolation),
    )


# Most processes of a machine have the same limits.  By type, because True is no number of seconds, and 1 is.
_read_before = lru_cache(maxsize=32, typed=True)(_read)


def _stack_size(value: Size, what: str) -> int:
    size = size_bytes(value, what)
    if size is None:
        raise ValueError(f"{what}: a stack needs a size")
    return -(-size // PAGE_SIZE) * PAGE_SIZE
