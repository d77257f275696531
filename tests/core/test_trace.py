"""Traces: complete, in order, with what is charged; bounded, paid for, and honest about what found no room."""

from __future__ import annotations

import select
import time

import pytest

from core.snippets import EXIT_SNIPPET, MILLISECOND, SECOND, Workshop, function
from motte import core
from motte.abi.layout import PAGE_SIZE
from motte.errors import Closed, LimitReached

SPAWNED, READY, TURN_BEGINS, TURN_ENDS, FAULTED, EXITED = range(6)
RECORD_SIZE = 48
FAULT_EVENT = 2
SPIN = function("main", "again:\njmp again")
FAULT = function("main", "xorl %eax, %eax\nmovl %gs:(%eax), %eax\nretq")
YIELD_TWICE = function(
    "main",
    "pushq %rbx\nmovl $2, %ebx\nagain:\nmovl $24, %edi\ncall SYSCALL\ndecl %ebx\njnz again\n"
    "popq %rbx\nxorl %eax, %eax\nretq",
)

Record = tuple[int, int, int, int, int, int, int]


@pytest.fixture
def one() -> Workshop:
    """A workshop whose scheduler has one worker."""
    return Workshop(scheduler=core.Scheduler(1))


def kinds_of(records: list[Record], process: core.Process) -> list[int]:
    return [kind for _, kind, identity, *_ in records if identity == process.identity]


def run_to_the_end(process: core.Process) -> None:
    process.start()
    assert process.wait(20 * SECOND)


def test_a_process_has_all_of_its_life_in_a_trace(one: Workshop) -> None:
    trace = core.Trace(one.scheduler, core.Bank(None), 1000)
    process = one.spawn(YIELD_TWICE)
    run_to_the_end(process)
    life = kinds_of(trace.take(), process)
    assert life == [SPAWNED, READY, *[TURN_BEGINS, TURN_ENDS] * 3, EXITED]
    assert trace.lost == 0
    trace.close()
    one.close()


def test_a_fault_that_a_keeper_is_asked_about_is_in_the_trace(one: Workshop) -> None:
    trace = core.Trace(one.scheduler, core.Bank(None), 1000)
    process = one.spawn(FAULT)
    process.want_events(FAULT_EVENT)
    process.start()
    assert one.scheduler.next_event(20 * SECOND) is not None
    assert kinds_of(trace.take(), process) == [SPAWNED, READY, TURN_BEGINS, TURN_ENDS, FAULTED]
    trace.close()
    one.close()


def test_two_loops_take_turns_and_their_charges_add_up_to_the_meters_use(one: Workshop) -> None:
    program = one.program(SPIN)
    root = one.scheduler.root
    trace = core.Trace(one.scheduler, core.Bank(None), 100_000)
    loops = [one.spawn(program, cpu_ns=50 * MILLISECOND) for _ in range(2)]
    for loop in loops:
        loop.start()
    for loop in loops:
        assert loop.wait(20 * SECOND)
    records = trace.take()
    assert [number for number, *_ in records] == list(range(len(records)))
    turns = [
        (kind, identity, thread) for _, kind, identity, _, _, _, thread in records if kind in {TURN_BEGINS, TURN_ENDS}
    ]
    for (begins, who, where), (ends, same, there) in zip(turns[::2], turns[1::2], strict=True):
        assert (begins, ends) == (TURN_BEGINS, TURN_ENDS)
        assert (who, where) == (same, there)
        assert where > 0
    moments = [moment for _, _, _, moment, *_ in records]
    assert moments == sorted(moments)
    assert sum(used for _, kind, _, _, used, _, _ in records if kind == TURN_ENDS) == root.state_fields()[2]
    trace.close()
    one.close()


def test_what_finds_no_room_is_counted_and_leaves_a_gap_in_the_numbers(one: Workshop) -> None:
    trace = core.Trace(one.scheduler, core.Bank(None), 4)
    run_to_the_end(one.spawn(EXIT_SNIPPET))  # five records
    assert [number for number, *_ in trace.take()] == [0, 1, 2, 3]
    assert trace.lost == 1
    run_to_the_end(one.spawn(EXIT_SNIPPET))
    assert [number for number, *_ in trace.take()] == [5, 6, 7, 8]
    assert trace.lost == 2
    assert trace.take() == []
    trace.close()
    one.close()


def test_a_full_ring_goes_round(one: Workshop) -> None:
    trace = core.Trace(one.scheduler, core.Bank(None), 7)
    numbers: list[int] = []
    for _ in range(20):
        run_to_the_end(one.spawn(EXIT_SNIPPET))
        numbers += [number for number, *_ in trace.take()]
    assert numbers == list(range(100))
    trace.close()
    one.close()


def test_a_bank_pays_for_a_trace_until_it_is_closed(workshop: Workshop) -> None:
    bank = core.Bank(100)
    trace = core.Trace(workshop.scheduler, bank, 1000)
    assert bank.used >= 1000 * RECORD_SIZE // PAGE_SIZE
    with pytest.raises(LimitReached):
        core.Trace(core.Scheduler(1), bank, 10_000)
    trace.close()
    trace.close()
    assert bank.used == 0
    with pytest.raises(Closed):
        trace.take()
    with pytest.raises(Closed):
        _ = trace.lost


def test_each_of_several_traces_is_complete(one: Workshop) -> None:
    bank = core.Bank(None)
    first, second = core.Trace(one.scheduler, bank, 100), core.Trace(one.scheduler, bank, 100)
    run_to_the_end(one.spawn(EXIT_SNIPPET))
    second.close()
    run_to_the_end(one.spawn(EXIT_SNIPPET))
    assert [number for number, *_ in first.take()] == list(range(10))
    first.close()
    assert bank.used == 0
    one.close()


def test_a_trace_of_some_kinds_has_no_other(one: Workshop) -> None:
    trace = core.Trace(one.scheduler, core.Bank(None), 2, 1 << SPAWNED | 1 << EXITED)
    run_to_the_end(one.spawn(EXIT_SNIPPET))
    assert [kind for _, kind, *_ in trace.take()] == [SPAWNED, EXITED]
    assert trace.lost == 0
    trace.close()
    one.close()


def test_a_trace_of_some_processes_has_no_other(one: Workshop) -> None:
    processes = [one.spawn(EXIT_SNIPPET) for _ in range(3)]
    trace = core.Trace(one.scheduler, core.Bank(None), 8, processes=(processes[0].identity, processes[2].identity))
    for process in processes:
        run_to_the_end(process)
    of = [identity for _, _, identity, *_ in trace.take()]
    assert of == [processes[0].identity] * 4 + [processes[2].identity] * 4
    trace.close()
    one.close()
    with pytest.raises(ValueError, match="at most 64 processes"):
        core.Trace(one.scheduler, core.Bank(None), 8, processes=tuple(range(65)))


def test_whoever_finds_nothing_is_told_of_the_next_record_and_of_no_other(one: Workshop) -> None:
    trace = core.Trace(one.scheduler, core.Bank(None), 100)
    descriptor = trace.fileno()

    def is_readable() -> bool:
        return bool(select.select([descriptor], [], [], 0)[0])

    run_to_the_end(one.spawn(EXIT_SNIPPET))
    assert not is_readable()
    assert trace.await_records()
    trace.take()
    assert not trace.await_records()
    run_to_the_end(one.spawn(EXIT_SNIPPET))
    assert is_readable()
    trace.take()
    assert not trace.await_records()
    assert not is_readable()
    trace.close()
    with pytest.raises(Closed):
        trace.await_records()
    with pytest.raises(Closed):
        trace.fileno()
    one.close()


@pytest.mark.parametrize("records", [0, (1 << 24) + 1])
def test_a_trace_has_room_for_one_record_at_least_and_for_16_million_at_most(workshop: Workshop, records: int) -> None:
    with pytest.raises(ValueError, match="records are from 1 to 16777216"):
        core.Trace(workshop.scheduler, core.Bank(None), records)


def test_a_trace_that_nobody_holds_any_more_ends(workshop: Workshop) -> None:
    bank = core.Bank(None)
    core.Trace(workshop.scheduler, bank, 10)
    assert bank.used == 0
    run_to_the_end(workshop.spawn(EXIT_SNIPPET))


def test_a_trace_outlives_its_scheduler(one: Workshop) -> None:
    trace = core.Trace(one.scheduler, core.Bank(None), 100)
    run_to_the_end(one.spawn(EXIT_SNIPPET))
    one.close()
    assert len(trace.take()) == 5


def test_moments_are_those_of_the_monotonic_clock(one: Workshop) -> None:
    trace = core.Trace(one.scheduler, core.Bank(None), 100)
    before = time.monotonic_ns()
    run_to_the_end(one.spawn(EXIT_SNIPPET))
    after = time.monotonic_ns()
    tolerance = MILLISECOND  # the rate of the counter is known to 10^-5
    assert all(before - tolerance < moment < after + tolerance for _, _, _, moment, *_ in trace.take())
    trace.close()
    one.close()
