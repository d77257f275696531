"""What a process that asks for something has left itself."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from motte.meter import Meter
    from motte.process import Process


def time_left_ns(process: "Process") -> int | None:
    """Processor time that it may still use, by its own limit and by its meters; ``None``: there is no limit."""
    left: list[int] = []
    if process.limits.cpu_time_ns is not None:
        left.append(process.limits.cpu_time_ns - int(process.statistics().cpu_time * 10**9))
    meter: Meter | None = process.meter
    while meter is not None:
        budget_left = meter.core.state_fields()[1]
        if budget_left is not None:
            left.append(budget_left)
        meter = meter.parent
    return max(min(left), 0) if left else None
