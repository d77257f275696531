"""Who waits at once for what it starts runs it itself; and whatever it does instead, nothing is lost by that."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

import pytest

from core.snippets import EXIT_SNIPPET, MILLISECOND, SECOND, Workshop, function
from motte import core
from motte.abi.faults import StopReason

TURN_BEGINS = 2
SPIN = function("main", "again:\njmp again")
FAULT = function("main", "xorl %eax, %eax\nmovl %gs:(%eax), %eax\nretq")
ATTEMPTS = 2000
"""Another program may have the processor between a start and a wait, which then is not at once."""


@pytest.fixture
def one() -> Iterator[Workshop]:
    """A workshop whose scheduler has one worker."""
    workshop = Workshop(scheduler=core.Scheduler(1))
    yield workshop
    workshop.close()


class Starter:
    """Starts processes whose next is offered, and tells who ran them."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop
        self.trace = core.Trace(workshop.scheduler, core.Bank(None), 10_000, 1 << TURN_BEGINS)
        self.program = workshop.program(EXIT_SNIPPET)
        workshop.closers.append(self.trace.close)

    def waits_at_once(self) -> None:
        """The calling thread has done so once: its next process is offered."""
        process = self.workshop.run(self.program)
        process.close()

    def first_thread(self, process: core.Process) -> int | None:
        """That its first turn was on."""
        return next(
            (thread for _, _, identity, _, _, _, thread in self.trace.take() if identity == process.identity), None
        )


def until_it_is_run_here(starter: Starter, attempt: Callable[[], core.Process]) -> core.Process:
    """The process of the first attempt that begins on the calling thread."""
    for _ in range(ATTEMPTS):
        starter.waits_at_once()
        process = attempt()
        if starter.first_thread(process) == threading.get_native_id():
            return process
        process.close()
    raise AssertionError("it never was run by whoever has started it")


def test_who_waits_at_once_for_what_it_starts_runs_the_next_one_itself(workshop: Workshop) -> None:
    starter = Starter(workshop)
    process = until_it_is_run_here(starter, lambda: workshop.run(starter.program))
    assert process.stop().reason is StopReason.EXITED


def test_what_is_offered_and_not_waited_for_is_run_by_a_worker(workshop: Workshop) -> None:
    starter = Starter(workshop)
    for _ in range(20):
        starter.waits_at_once()
        process = workshop.spawn(starter.program)
        process.start()
        end = time.monotonic() + 20
        while process.state() != "exited":
            assert time.monotonic() < end
        assert starter.first_thread(process) != threading.get_native_id()


def test_a_second_start_is_the_end_of_an_offer(one: Workshop) -> None:
    starter = Starter(one)
    starter.waits_at_once()
    first, second = one.spawn(starter.program), one.spawn(starter.program)
    first.start()
    second.start()
    assert first.wait(20 * SECOND)
    assert second.wait(20 * SECOND)
    assert starter.first_thread(first) != threading.get_native_id()


def test_a_short_wait_does_not_run_what_it_waits_for_and_lasts_no_longer(one: Workshop) -> None:
    starter = Starter(one)
    program = one.program(SPIN)
    for _ in range(20):
        starter.waits_at_once()
        process = one.spawn(program)
        process.start()
        assert not process.wait(MILLISECOND)
        assert starter.first_thread(process) != threading.get_native_id()
        process.close()


def test_nobody_runs_what_it_has_started_while_all_turns_are_taken(one: Workshop) -> None:
    starter = Starter(one)
    loop = one.spawn(SPIN)
    loop.start()
    for _ in range(20):
        starter.waits_at_once()
        process = one.run(starter.program)
        assert starter.first_thread(process) != threading.get_native_id()


def test_another_thread_that_waits_does_not_run_it(workshop: Workshop) -> None:
    starter = Starter(workshop)
    for _ in range(20):
        starter.waits_at_once()
        process = workshop.spawn(starter.program)
        waiting = threading.Thread(target=process.wait, args=(20 * SECOND,))
        process.start()
        waiting.start()
        waiting.join()
        assert starter.first_thread(process) not in {None, waiting.native_id, threading.get_native_id()}


def test_a_program_that_reaches_blocks_is_run_by_a_worker() -> None:
    workshop = Workshop(reaching=True)
    starter = Starter(workshop)
    for _ in range(20):
        starter.waits_at_once()
        process = workshop.run(starter.program)
        assert starter.first_thread(process) != threading.get_native_id()
    workshop.close()


def test_what_takes_long_goes_on_with_a_worker_and_uses_up_its_own_time(workshop: Workshop) -> None:
    starter, program = Starter(workshop), workshop.program(SPIN)
    process = until_it_is_run_here(starter, lambda: workshop.run(program, cpu_ns=20 * MILLISECOND))
    assert process.stop().reason is StopReason.CPU_LIMIT


def test_a_fault_is_one_wherever_it_happens(workshop: Workshop) -> None:
    starter, program = Starter(workshop), workshop.program(FAULT)
    process = until_it_is_run_here(starter, lambda: workshop.run(program))
    assert process.stop().reason is StopReason.FAULTED


def test_ctrl_c_ends_the_wait_of_who_runs_what_it_waits_for(workshop: Workshop) -> None:
    starter, program = Starter(workshop), workshop.program(SPIN)

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    def attempt() -> core.Process:
        process = workshop.spawn(program)
        signal.setitimer(signal.ITIMER_REAL, 0.0005)
        with pytest.raises(KeyboardInterrupt):
            process.start()
            process.wait(None)
        return process

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        process = until_it_is_run_here(starter, attempt)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert process.state() in {"running", "ready"}
    process.kill()
    assert process.wait(20 * SECOND)
    assert process.stop().reason is StopReason.KILLED


@pytest.mark.parametrize("what", ["kill", "suspend"])
def test_what_runs_where_it_is_waited_for_can_be_stopped_by_others(workshop: Workshop, what: str) -> None:
    starter, program = Starter(workshop), workshop.program(SPIN)

    def attempt() -> core.Process:
        process = workshop.spawn(program)

        def stop() -> None:
            while process.state() in {"created", "ready"}:
                pass
            getattr(process, what)()
            while process.state() in {"running", "ready"}:
                pass
            if what == "suspend":
                assert process.state() == "suspended"
            process.kill()

        stopper = threading.Thread(target=stop)
        stopper.start()
        process.start()
        assert process.wait(20 * SECOND)
        stopper.join()
        return process

    process = until_it_is_run_here(starter, attempt)
    assert process.stop().reason is StopReason.KILLED


def test_several_threads_wait_for_what_one_of_them_runs(workshop: Workshop) -> None:
    starter, program = Starter(workshop), workshop.program(SPIN)

    def attempt() -> core.Process:
        process = workshop.spawn(program, cpu_ns=15 * MILLISECOND)
        seen: list[bool] = []
        waiting = [threading.Thread(target=lambda: seen.append(process.wait(20 * SECOND))) for _ in range(3)]
        for thread in waiting:
            thread.start()
        process.start()
        assert process.wait(20 * SECOND)
        for thread in waiting:
            thread.join()
        assert seen == [True] * 3
        return process

    assert until_it_is_run_here(starter, attempt).stop().reason is StopReason.CPU_LIMIT


@pytest.mark.parametrize("what", ["kill", "suspend", "close"])
def test_what_is_offered_is_in_nobodys_hands(one: Workshop, what: str) -> None:
    starter, program = Starter(one), one.program(SPIN)
    for _ in range(20):
        starter.waits_at_once()
        process = one.spawn(program)
        process.start()
        getattr(process, what)()
        if what == "kill":
            assert process.wait(20 * SECOND)
        if what == "suspend":
            while process.state() != "suspended":
                pass
            process.resume()
            assert not process.wait(MILLISECOND)
        process.close()
        one.run(starter.program).close()


def test_the_next_is_offered_only_to_who_goes_on_waiting_at_once(one: Workshop) -> None:
    starter = Starter(one)
    for _ in range(20):
        starter.waits_at_once()
        late = one.spawn(starter.program)
        late.start()
        while late.state() != "exited":
            pass
        process = one.run(starter.program)
        assert starter.first_thread(process) != threading.get_native_id()
