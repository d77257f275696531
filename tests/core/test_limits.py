"""Limits on time: a loop is stopped within 5 ms, a process that waits pays nothing."""

from __future__ import annotations

import os

import pytest

from core.snippets import DATA, MILLISECOND, SECOND, Workshop, function, pipe, script
from motte.abi.faults import StopReason

SLACK = 5 * MILLISECOND

SPIN = function("main", "again:\njmp again")
SPIN_IN_GATES = function("main", "pushq %rax\nagain:\nmovl $39, %edi\ncall SYSCALL\njmp again")
SPIN_IN_FAILING_COPIES = function("main", "pushq %rax\nagain:\nxorl %esi, %esi\ncall SYSCALL6\njmp again")

LOOPS = {"guest code": SPIN, "gates": SPIN_IN_GATES, "faulting copies": SPIN_IN_FAILING_COPIES}


@pytest.mark.parametrize("limit", [MILLISECOND, 15 * MILLISECOND, 100 * MILLISECOND])
@pytest.mark.parametrize("loop", LOOPS)
def test_a_loop_is_stopped_within_5_ms_of_cpu_time(workshop: Workshop, loop: str, limit: int) -> None:
    process = workshop.run(LOOPS[loop], cpu_ns=limit)
    assert process.stop().reason is StopReason.CPU_LIMIT
    assert limit <= process.statistics().cpu_ns <= limit + SLACK


def test_the_cpu_limit_holds_for_processes_that_share_a_cpu(workshop: Workshop) -> None:
    program = workshop.program(SPIN)
    crowd = [workshop.spawn(program, cpu_ns=60 * MILLISECOND) for _ in range(3 * (os.cpu_count() or 1))]
    for process in crowd:
        process.start()
    for process in crowd:
        assert process.wait(60 * SECOND)
        assert process.stop().reason is StopReason.CPU_LIMIT
        assert 60 * MILLISECOND <= process.statistics().cpu_ns <= 60 * MILLISECOND + SLACK


@pytest.mark.parametrize("loop", LOOPS)
def test_a_loop_is_stopped_at_the_wall_limit(workshop: Workshop, loop: str) -> None:
    process = workshop.run(LOOPS[loop], wall_ns=30 * MILLISECOND)
    assert process.stop().reason is StopReason.WALL_LIMIT
    assert process.statistics().wall_ns >= 30 * MILLISECOND


def test_a_process_that_waits_is_stopped_at_the_wall_limit(workshop: Workshop) -> None:
    readable, _ = pipe(workshop)
    process = workshop.spawn(
        function(
            "main",
            f"pushq %rax\nxorl %edi, %edi\nxorl %esi, %esi\nmovl ${DATA}, %edx\nmovl $1, %ecx\ncall SYSCALL\nud2",
        ),
        streams=(readable, -1, -1),
        wall_ns=30 * MILLISECOND,
    )
    process.start()
    assert process.wait(60 * SECOND)
    assert process.stop().reason is StopReason.WALL_LIMIT
    assert process.statistics().cpu_ns < 30 * MILLISECOND


def test_waiting_does_not_use_up_the_cpu_limit(workshop: Workshop) -> None:
    nanosleep, interval = 35, 40 * MILLISECOND
    duration = DATA + 5 * 8  # the call's own last two words
    results, process = script(workshop, [(nanosleep, duration, 0, 0, 0, 0, interval)], cpu_ns=25 * MILLISECOND)
    assert results == [0]
    assert process.statistics().wall_ns >= interval
    assert process.statistics().preemptions == 0


def test_without_limits_no_signal_is_sent(workshop: Workshop) -> None:
    count = function("main", "movl $50000000, %eax\nagain:\ndecl %eax\njne again\nretq")
    process = workshop.run(count, cpu_ns=None, wall_ns=None)
    assert process.stop().value == 0
    assert process.statistics().preemptions == 0
