"""Who is woken when nobody's turn ends: throttled meters, keepers of dry meters, sleepers that were suspended."""

from __future__ import annotations

import time

import pytest

from core.snippets import DATA, MILLISECOND, SECOND, Workshop, function
from motte import core

SPIN = function("main", "again:\njmp again")
FAULT = function("main", "xorl %eax, %eax\nmovl %gs:(%eax), %eax\nretq")
EXIT_EVENT, FAULT_EVENT = 1, 2
NANOSLEEP = 35


def used(process: core.Process) -> int:
    return process.statistics().cpu_ns


def wait_for(condition: object) -> None:
    assert callable(condition)
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_a_throttled_process_goes_on_though_nobody_else_runs(workshop: Workshop) -> None:
    meter = workshop.scheduler.root.sub()
    meter.set_rate(2 * MILLISECOND, 10 * MILLISECOND)
    process = workshop.spawn(SPIN, meter=meter, cpu_ns=None)
    process.start()
    wait_for(lambda: used(process) > 5 * MILLISECOND)


def test_a_throttled_process_goes_on_beside_one_whose_turn_never_ends() -> None:
    workshop = Workshop(scheduler=core.Scheduler(1))
    meter = workshop.scheduler.root.sub()
    meter.set_rate(2 * MILLISECOND, 10 * MILLISECOND)
    throttled, other = workshop.spawn(SPIN, meter=meter, cpu_ns=None), workshop.spawn(SPIN, cpu_ns=None)
    throttled.start()
    other.start()
    wait_for(lambda: used(throttled) > 5 * MILLISECOND)
    workshop.close()


def test_the_keeper_of_a_dry_meter_is_told_while_every_worker_is_busy() -> None:
    workshop = Workshop(scheduler=core.Scheduler(1))
    dry = workshop.scheduler.root.sub()
    dry.set_budget(MILLISECOND)
    for meter in (workshop.scheduler.root, workshop.scheduler.root, dry):
        workshop.spawn(SPIN, meter=meter, cpu_ns=None).start()
    event = workshop.scheduler.next_event(20 * SECOND)
    assert event is not None
    assert event[2] is not None
    assert event[2].identity == dry.identity
    workshop.close()


def test_processes_that_fault_without_end_do_not_keep_a_meters_keeper_from_being_told(workshop: Workshop) -> None:
    dry = workshop.scheduler.root.sub()
    dry.set_budget(MILLISECOND)
    faulting = {process.identity: process for process in (workshop.spawn(FAULT, cpu_ns=None) for _ in range(8))}
    for process in faulting.values():
        process.want_events(FAULT_EVENT)
        process.start()
    spinner = workshop.spawn(SPIN, meter=dry, cpu_ns=None)
    spinner.start()
    wait_for(lambda: dry.state_fields()[6])
    wait_for(lambda: all(process.state() == "faulted" for process in faulting.values()))
    # All eight are in the queue, and each comes back before the next is taken: without turns this would never end.
    for _ in range(4):
        event = workshop.scheduler.next_event(20 * SECOND)
        assert event is not None
        if event[2] is not None:
            assert event[2].identity == dry.identity
            return
        process = faulting[event[0]]
        process.answer(process.question().number, core.Answer.RETRY)
    pytest.fail("the dry meter was not among the first events")


def sleeper(workshop: Workshop, length_ns: int) -> core.Process:
    """A process that has fallen asleep for this long."""
    source = function(
        "main",
        f"pushq %rax\nmovl ${NANOSLEEP}, %edi\nmovl ${DATA}, %esi\nxorl %edx, %edx\ncall SYSCALL\npopq %rcx\nretq",
    )
    segments = [(DATA, (0).to_bytes(8, "little") + length_ns.to_bytes(8, "little"), 0x1_0000, True)]
    process = workshop.spawn(source, segments=segments)
    process.start()
    wait_for(lambda: process.state() == "waiting")
    return process


def test_a_sleeper_that_is_due_while_it_is_suspended_wakes_when_it_is_resumed(workshop: Workshop) -> None:
    process = sleeper(workshop, 20 * MILLISECOND)
    process.suspend()
    wait_for(lambda: process.state() == "suspended")
    assert process.wait(20 * MILLISECOND) is False
    process.resume()
    assert process.wait(20 * SECOND)
    assert process.stop().value == 0


def test_a_sleeper_that_is_resumed_before_it_is_due_sleeps_on(workshop: Workshop) -> None:
    process = sleeper(workshop, 200 * MILLISECOND)
    process.suspend()
    process.resume()
    assert process.state() == "waiting"
    assert process.wait(20 * SECOND)
    assert process.statistics().wall_ns >= 200 * MILLISECOND


def test_a_slice_longer_than_time_itself_never_ends() -> None:
    workshop = Workshop(scheduler=core.Scheduler(1))
    workshop.scheduler.root.set_slice(7_000_000_000_000_000_000)
    first, second = workshop.spawn(SPIN, cpu_ns=None), workshop.spawn(SPIN, cpu_ns=None)
    first.start()
    second.start()
    wait_for(lambda: used(first) + used(second) > 20 * MILLISECOND)
    assert first.statistics().preemptions + second.statistics().preemptions < 10
    workshop.close()
