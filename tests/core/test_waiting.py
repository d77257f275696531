"""Waiting for a process: with a timeout, and with Python's signals."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

import pytest

from core.snippets import MILLISECOND, SECOND, Workshop, function
from motte.abi.faults import StopReason
from motte.errors import BadState, Closed

SPIN = function("main", "again:\njmp again")
EXIT = function("main", "xorl %eax, %eax\nretq")


@pytest.fixture
def alarm() -> Iterator[list[int]]:
    """A handler for SIGALRM that notes the signal; tests replace it or set the timer."""
    seen: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _frame: seen.append(number))
    yield seen
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_a_wait_ends_with_its_timeout(workshop: Workshop) -> None:
    process = workshop.spawn(SPIN)
    process.start()
    assert process.wait(0) is False
    assert process.wait(10 * MILLISECOND) is False
    assert process.state() == "running"
    process.kill()
    assert process.wait(None) is True


def test_ctrl_c_ends_a_wait_and_leaves_the_process_running(workshop: Workshop, alarm: list[int]) -> None:
    process = workshop.spawn(SPIN)
    process.start()

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    with pytest.raises(KeyboardInterrupt):
        process.wait(None)
    assert process.state() == "running"
    assert alarm == []


def test_a_handler_that_returns_does_not_end_a_wait(workshop: Workshop, alarm: list[int]) -> None:
    process = workshop.spawn(SPIN, cpu_ns=None, wall_ns=60 * MILLISECOND)
    signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)
    process.start()
    assert process.wait(60 * SECOND) is True
    assert process.stop().reason is StopReason.WALL_LIMIT
    assert len(alarm) > 1


def test_a_worker_without_work_stays_awake_for_a_moment_only(workshop: Workshop) -> None:
    for _ in range(10):
        workshop.run(EXIT)
        before = time.process_time_ns()
        time.sleep(0.01)
        assert time.process_time_ns() - before < 5 * MILLISECOND


def test_a_wait_does_not_hold_the_gil(workshop: Workshop) -> None:
    process = workshop.spawn(SPIN)
    process.start()
    killer = threading.Timer(0.01, process.kill)
    killer.start()
    assert process.wait(60 * SECOND)
    killer.join()


def test_closing_ends_other_threads_waits(workshop: Workshop) -> None:
    process = workshop.spawn(SPIN)
    process.start()
    results: list[bool] = []
    waiters = [threading.Thread(target=lambda: results.append(process.wait(60 * SECOND))) for _ in range(4)]
    for waiter in waiters:
        waiter.start()
    process.wait(10 * MILLISECOND)
    process.close()
    for waiter in waiters:
        waiter.join()
    assert results == [True] * 4


def test_states_follow_a_processs_life(workshop: Workshop) -> None:
    process = workshop.spawn(EXIT)
    assert process.state() == "created"
    with pytest.raises(BadState, match="has not ended"):
        process.stop()
    process.start()
    assert process.wait(60 * SECOND)
    assert process.state() == "exited"
    with pytest.raises(BadState, match="started before"):
        process.start()
    process.close()
    process.close()
    assert process.state() == "closed"


@pytest.mark.parametrize("method", ["start", "kill", "stop", "statistics"])
def test_a_closed_process_refuses(workshop: Workshop, method: str) -> None:
    process = workshop.run(EXIT)
    process.close()
    with pytest.raises(Closed, match="this process was closed"):
        getattr(process, method)()


def test_a_closed_process_refuses_to_be_waited_for_or_read(workshop: Workshop) -> None:
    process = workshop.run(EXIT)
    process.close()
    with pytest.raises(Closed):
        process.wait(0)
    with pytest.raises(Closed):
        process.read_memory(0x1_1000, 1)


def test_a_process_that_nobody_closed_warns_and_is_stopped(workshop: Workshop) -> None:
    program = workshop.program(SPIN)
    process = workshop.spawn(program)
    workshop.closers.pop()
    process.start()
    with pytest.warns(ResourceWarning, match="unclosed process"):
        del process
