"""Many processes on few workers: whose turn it is, what a meter makes of it, who stands still."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from core.snippets import DATA, MILLISECOND, SECOND, Program, Workshop, function, pipe
from motte import core
from motte.abi.faults import StopReason
from motte.errors import BadState

SPIN = function("main", "again:\nincq %gs:DATA(,%eiz)\njmp again")
# Sleeps (nanosleep) for the nanoseconds in its second argument's place, then exits with 3.
NAP = function(
    "main",
    f"pushq %rax\nmovq $0, %gs:{DATA}(,%eiz)\nmovq $20000000, %gs:{DATA + 8}(,%eiz)\n"
    f"movl $35, %edi\nmovl ${DATA}, %esi\nxorl %edx, %edx\ncall SYSCALL\npopq %rcx\nmovl $3, %eax\nretq",
)
SLEEP_FOR_EVER = function(
    "main", "pushq %rax\nmovl $7, %edi\nxorl %esi, %esi\nxorl %edx, %edx\nmovq $-1, %rcx\ncall SYSCALL\nud2"
)
YIELD = function("main", "pushq %rax\nagain:\nincq %gs:DATA(,%eiz)\nmovl $24, %edi\ncall SYSCALL\njmp again")
READ = function(
    "main",
    f"pushq %rax\nxorl %edi, %edi\nxorl %esi, %esi\nmovl ${DATA}, %edx\nmovl $1, %ecx\ncall SYSCALL\npopq %rcx\nretq",
)


class One:
    """A scheduler with one worker, and processes that are never stopped by their own limits."""

    def __init__(self, workshop: Workshop, workers: int = 1) -> None:
        self.workshop = workshop
        self.scheduler = core.Scheduler(workers)
        workshop.closers.insert(0, self.scheduler.close)

    def spawn(self, program: Program, meter: core.Meter | None = None) -> core.Process:
        return self.workshop.spawn(program, meter=meter or self.scheduler.root, cpu_ns=None, wall_ns=None)


def used(meter: core.Meter) -> int:
    return meter.state_fields()[0]


def wait_until_used(meter: core.Meter, ns: int) -> None:
    while used(meter) < ns:
        time.sleep(0.001)


def start_together(root: core.Meter, processes: list[core.Process]) -> None:
    """Whoever came first would have had the worker to itself while the host starts the others."""
    root.set_on(False)
    for process in processes:
        process.start()
    root.set_on(True)


def stand_still(root: core.Meter, processes: list[core.Process]) -> None:
    """What is under way is counted by the clock, as if the host had given the worker all this time."""
    root.set_on(False)
    while any(process.state() == "running" for process in processes):
        pass


def counter(process: core.Process) -> int:
    return int.from_bytes(process.read_memory(DATA, 8), "little")


def test_a_hundred_endless_loops_share_one_worker(workshop: Workshop) -> None:
    one = One(workshop)
    program = workshop.program(SPIN)
    spinners = [one.spawn(program) for _ in range(100)]
    start_together(one.scheduler.root, spinners)
    wait_until_used(one.scheduler.root, 400 * MILLISECOND)
    stand_still(one.scheduler.root, spinners)
    times = [spinner.statistics().cpu_ns for spinner in spinners]
    assert min(times) > 0
    assert max(times) - min(times) <= 3 * MILLISECOND  # a slice more, or less, and the latency of interruptions
    assert all(counter(spinner) > 0 for spinner in spinners)


@pytest.mark.parametrize("weights", [(1, 2, 3), (100, 100, 1000)])
def test_weights_are_shares(workshop: Workshop, weights: tuple[int, ...]) -> None:
    one = One(workshop)
    program = workshop.program(SPIN)
    meters = [one.scheduler.root.sub() for _ in weights]
    spinners = [one.spawn(program, meter) for meter in meters]
    for meter, weight in zip(meters, weights, strict=True):
        meter.set_weight(weight)
    start_together(one.scheduler.root, spinners)
    wait_until_used(one.scheduler.root, 600 * MILLISECOND)
    stand_still(one.scheduler.root, spinners)
    total = used(one.scheduler.root)
    for meter, weight in zip(meters, weights, strict=True):
        # One slice, and the latency of interruptions on a host that has other things to do.
        assert abs(used(meter) - total * weight / sum(weights)) <= 4 * MILLISECOND


def test_what_children_use_is_what_the_parent_used_exactly(workshop: Workshop) -> None:
    one = One(workshop, workers=2)
    program = workshop.program(SPIN)
    parent = one.scheduler.root.sub()
    children = [parent.sub() for _ in range(3)]
    for child in children:
        one.spawn(program, child).start()
    wait_until_used(parent, 50 * MILLISECOND)
    parent.set_on(False)
    stopped = [child.state_fields()[2] for child in children]
    while (again := [child.state_fields()[2] for child in children]) != stopped:  # the last turns end
        stopped = again
    assert parent.state_fields()[2] == sum(stopped)


def test_a_meter_that_is_off_stops_at_an_instruction_and_goes_on_there(workshop: Workshop) -> None:
    one = One(workshop)
    process = one.spawn(workshop.program(SPIN))
    process.start()
    wait_until_used(one.scheduler.root, 5 * MILLISECOND)
    one.scheduler.root.set_on(False)
    while process.state() == "running":
        pass
    before = counter(process)
    assert process.wait(20 * MILLISECOND) is False
    assert counter(process) == before
    one.scheduler.root.set_on(True)
    while counter(process) == before:
        pass


def test_a_dry_meter_is_told_of_once_and_a_refill_goes_on(workshop: Workshop) -> None:
    one = One(workshop)
    meter = one.scheduler.root.sub()
    meter.set_budget(10 * MILLISECOND)
    process = one.spawn(workshop.program(SPIN), meter)
    process.start()
    event = one.scheduler.next_event(5 * SECOND)
    assert event is not None
    assert event[2] is not None
    assert event[2].identity == meter.identity
    assert one.scheduler.next_event(20 * MILLISECOND) is None
    before = counter(process)
    assert 10 * MILLISECOND <= used(meter) < 15 * MILLISECOND
    meter.refill(10 * MILLISECOND)
    assert one.scheduler.next_event(5 * SECOND) is not None
    assert counter(process) > before
    assert 20 * MILLISECOND <= used(meter) < 25 * MILLISECOND


def test_a_rate_is_kept_by_one_that_runs_alone(workshop: Workshop) -> None:
    """A tenth of a processor, though the worker has nothing else to do."""
    one = One(workshop)
    meter = one.scheduler.root.sub()
    meter.set_rate(2 * MILLISECOND, 20 * MILLISECOND)
    begin = time.monotonic_ns()
    one.spawn(workshop.program(SPIN), meter).start()
    wait_until_used(meter, 20 * MILLISECOND)
    elapsed = time.monotonic_ns() - begin
    assert elapsed >= 170 * MILLISECOND  # nine periods had to go by for the last of ten parts


def test_sleepers_need_no_thread_and_wake_in_time(workshop: Workshop) -> None:
    one = One(workshop)
    program = workshop.program(NAP)
    sleepers = [one.spawn(program) for _ in range(300)]
    begin = time.monotonic_ns()
    for sleeper in sleepers:
        sleeper.start()
    threads = threading.active_count()
    for sleeper in sleepers:
        assert sleeper.wait(10 * SECOND)
        assert (sleeper.stop().reason, sleeper.stop().value) == (StopReason.EXITED, 3)
        assert sleeper.statistics().wall_ns >= 20 * MILLISECOND
    assert time.monotonic_ns() - begin < 5 * SECOND
    assert threading.active_count() == threads


def test_waiting_for_ever_costs_no_time_and_can_be_killed(workshop: Workshop) -> None:
    one = One(workshop)
    process = one.spawn(workshop.program(SLEEP_FOR_EVER))
    process.start()
    while process.state() != "waiting":
        pass
    before = used(one.scheduler.root)
    assert process.wait(20 * MILLISECOND) is False
    assert used(one.scheduler.root) == before
    process.kill()
    assert process.wait(SECOND)
    assert process.stop().reason is StopReason.KILLED


def test_those_who_yield_take_turns(workshop: Workshop) -> None:
    one = One(workshop)
    program = workshop.program(YIELD)
    processes = [one.spawn(program) for _ in range(3)]
    start_together(one.scheduler.root, processes)
    wait_until_used(one.scheduler.root, 30 * MILLISECOND)
    stand_still(one.scheduler.root, processes)
    assert min(counter(process) for process in processes) > 100


def test_a_process_that_waits_for_input_leaves_the_worker_to_others(workshop: Workshop) -> None:
    one = One(workshop)
    readable, writable = pipe(workshop)
    reader = workshop.spawn(READ, streams=(readable, -1, -1), meter=one.scheduler.root)
    reader.start()
    while reader.statistics().syscalls == 0:
        pass
    spinner = one.spawn(workshop.program(SPIN))
    spinner.start()
    while counter(spinner) == 0:
        pass
    assert reader.state() == "calling"
    with open(writable, "wb", closefd=False) as file:
        file.write(b"x")
    assert reader.wait(5 * SECOND)
    assert reader.stop().value == 1


def test_a_suspended_process_stands_still(workshop: Workshop) -> None:
    one = One(workshop)
    process = one.spawn(workshop.program(SPIN))
    with pytest.raises(BadState):
        process.suspend()
    process.start()
    wait_until_used(one.scheduler.root, 2 * MILLISECOND)
    process.suspend()
    while process.state() != "suspended":
        pass
    before = counter(process)
    assert process.wait(10 * MILLISECOND) is False
    assert counter(process) == before
    process.resume()
    while counter(process) == before:
        pass
    process.suspend()
    process.kill()
    assert process.wait(SECOND)
    with pytest.raises(BadState):
        process.resume()


def test_nobody_interrupts_a_process_for_which_nobody_waits(workshop: Workshop) -> None:
    one = One(workshop)
    process = one.spawn(workshop.program(SPIN))
    process.start()
    wait_until_used(one.scheduler.root, 0)
    while process.statistics().cpu_ns < 30 * MILLISECOND:
        pass
    assert process.statistics().preemptions == 0


def test_a_scheduler_with_processes_does_not_close(workshop: Workshop) -> None:
    scheduler = core.Scheduler(1)
    process = workshop.spawn(SPIN, meter=scheduler.root)
    with pytest.raises(BadState, match="close them first"):
        scheduler.close()
    process.close()
    scheduler.close()
    scheduler.close()


# --- what waiting costs -----------------------------------------------------------------------------------------------

SLEEP_AGAIN = function(
    "main",
    f"pushq %rax\nagain:\nmovq $0, %gs:{DATA}(,%eiz)\nmovq $1, %gs:{DATA + 8}(,%eiz)\n"
    f"movl $35, %edi\nmovl ${DATA}, %esi\nxorl %edx, %edx\ncall SYSCALL\njmp again",
)
THREAD_PAGES = 8


@pytest.mark.parametrize("sleepers", [1, 20])
def test_sleeping_a_moment_over_and_over_is_paid_for(workshop: Workshop, sleepers: int) -> None:
    """Falling asleep and waking is the host's work: a sleeper has it done sixty times as long as its own."""
    one = One(workshop)
    program = workshop.program(SLEEP_AGAIN)
    processes = [one.spawn(program) for _ in range(sleepers)]
    before = time.process_time_ns()
    for process in processes:
        process.start()
    one.scheduler.next_event(300 * MILLISECOND)  # waits, and costs nothing
    spent = time.process_time_ns() - before
    assert used(one.scheduler.root) >= spent // 2


def threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


def test_threads_that_wait_in_calls_are_paid_for_and_given_back(workshop: Workshop) -> None:
    readable, writable = pipe(workshop)
    bank = core.Bank(None)
    program = workshop.program(READ)
    readers = [workshop.spawn(program, bank=bank, streams=(readable, -1, -1)) for _ in range(60)]
    before, alive = bank.figures()[1], threads()
    for reader in readers:
        reader.start()
    while any(reader.state() != "calling" for reader in readers):
        time.sleep(0.001)
    assert bank.figures()[1] - before == len(readers) * THREAD_PAGES
    assert threads() >= alive + len(readers)
    os.write(writable, b"x" * len(readers))
    for reader in readers:
        assert reader.wait(20 * SECOND)
    assert bank.figures()[1] <= before
    while threads() > alive + 2 + 8 + 2:  # the turns', some to spare, the clock's, and that of slices
        time.sleep(0.001)


def test_a_call_whose_thread_the_bank_does_not_pay_for_fails(workshop: Workshop) -> None:
    readable, _ = pipe(workshop)
    program = workshop.program(READ)
    bank = core.Bank(None)
    process = workshop.spawn(program, bank=bank, streams=(readable, -1, -1))
    bank.set_limit(bank.figures()[1] + THREAD_PAGES - 1)
    process.start()
    assert process.wait(20 * SECOND)
    no_memory = -12
    assert process.stop().value % (1 << 32) == no_memory % (1 << 32)


def test_there_are_no_more_threads_than_the_limit(workshop: Workshop) -> None:
    """Who finds none waits until a call returns; whoever waits in one goes on."""
    readable, writable = pipe(workshop)
    scheduler = core.Scheduler(1, threads=3)
    workshop.closers.insert(0, scheduler.close)
    program = workshop.program(READ)
    before = threads()
    readers = [workshop.spawn(program, meter=scheduler.root, streams=(readable, -1, -1)) for _ in range(8)]
    for reader in readers:
        reader.start()
    while sum(reader.state() == "calling" for reader in readers) < 3:
        time.sleep(0.001)
    assert threads() <= before + 3 + 2  # the clock's, and that of slices
    os.write(writable, b"x" * len(readers))
    for reader in readers:
        assert reader.wait(20 * SECOND)
        assert reader.stop().value == 1


@pytest.mark.parametrize("arguments", [(0,), (1025,), (2, 1), (1, 8193)])
def test_a_scheduler_has_sane_numbers_of_threads(arguments: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="are from"):
        core.Scheduler(*arguments)
