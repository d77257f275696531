"""How long turns are while others wait, whoever ends them: the slice thread, or the workers' own timers."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import pytest

from core.snippets import MILLISECOND, SECOND, Workshop, function
from motte import core

TURN_BEGINS, TURN_ENDS = 2, 3
SPIN = function("main", "again:\njmp again")
STRETCH = 100 * MILLISECOND


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("slice_ns", [200_000, MILLISECOND, 4 * MILLISECOND])
def test_most_turns_last_one_slice_by_the_clock_and_none_is_charged_much_more(workers: int, slice_ns: int) -> None:
    workshop = Workshop(scheduler=core.Scheduler(workers))
    root = workshop.scheduler.root
    root.set_slice(slice_ns)
    program = workshop.program(SPIN)
    for _ in range(5):
        workshop.spawn(program, cpu_ns=None, wall_ns=None).start()
    trace = core.Trace(workshop.scheduler, core.Bank(None), 1_000_000)
    while root.state_fields()[0] < STRETCH:
        time.sleep(0.001)
    used_ns, _, used_ticks, *_ = root.state_fields()
    begun: dict[int, int] = {}
    lasted, charged = [], []
    for _, kind, process, moment, used, _, _ in trace.take():
        if kind == TURN_BEGINS:
            begun[process] = moment
        elif kind == TURN_ENDS and process in begun:
            lasted.append((moment - begun[process]) / slice_ns)
            charged.append(used / used_ticks * used_ns / slice_ns)
    trace.close()
    workshop.close()
    # The slice thread ends turns up to 0.6 ms early; the last turn of each worker was cut short.
    assert sum(length < 0.39 for length in lasted) <= workers
    assert statistics.median(lasted) > 0.85
    assert statistics.median(charged) < 1.2


def test_the_slice_thread_is_there_only_once_somebody_waits_and_ends_with_its_scheduler() -> None:
    def count() -> int:
        return len(list(Path("/proc/self/task").iterdir()))

    workshop = Workshop(scheduler=core.Scheduler(1))
    program = workshop.program(SPIN)
    before = count()
    workshop.spawn(program, cpu_ns=None, wall_ns=None).start()
    while workshop.scheduler.root.state_fields()[0] < 3 * MILLISECOND:
        time.sleep(0.001)
    assert count() == before + 1
    workshop.spawn(program, cpu_ns=None, wall_ns=None).start()
    end = time.monotonic() + 20
    while count() < before + 2:
        assert time.monotonic() < end
        time.sleep(0.001)
    workshop.close()
    assert count() == before


def test_a_budget_ends_in_the_middle_of_a_slice_that_another_waits_for() -> None:
    workshop = Workshop(scheduler=core.Scheduler(1))
    program = workshop.program(SPIN)
    root = workshop.scheduler.root
    root.set_slice(100 * MILLISECOND)
    limited, other = workshop.spawn(program, cpu_ns=5 * MILLISECOND), workshop.spawn(program, cpu_ns=None, wall_ns=None)
    other.start()
    limited.start()
    assert limited.wait(20 * SECOND)
    assert limited.statistics().cpu_ns < 8 * MILLISECOND
    workshop.close()
