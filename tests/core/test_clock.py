"""The core's own clock: ticks that stand for time."""

from __future__ import annotations

import time

from core.snippets import SECOND, Workshop, function
from motte import core

SLEEP_FOR_EVER = function(
    "main", "pushq %rax\nmovl $7, %edi\nxorl %esi, %esi\nxorl %edx, %edx\nmovq $-1, %rcx\ncall SYSCALL\nud2"
)
SPIN = function("main", "again:\njmp again")


def test_a_wall_limit_is_kept_to_a_thousandth(workshop: Workshop) -> None:
    """Moments are computed in ticks, whose rate is measured when the first scheduler is made."""
    limit = SECOND // 2
    process = workshop.spawn(SLEEP_FOR_EVER, wall_ns=limit)
    begin = time.monotonic_ns()
    process.start()
    assert process.wait(60 * SECOND)
    assert time.monotonic_ns() - begin >= limit * 999 // 1000
    assert process.statistics().wall_ns >= limit * 999 // 1000


def test_what_a_loop_uses_is_no_more_than_the_time_that_went_by(workshop: Workshop) -> None:
    scheduler = core.Scheduler(1)
    workshop.closers.insert(0, scheduler.close)
    process = workshop.spawn(SPIN, meter=scheduler.root, cpu_ns=SECOND // 4)
    begin = time.monotonic_ns()
    process.start()
    assert process.wait(60 * SECOND)
    elapsed = time.monotonic_ns() - begin
    assert SECOND // 4 * 999 // 1000 <= process.statistics().cpu_ns <= elapsed
