"""A process can be killed at any moment, from any thread; the first reason to stop is the one that counts."""

from __future__ import annotations

import threading

import pytest

from core.snippets import DATA, SECOND, Workshop, function, pipe
from motte.abi.faults import StopReason
from motte.errors import BadState

READ = f"xorl %edi, %edi\nxorl %esi, %esi\nmovl ${DATA}, %edx\nmovl $1, %ecx\ncall SYSCALL\n"

ACTIVITIES = {
    "guest code": function("main", "again:\nincl %eax\njmp again"),
    "gates": function("main", "pushq %rax\nagain:\nmovl $39, %edi\ncall SYSCALL\njmp again"),
    "copies": function("main", f"pushq %rax\nagain:\nmovl $39, %edi\nmovl ${DATA}, %esi\ncall SYSCALL6\njmp again"),
    "failing copies": function("main", "pushq %rax\nagain:\nxorl %esi, %esi\ncall SYSCALL6\njmp again"),
    "calls": function("main", "again:\npushq %rax\ncall leaf\npopq %rax\njmp again") + function("leaf", "retq"),
    "waiting": function("main", f"pushq %rax\nagain:\n{READ}jmp again"),
}


@pytest.mark.parametrize("rounds", [300, pytest.param(20_000, marks=pytest.mark.long)])
@pytest.mark.parametrize("activity", ACTIVITIES)
def test_a_storm_of_kills_stops_every_process(workshop: Workshop, activity: str, rounds: int) -> None:
    program = workshop.program(ACTIVITIES[activity])
    readable, _ = pipe(workshop)
    for round_number in range(rounds):
        process = workshop.spawn(program, streams=(readable, -1, -1), cpu_ns=None, wall_ns=None)
        process.start()
        # The moment varies from before the thread exists to deep inside the activity.
        for _ in range(round_number % 20 * 50):
            process.state()
        process.kill()
        assert process.wait(5 * SECOND)
        assert process.stop().reason is StopReason.KILLED
        process.close()


@pytest.mark.parametrize("activity", ["guest code", "gates", "waiting"])
def test_a_running_process_is_stopped_where_it_is(workshop: Workshop, activity: str) -> None:
    readable, _ = pipe(workshop)
    process = workshop.spawn(ACTIVITIES[activity], streams=(readable, -1, -1))
    process.start()
    while process.statistics().cpu_ns < 1_000_000 and activity != "waiting":
        pass
    while process.statistics().syscalls == 0 and activity != "guest code":
        pass
    process.kill()
    assert process.wait(5 * SECOND)
    stop = process.stop()
    assert (stop.reason, stop.value, stop.fault) == (StopReason.KILLED, 0, None)
    if activity == "guest code":
        assert stop.registers is not None
        assert stop.registers["rax"] > 0
    if activity == "waiting":
        assert stop.registers is None


def test_threads_may_kill_at_once(workshop: Workshop) -> None:
    process = workshop.spawn(ACTIVITIES["guest code"])
    process.start()
    threads = [threading.Thread(target=process.kill) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert process.wait(5 * SECOND)
    assert process.stop().reason is StopReason.KILLED


def test_a_process_killed_before_its_start_has_stopped(workshop: Workshop) -> None:
    process = workshop.spawn(ACTIVITIES["guest code"])
    process.kill()
    assert process.wait(None)
    assert process.stop().reason is StopReason.KILLED
    with pytest.raises(BadState, match="started before"):
        process.start()


def test_killing_what_has_exited_changes_nothing(workshop: Workshop) -> None:
    process = workshop.run(function("main", "movl $9, %eax\nretq"))
    process.kill()
    assert (process.stop().reason, process.stop().value) == (StopReason.EXITED, 9)
