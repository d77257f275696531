"""Everything at once: many threads do to many processes whatever can be done, and nothing hangs, leaks or is lost."""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.snippets import DATA, DATA_SIZE, MILLISECOND, PAGE_SIZE, RODATA, SECOND, Program, Workshop, function, pipe
from core.test_fork import in_child, refuses
from motte import core
from motte.abi.faults import StopReason
from motte.errors import BadState, Closed

pytestmark = pytest.mark.usefixtures("reaching")

SLICE = 50_000
THREADS = 8
NAP = (0).to_bytes(8, "little") + (100_000).to_bytes(8, "little")


def call(number: int, *arguments: str) -> str:
    moves = "\n".join(
        f"movl {value}, %{register}" for value, register in zip(arguments, ("esi", "edx", "ecx"), strict=False)
    )
    return f"movl ${number}, %edi\n{moves}\ncall SYSCALL\n"


KINDS = {
    "spins": function("main", "again:\nincl %eax\njmp again"),
    "sleeps": function("main", f"pushq %rax\nagain:\n{call(35, f'$({DATA} + 256)', '$0')}jmp again"),
    "reads": function("main", f"pushq %rax\nagain:\n{call(0, '$0', f'${DATA}', '$1')}jmp again"),
    "calls": function("main", f"pushq %rax\nagain:\n{call(39)}jmp again"),
    "maps": function("main", f"pushq %rax\nagain:\n{call(12, '$0x700000')}{call(12, '$0x600000')}jmp again"),
    "faults": function("main", "movl $3000, %ecx\nagain:\ndecl %ecx\njnz again\nmovl %gs:(%ecx), %eax\nretq"),
    "ends": function("main", "movl $3000, %ecx\nagain:\ndecl %ecx\njnz again\nmovl $7, %eax\nretq"),
}
SEGMENTS = [(RODATA, b"constant", PAGE_SIZE, False), (DATA, bytes(256) + NAP, DATA_SIZE, True)]


def threads_of_this_process() -> int:
    return len(os.listdir("/proc/self/task"))  # noqa: PTH208 - only counted


def run_in_threads(action: Callable[[int], None]) -> None:
    """The action in eight threads; what any of them raises is raised here."""
    errors: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            action(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


class Storm:
    """Processes of all kinds under one scheduler with short slices, of which every thread may take any."""

    def __init__(self, workshop: Workshop, scheduler: core.Scheduler) -> None:
        self.workshop, self.scheduler = workshop, scheduler
        scheduler.root.set_slice(SLICE)
        self.programs: dict[str, Program] = {kind: workshop.program(source) for kind, source in KINDS.items()}
        self.readable, self.writable = pipe(workshop)
        self.bank = core.Bank(None)
        self.shared: list[core.Process] = []

    def spawn(self, kind: str) -> core.Process:
        process = self.workshop.spawn(
            self.programs[kind],
            segments=SEGMENTS,
            data_stack_variables=(0, 0),
            streams=(self.readable, -1, -1),
            bank=self.bank,
            meter=self.scheduler.root,
            cpu_ns=None,
            wall_ns=60 * SECOND,
        )
        self.workshop.closers.pop()
        return process

    def disturb(self, process: core.Process, chance: random.Random) -> None:
        actions: list[Callable[[], object]] = [
            process.start,
            process.suspend,
            process.resume,
            process.resume,
            process.state,
            process.statistics,
            lambda: process.wait(chance.randrange(200_000)),
            lambda: os.write(self.writable, b"x"),
            lambda: process.read_memory(DATA, 64),
        ]
        with contextlib.suppress(BadState, Closed):
            chance.choice(actions)()
        if chance.random() < 0.03:
            with contextlib.suppress(Closed):
                process.kill()

    def blow(self, seed: int, rounds: int) -> None:
        chance = random.Random(seed)
        for _ in range(rounds):
            process = self.spawn(chance.choice(list(KINDS)))
            process.start()
            self.shared.append(process)
            for _ in range(12):
                self.disturb(chance.choice(self.shared), chance)
            if chance.random() < 0.5:
                self.shared[chance.randrange(len(self.shared))].close()
        process.close()

    def end(self) -> None:
        for process in self.shared:
            process.close()
        assert self.bank.used == 0


@pytest.mark.parametrize("rounds", [25, pytest.param(1000, marks=pytest.mark.long)])
@pytest.mark.parametrize(("workers", "deep_sleep_ns"), [(1, None), (3, None), (2, 1)])
def test_a_storm_from_eight_threads(workshop: Workshop, workers: int, deep_sleep_ns: int | None, rounds: int) -> None:
    scheduler = core.Scheduler(workers, deep_sleep_ns=deep_sleep_ns)
    storm = Storm(workshop, scheduler)
    run_in_threads(lambda number: storm.blow(number, rounds))
    storm.end()
    assert scheduler.deep_sleepers == 0
    scheduler.close()


def test_storms_of_two_schedulers_do_not_meet(workshop: Workshop) -> None:
    schedulers = [core.Scheduler(2), core.Scheduler(2)]
    storms = [Storm(workshop, scheduler) for scheduler in schedulers]
    run_in_threads(lambda number: storms[number % 2].blow(number, 15))
    for storm, scheduler in zip(storms, schedulers, strict=True):
        storm.end()
        scheduler.close()


def test_a_kill_ends_a_reader_whenever_it_comes(workshop: Workshop) -> None:
    """Many readers under short slices: most are on their way into the call, or out of it, when they are killed."""
    storm = Storm(workshop, workshop.scheduler)
    for round_number in range(40):
        processes = [storm.spawn("reads") for _ in range(8)]
        for process in processes:
            process.start()
        os.write(storm.writable, b"x" * (round_number % 8 * 20))
        for process in processes:
            process.kill()
        for process in processes:
            assert process.wait(20 * SECOND)
            assert process.stop().reason is StopReason.KILLED
            process.close()
    storm.end()


def test_a_suspended_reader_stands_still_after_its_call_and_goes_on_when_resumed(workshop: Workshop) -> None:
    readable, writable = pipe(workshop)
    source = function("main", f"pushq %rax\n{call(0, '$0', f'${DATA}', '$1')}popq %rcx\nretq")
    process = workshop.spawn(source, streams=(readable, -1, -1))
    process.start()
    wait_until(lambda: process.state() == "calling")
    process.suspend()
    assert process.state() == "calling"
    os.write(writable, b"x")
    wait_until(lambda: process.state() == "suspended")
    process.resume()
    assert process.wait(20 * SECOND)
    assert process.stop().value == 1


def test_a_reader_that_is_suspended_after_its_call_can_be_killed(workshop: Workshop) -> None:
    readable, writable = pipe(workshop)
    process = workshop.spawn(KINDS["reads"], streams=(readable, -1, -1))
    process.start()
    wait_until(lambda: process.state() == "calling")
    process.suspend()
    os.write(writable, b"x")
    wait_until(lambda: process.state() == "suspended")
    process.kill()
    assert process.wait(20 * SECOND)
    assert process.stop().reason is StopReason.KILLED


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.0005)


def test_a_fork_in_the_middle_of_a_storm_leaves_both_in_order(workshop: Workshop) -> None:
    storm = Storm(workshop, workshop.scheduler)
    over = threading.Event()

    def blow(seed: int) -> None:
        while not over.is_set():
            storm.blow(seed, 1)

    threads = [threading.Thread(target=blow, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(storm.shared) > 3)
    spinner = storm.spawn("spins")
    spinner.start()
    results = [
        in_child(lambda: refuses(spinner.statistics) and refuses(lambda: storm.spawn("ends"))) for _ in range(10)
    ]
    over.set()
    for thread in threads:
        thread.join()
    spinner.close()
    storm.end()
    assert results == [True] * 10


def test_readers_that_wait_make_no_switch_of_others_dearer(workshop: Workshop) -> None:
    scheduler = core.Scheduler(1)
    storm = Storm(workshop, scheduler)
    yields = workshop.program(function("main", f"pushq %rax\nagain:\n{call(24)}jmp again"))

    def cost_of_a_switch() -> float:
        pair = [workshop.spawn(yields, meter=scheduler.root, cpu_ns=None) for _ in range(2)]
        for process in pair:
            process.start()
        wait_until(lambda: sum(process.statistics().syscalls for process in pair) > 20_000)
        for process in pair:
            process.kill()
            assert process.wait(20 * SECOND)
        both = [process.statistics() for process in pair]
        for process in pair:
            process.close()
        return sum(one.cpu_ns for one in both) / sum(one.syscalls for one in both)

    alone = cost_of_a_switch()
    for _ in range(500):
        storm.shared.append(storm.spawn("reads"))
        storm.shared[-1].start()
    wait_until(lambda: all(process.state() == "calling" for process in storm.shared))
    assert cost_of_a_switch() < 10 * alone
    storm.end()
    scheduler.close()


class _Allocated(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd")),
        *((name, ctypes.c_size_t) for name in ("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")),
    ]


def allocated() -> int:
    """Bytes that the C library's allocator has given out."""
    look = ctypes.CDLL(None).mallinfo2
    look.restype = _Allocated
    taken = look()
    return int(taken.uordblks) + int(taken.hblkhd)


def timers_of_this_process() -> int:
    return Path("/proc/self/timers").read_text(encoding="ascii").count("ID:")


def test_a_thousand_schedulers_leave_no_thread_no_timer_and_no_memory(workshop: Workshop) -> None:
    program = workshop.program(KINDS["ends"])
    image_options = {"segments": SEGMENTS, "data_stack_variables": (0, 0)}

    def one(listened: bool) -> None:
        scheduler = core.Scheduler(2)
        meter = scheduler.root.sub()
        meter.set_rate(MILLISECOND, 2 * MILLISECOND)
        process = workshop.spawn(program, meter=meter, wall_ns=10 * SECOND, **image_options)
        workshop.closers.pop()
        process.want_events(1)
        process.start()
        assert process.wait(10 * SECOND)
        if listened:
            assert scheduler.next_event(SECOND) is not None
        process.close()
        scheduler.close()

    for number in range(20):
        one(number % 2 == 0)
    threads, timers, memory = threads_of_this_process(), timers_of_this_process(), allocated()
    for number in range(1000):
        one(number % 2 == 0)
    assert threads_of_this_process() <= threads
    assert timers_of_this_process() <= timers
    assert allocated() - memory < 1000 * 64
