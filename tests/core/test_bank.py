"""Banks: what is drawn comes back, limits hold, and running out is an error that changes nothing."""

from __future__ import annotations

import pytest

from core.snippets import Workshop, function, script
from motte import core
from motte.abi.faults import StopReason
from motte.abi.layout import MAP_BASE, PAGE_SIZE
from motte.errors import LimitReached

EXIT = function("main", "xorl %eax, %eax\nretq")
BRK, MMAP, MUNMAP = 12, 9, 11
PRIVATE_ANONYMOUS, FIXED = 0x22, 0x10
READ_WRITE = 3
NO_MEMORY = -12


def test_a_new_bank_is_empty() -> None:
    bank = core.Bank(5)
    assert (bank.used, bank.peak, bank.limit) == (0, 0, 5)
    assert core.Bank(None).limit is None


@pytest.mark.parametrize("limit", [-1, 2**64])
def test_a_limit_out_of_range_is_refused(limit: int) -> None:
    with pytest.raises(OverflowError):
        core.Bank(limit)


def test_everything_comes_back_when_a_process_is_closed(workshop: Workshop) -> None:
    bank = core.Bank(1000)
    process = workshop.run(EXIT, bank=bank)
    statistics = process.statistics()
    assert 0 < bank.used == statistics.pages <= statistics.peak_pages == bank.peak
    process.close()
    assert bank.used == 0
    assert bank.peak == statistics.peak_pages


def test_processes_of_one_bank_share_its_limit(workshop: Workshop) -> None:
    program = workshop.program(EXIT)
    alone = workshop.spawn(program).statistics().pages
    bank = core.Bank(2 * alone + alone // 2)
    first, second = workshop.spawn(program, bank=bank), workshop.spawn(program, bank=bank)
    both = bank.used
    assert 2 * alone - 1 <= both <= 2 * alone  # what they take of the host's own memory shares pages
    with pytest.raises(LimitReached, match="memory limit"):
        workshop.spawn(program, bank=bank)
    assert bank.used == both
    first.close()
    workshop.spawn(program, bank=bank)
    second.close()


def test_a_process_costs_the_same_in_every_slot(workshop: Workshop) -> None:
    program = workshop.program(EXIT)
    assert len({workshop.spawn(program).statistics().pages for _ in range(50)}) == 1


def test_every_limit_too_small_for_the_process_is_refused_without_a_trace(workshop: Workshop) -> None:
    program = workshop.program(EXIT)
    needed = workshop.spawn(program).statistics().peak_pages
    for limit in range(needed):
        bank = core.Bank(limit)
        with pytest.raises(LimitReached):
            workshop.spawn(program, bank=bank)
        assert bank.used == 0
    workshop.spawn(program, bank=core.Bank(needed))


def test_memory_beyond_the_limit_is_refused_to_the_guest_and_freed_memory_comes_back(workshop: Workshop) -> None:
    megabyte = 1 << 20
    _, idle = script(workshop, [])
    bank = core.Bank(idle.statistics().peak_pages + 2600)
    eight = (MMAP, 0, 8 * megabyte, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0)
    one = (MMAP, 0, megabyte, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0)
    results, process = script(workshop, [eight, eight, one, one, one, (BRK, 0), eight], bank=bank)
    assert results[0] > 0
    assert results[1] == NO_MEMORY
    assert all(result > 0 for result in results[2:4])
    assert results[4] == NO_MEMORY
    assert results[6] == NO_MEMORY
    assert bank.peak <= (bank.limit or 0)
    assert bank.used == process.statistics().pages

    freed, _ = script(workshop, [eight, (MUNMAP, results[0], 8 * megabyte), eight, eight], bank=core.Bank(bank.limit))
    assert freed[0] == freed[2] == results[0]
    assert freed[1] == 0
    assert freed[3] == NO_MEMORY


LEFT_TO_STACKS = 16
"""Pages of a bank that a guest cannot have for the asking."""


def test_ten_pages_are_ten_allocations(workshop: Workshop) -> None:
    first = (MMAP, MAP_BASE, PAGE_SIZE, READ_WRITE, PRIVATE_ANONYMOUS | FIXED, -1, 0)
    one = [(MMAP, MAP_BASE + n * PAGE_SIZE, PAGE_SIZE, READ_WRITE, PRIVATE_ANONYMOUS | FIXED, -1, 0) for n in range(16)]
    _, idle = script(workshop, [first])  # which pays for the page table
    before = idle.statistics().pages
    bank = core.Bank(before + 10 + LEFT_TO_STACKS)
    results, process = script(workshop, [first, *one[1:]], bank=bank)
    assert results[:11] == [MAP_BASE + n * PAGE_SIZE for n in range(11)]
    assert results[11:] == [NO_MEMORY] * 5
    assert process.statistics().pages == bank.used == before + 10


def test_what_malloc_may_not_have_is_there_for_stacks(workshop: Workshop) -> None:
    """A guest takes all memory that it gets, and then calls deeper than its stack has been so far."""
    all_of_it = (
        "pushq %rbx\nmovl $0x80000000, %ebx\nmore:\nmovl $9, %edi\nmovl %ebx, %esi\nmovl $4096, %edx\nmovl $3, %ecx\n"
        "movl $0x32, %r8d\nmovl $-1, %r9d\ncall SYSCALL\naddl $4096, %ebx\ntestq %rax, %rax\njns more\n"
        "call deep\npopq %rbx\nretq"
    )
    deep = function("deep", "subq $20000, %rsp\nmovl $7, (%rsp)\nmovl (%rsp), %eax\naddq $20000, %rsp\nretq")
    program = workshop.program(function("main", all_of_it) + deep)
    needed = workshop.spawn(program).statistics().pages
    process = workshop.run(program, bank=core.Bank(needed + 100))
    assert (process.stop().reason, process.stop().value) == (StopReason.EXITED, 7)


def test_the_break_stays_where_it_was_when_memory_runs_out(workshop: Workshop) -> None:
    _, idle = script(workshop, [])
    bank = core.Bank(idle.statistics().peak_pages + 100)
    start = script(workshop, [(BRK, 0)])[0][0]
    results, _ = script(workshop, [(BRK, 0), (BRK, start + (1 << 20)), (BRK, start + 8192)], bank=bank)
    assert results == [start, start, start + 8192]


def test_sparse_touching_is_charged_for_its_page_tables(workshop: Workshop) -> None:
    fixed = PRIVATE_ANONYMOUS | 0x10
    places = range(0x8000_0000, 0xC000_0000, 1 << 26)
    calls = [(MMAP, place, 4096, READ_WRITE, fixed, -1, 0) for place in places]
    undone = [(MUNMAP, place, 4096) for place in places]
    _, idle = script(workshop, [])
    results, process = script(workshop, calls)
    assert results == list(places)
    extra = process.statistics().pages - idle.statistics().pages
    assert 2 * len(places) <= extra <= 2 * len(places) + 4
    _, process = script(workshop, [*calls, *undone])
    kept = process.statistics().pages - idle.statistics().pages
    assert len(places) <= kept <= len(places) + 4  # the tables stay behind, and stay charged
