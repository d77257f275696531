"""brk, mmap, mremap, munmap, mprotect: against a model, and at every edge."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from personality.guest import BREAK, HEAP_END, MAP_BASE, MAP_END, PAGE, SCRATCH, Guest

NONE, READ, WRITE, EXECUTE = 0, 1, 2, 4
SHARED, PRIVATE, FIXED, ANONYMOUS, FIXED_NOREPLACE = 1, 2, 0x10, 0x20, 0x100000
MAYMOVE = 1
DONTNEED = 4
FREE, RESERVED, HIDDEN, READABLE, WRITABLE = range(5)


def anonymous(guest: Guest, size: int, protection: int = READ | WRITE, flags: int = 0, address: int = 0) -> int:
    """An anonymous private mapping: its address, or a negative errno."""
    return guest.mmap(address, size, protection, PRIVATE | ANONYMOUS | flags, -1, 0)


def test_the_break_grows_shrinks_and_gives_back(guest: Guest) -> None:
    before = guest.charged
    assert guest.brk(0) == BREAK
    assert guest.brk(BREAK + 10) == BREAK + 10
    assert guest.charged == before + 1
    assert guest.brk(BREAK + 5 * PAGE) == BREAK + 5 * PAGE
    guest.poke(BREAK, b"dirty" * 1000)
    assert guest.brk(BREAK + 1) == BREAK + 1
    assert guest.brk(BREAK + 5 * PAGE) == BREAK + 5 * PAGE
    assert guest.peek(BREAK + PAGE, PAGE) == bytes(PAGE)
    assert guest.brk(BREAK) == BREAK
    assert guest.charged == before


@pytest.mark.parametrize("wanted", [1, BREAK - 1, HEAP_END + 1, 2**32, 2**63, 2**64 - 1, 2**32 + BREAK + PAGE])
def test_a_break_out_of_range_changes_nothing(guest: Guest, wanted: int) -> None:
    assert guest.brk(BREAK + PAGE) == BREAK + PAGE
    before = guest.charged
    assert guest.brk(wanted) == BREAK + PAGE
    assert guest.charged == before


def test_the_break_may_reach_its_end_and_nothing_stands_in_its_way(guest: Guest) -> None:
    assert guest.brk(HEAP_END) == HEAP_END
    assert guest.page(HEAP_END - 1) == WRITABLE
    assert guest.page(HEAP_END) == FREE
    assert anonymous(guest, PAGE) == MAP_END - PAGE


def test_memory_beyond_the_bank_is_refused_as_a_whole(guest: Guest) -> None:
    guest.limit_memory(10)
    assert guest.brk(BREAK + 11 * PAGE) == BREAK
    assert anonymous(guest, 11 * PAGE) == -errno.ENOMEM
    first = anonymous(guest, 10 * PAGE)
    assert first > 0
    assert guest.brk(BREAK + 1) == BREAK
    assert guest.mremap(first, 10 * PAGE, 11 * PAGE, MAYMOVE) == -errno.ENOMEM
    assert [guest.page(first + page * PAGE) for page in range(10)] == [WRITABLE] * 10
    assert guest.munmap(first, 10 * PAGE) == 0
    assert guest.brk(BREAK + 10 * PAGE) == BREAK + 10 * PAGE


def test_reserving_address_space_costs_nothing_until_it_is_used(guest: Guest) -> None:
    before = guest.charged
    area = anonymous(guest, 1 << 30, NONE)
    assert guest.charged == before
    assert guest.read(0, area, 1) == -errno.EBADF
    assert guest.mprotect(area + PAGE, PAGE, READ | WRITE) == 0
    assert guest.charged == before + 1
    guest.poke(area + PAGE, b"kept")
    assert guest.mprotect(area + PAGE, PAGE, NONE) == 0
    assert (guest.page(area + PAGE), guest.charged) == (HIDDEN, before + 1)
    assert guest.mprotect(area + PAGE, PAGE, READ) == 0
    assert guest.peek(area + PAGE, 4) == b"kept"
    assert guest.munmap(area, 1 << 30) == 0
    assert guest.charged == before


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((0, 0, READ, PRIVATE | ANONYMOUS, -1, 0), errno.EINVAL),
        ((0, 2**64 - 1, READ, PRIVATE | ANONYMOUS, -1, 0), errno.ENOMEM),
        ((0, 2**63, READ, PRIVATE | ANONYMOUS, -1, 0), errno.ENOMEM),
        ((0, MAP_END - MAP_BASE + 1, READ, PRIVATE | ANONYMOUS, -1, 0), errno.ENOMEM),
        ((0, PAGE, READ | EXECUTE, PRIVATE | ANONYMOUS, -1, 0), errno.EPERM),
        ((0, PAGE, EXECUTE, PRIVATE | ANONYMOUS, -1, 0), errno.EPERM),
        ((0, PAGE, 8, PRIVATE | ANONYMOUS, -1, 0), errno.EINVAL),
        ((0, PAGE, READ, ANONYMOUS, -1, 0), errno.EINVAL),
        ((0, PAGE, READ, SHARED | PRIVATE | ANONYMOUS, -1, 0), errno.EINVAL),
        ((0, PAGE, READ, PRIVATE | ANONYMOUS | 0x40000, -1, 0), errno.EINVAL),
        ((MAP_BASE + 1, PAGE, READ, PRIVATE | ANONYMOUS | FIXED, -1, 0), errno.EINVAL),
        ((SCRATCH, PAGE, READ, PRIVATE | ANONYMOUS | FIXED, -1, 0), errno.ENOMEM),
        ((0, PAGE, READ, PRIVATE | ANONYMOUS | FIXED, -1, 0), errno.ENOMEM),
        ((BREAK, PAGE, READ, PRIVATE | ANONYMOUS | FIXED, -1, 0), errno.ENOMEM),
        ((BREAK - PAGE, 2 * PAGE, READ, PRIVATE | ANONYMOUS | FIXED, -1, 0), errno.ENOMEM),
        ((HEAP_END - PAGE, 2 * PAGE, READ, PRIVATE | ANONYMOUS | FIXED, -1, 0), errno.ENOMEM),
        ((MAP_END - PAGE, 2 * PAGE, READ, PRIVATE | ANONYMOUS | FIXED, -1, 0), errno.ENOMEM),
        ((MAP_END, PAGE, READ, PRIVATE | ANONYMOUS | FIXED, -1, 0), errno.ENOMEM),
        ((2**32 + MAP_BASE, PAGE, READ, PRIVATE | ANONYMOUS | FIXED, -1, 0), errno.ENOMEM),
        ((MAP_BASE, 2**64 - PAGE, READ, PRIVATE | ANONYMOUS | FIXED, -1, 0), errno.ENOMEM),
        ((0, PAGE, READ, PRIVATE, 55, 0), errno.EBADF),
    ],
)
def test_mappings_that_are_not_possible_are_refused(guest: Guest, arguments: tuple[int, ...], error: int) -> None:
    before = guest.charged
    assert guest.mmap(*arguments) == -error
    assert guest.charged == before


@pytest.mark.parametrize("name", ["munmap", "mprotect", "madvise", "mremap", "msync"])
def test_the_image_and_the_stacks_are_out_of_reach(guest: Guest, name: str) -> None:
    extra: tuple[int, ...] = {"mprotect": (NONE,), "madvise": (DONTNEED,), "mremap": (2 * PAGE, MAYMOVE)}.get(name, ())
    guest.poke(SCRATCH, b"mine")
    for start, size in ((SCRATCH, PAGE), (0, MAP_END), (0, 2**64 - PAGE), (BREAK - PAGE, 2 * PAGE), (MAP_END, PAGE),
                        (MAP_END - PAGE, 2 * PAGE), (2**32 + SCRATCH, PAGE), (2**64 - PAGE, PAGE)):  # fmt: skip
        assert guest.call(name, start, size, *extra) in (-errno.EINVAL, -errno.ENOMEM, -errno.EFAULT)
    assert guest.page(SCRATCH) == WRITABLE
    assert guest.peek(SCRATCH, 4) == b"mine"


def test_memory_is_zero_when_it_comes_back(guest: Guest) -> None:
    area = anonymous(guest, 3 * PAGE)
    guest.poke(area, b"\xff" * 3 * PAGE)
    assert guest.madvise(area + PAGE, PAGE, DONTNEED) == 0
    assert guest.peek(area, 3 * PAGE) == b"\xff" * PAGE + bytes(PAGE) + b"\xff" * PAGE
    assert anonymous(guest, PAGE, READ, FIXED, area) == area
    assert (guest.page(area), guest.peek(area, PAGE)) == (READABLE, bytes(PAGE))
    assert guest.munmap(area, 3 * PAGE) == 0
    assert anonymous(guest, 3 * PAGE) == area
    assert guest.peek(area, 3 * PAGE) == bytes(3 * PAGE)
    assert anonymous(guest, PAGE, READ, FIXED_NOREPLACE, area) == -errno.EEXIST


def test_a_fixed_mapping_needs_no_memory_that_it_replaces(guest: Guest) -> None:
    area = anonymous(guest, 4 * PAGE)
    guest.limit_memory(0)
    assert anonymous(guest, 4 * PAGE, NONE, FIXED, area) == area
    assert anonymous(guest, 4 * PAGE, READ | WRITE, FIXED, area) == area
    assert guest.brk(BREAK) == BREAK


def test_inside_the_break_a_page_can_be_fenced_off(guest: Guest) -> None:
    """As musl's malloc does with its first page."""
    assert guest.brk(BREAK + 2 * PAGE) == BREAK + 2 * PAGE
    assert anonymous(guest, PAGE, NONE, FIXED, BREAK) == BREAK
    assert [guest.page(BREAK + page * PAGE) for page in range(3)] == [HIDDEN, WRITABLE, FREE]
    assert guest.brk(BREAK) == BREAK
    assert guest.page(BREAK) == FREE


def test_a_moved_mapping_keeps_its_bytes(guest: Guest) -> None:
    blocker = anonymous(guest, PAGE)
    size = 300 * PAGE
    area = anonymous(guest, size)
    assert area + size == blocker
    content = os.urandom(size)
    guest.poke(area, content)
    assert guest.mremap(area, size, size + PAGE, 0) == -errno.ENOMEM
    moved = guest.mremap(area, size, 2 * size, MAYMOVE)
    assert moved not in (area, -errno.ENOMEM)
    assert guest.peek(moved, 2 * size) == content + bytes(size)
    assert guest.page(area) == FREE
    assert guest.mremap(moved, 2 * size, PAGE, 0) == moved
    assert (guest.page(moved), guest.page(moved + PAGE)) == (WRITABLE, FREE)
    assert guest.mremap(moved, PAGE, 2 * PAGE, 0) == moved
    assert guest.peek(moved, 2 * PAGE) == content[:PAGE] + bytes(PAGE)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((MAP_BASE, PAGE, 0, MAYMOVE), errno.EINVAL),
        ((MAP_BASE, 0, PAGE, MAYMOVE), errno.EINVAL),
        ((MAP_BASE + 1, PAGE, PAGE, MAYMOVE), errno.EINVAL),
        ((MAP_BASE, PAGE, PAGE, 3), errno.EINVAL),
        ((MAP_BASE, PAGE, PAGE, 5), errno.EINVAL),
        ((MAP_BASE + PAGE, PAGE, 2 * PAGE, MAYMOVE), errno.EFAULT),
        ((MAP_BASE, 2 * PAGE, 3 * PAGE, MAYMOVE), errno.EFAULT),
        ((MAP_BASE, 2**64 - 1, 3 * PAGE, MAYMOVE), errno.EFAULT),
        ((MAP_BASE, PAGE, 2**64 - 1, MAYMOVE), errno.ENOMEM),
        ((MAP_BASE, PAGE, MAP_END - MAP_BASE, MAYMOVE), errno.ENOMEM),
    ],
)
def test_impossible_moves_change_nothing(guest: Guest, arguments: tuple[int, ...], error: int) -> None:
    assert anonymous(guest, PAGE, READ | WRITE, FIXED, MAP_BASE) == MAP_BASE
    guest.poke(MAP_BASE, b"here")
    before = guest.charged
    guest.limit_memory(1000)
    assert guest.mremap(*arguments) == -error
    assert (guest.charged, guest.peek(MAP_BASE, 4)) == (before, b"here")


def test_a_file_is_mapped_by_copying_it(guest: Guest, data: Path) -> None:
    content = os.urandom(3 * PAGE + 100)
    (data / "f").write_bytes(content)
    descriptor = guest.open("/data/f", os.O_RDWR)
    area = guest.mmap(0, 5 * PAGE, READ, SHARED, descriptor, PAGE)
    assert guest.peek(area, 5 * PAGE) == content[PAGE:] + bytes(3 * PAGE - 100)
    assert guest.page(area) == READABLE
    private = guest.mmap(0, PAGE, READ | WRITE, PRIVATE, descriptor, 0)
    guest.poke(private, b"changed")
    assert (data / "f").read_bytes() == content
    assert guest.msync(private, PAGE, 4) == 0
    before = guest.charged
    assert guest.mmap(0, PAGE, READ | WRITE, SHARED, descriptor, 0) == -errno.ENODEV
    assert guest.mmap(0, PAGE, READ, PRIVATE, descriptor, 5) == -errno.EINVAL
    assert guest.mmap(0, PAGE, READ, PRIVATE, descriptor, -PAGE) == -errno.EINVAL
    assert guest.mmap(0, PAGE, READ, PRIVATE, descriptor, 2**63 - PAGE) == -errno.EINVAL
    assert guest.mmap(0, PAGE, READ, PRIVATE, guest.open("/data/f", os.O_WRONLY), 0) == -errno.EACCES
    assert guest.mmap(0, PAGE, READ, PRIVATE, guest.open("/data", os.O_RDONLY), 0) == -errno.ENODEV
    assert guest.charged == before


class MemoryCalls(RuleBasedStateMachine):
    """Random calls on a small part of the window, against one byte of state for each page, kept in Python."""

    SPAN = 24
    START = MAP_END - SPAN * PAGE

    def __init__(self) -> None:
        super().__init__()
        self.guest = Guest()
        # Everything below the part that we watch is taken, so that free pages are found only here.
        self.guest.map(MAP_BASE, (self.START - MAP_BASE) // PAGE, 0)
        self.pages = [FREE] * self.SPAN
        self.marks = [0] * self.SPAN
        self.break_pages = 0
        self.base = self.guest.charged

    def teardown(self) -> None:
        assert self.guest.munmap(self.START, self.SPAN * PAGE) == 0
        assert self.guest.brk(BREAK) == BREAK
        assert self.guest.charged == self.base
        self.guest.__exit__(None, None, None)

    def address(self, page: int) -> int:
        return self.START + page * PAGE

    def find(self, count: int) -> int | None:
        for start in range(self.SPAN - count, -1, -1):
            if self.pages[start : start + count] == [FREE] * count:
                return start
        return None

    def put(self, start: int, count: int, state: int) -> None:
        self.pages[start : start + count] = [state] * count
        self.marks[start : start + count] = [0] * count

    counts = st.integers(1, 8)
    places = st.integers(0, SPAN - 8)
    protections = st.sampled_from([NONE, READ, READ | WRITE, WRITE])

    @staticmethod
    def state(protection: int) -> int:
        return WRITABLE if protection & WRITE else READABLE if protection & READ else RESERVED

    @rule(count=counts, slack=st.integers(0, PAGE - 1), protection=protections)
    def map_anywhere(self, count: int, slack: int, protection: int) -> None:
        start = self.find(count)
        result = anonymous(self.guest, count * PAGE - slack, protection)
        assert result == (-errno.ENOMEM if start is None else self.address(start))
        if start is not None:
            self.put(start, count, self.state(protection))

    @rule(start=places, count=counts, protection=protections)
    def map_fixed(self, start: int, count: int, protection: int) -> None:
        was = self.pages[start : start + count]
        assert anonymous(self.guest, count * PAGE, protection, FIXED, self.address(start)) == self.address(start)
        self.put(start, count, self.state(protection))
        if FREE not in was and protection == NONE:  # what was charged stays so
            self.pages[start : start + count] = [RESERVED if state == RESERVED else HIDDEN for state in was]

    @rule(start=places, count=counts)
    def unmap(self, start: int, count: int) -> None:
        assert self.guest.munmap(self.address(start), count * PAGE) == 0
        self.put(start, count, FREE)

    @rule(start=places, count=counts, protection=protections)
    def protect(self, start: int, count: int, protection: int) -> None:
        result = self.guest.mprotect(self.address(start), count * PAGE, protection)
        if FREE in self.pages[start : start + count]:
            assert result == -errno.ENOMEM
            return
        assert result == 0
        for page in range(start, start + count):
            reserved = self.pages[page] == RESERVED
            self.pages[page] = (RESERVED if reserved else HIDDEN) if protection == NONE else self.state(protection)

    @rule(start=places, count=counts)
    def discard(self, start: int, count: int) -> None:
        result = self.guest.madvise(self.address(start), count * PAGE, DONTNEED)
        if FREE in self.pages[start : start + count]:
            assert result == -errno.ENOMEM
        else:
            assert result == 0
            self.marks[start : start + count] = [0] * count

    @rule(start=places, count=counts, new_count=counts, may_move=st.booleans())
    def remap(self, start: int, count: int, new_count: int, may_move: bool) -> None:
        result = self.guest.mremap(self.address(start), count * PAGE, new_count * PAGE, MAYMOVE if may_move else 0)
        held, end = self.pages[start : start + count], start + count
        grown = self.pages[end : start + new_count]
        if FREE in held:
            assert result == -errno.EFAULT
        elif new_count <= count:
            assert result == self.address(start)
            self.put(start + new_count, count - new_count, FREE)
        elif start + new_count <= self.SPAN and grown == [FREE] * (new_count - count):
            assert result == self.address(start)
            self.put(end, new_count - count, WRITABLE)
        elif not may_move or (to := self.find(new_count)) is None:
            assert result == -errno.ENOMEM
        elif RESERVED in held or HIDDEN in held:
            assert result == -errno.EFAULT
        else:
            assert result == self.address(to)
            marks = self.marks[start:end]
            self.put(start, count, FREE)
            self.put(to, new_count, WRITABLE)
            self.marks[to : to + count] = marks

    @rule(page=st.integers(0, SPAN - 1), mark=st.integers(1, 255))
    def write(self, page: int, mark: int) -> None:
        if self.pages[page] == WRITABLE:
            self.guest.poke(self.address(page), bytes([mark]))
            self.marks[page] = mark

    @rule(pages=st.integers(0, 10), extra=st.integers(0, PAGE))
    def move_break(self, pages: int, extra: int) -> None:
        wanted = BREAK + pages * PAGE + extra
        assert self.guest.brk(wanted) == wanted
        self.break_pages = -(-(wanted - BREAK) // PAGE)

    @invariant()
    def every_page_and_every_charge_is_as_in_the_model(self) -> None:
        assert [self.guest.page(self.address(page)) for page in range(self.SPAN)] == self.pages
        charged = sum(state >= HIDDEN for state in self.pages) + self.break_pages
        assert self.guest.charged == self.base + charged
        content = [self.guest.peek(self.address(page), 1)[0] for page in range(self.SPAN)]
        assert [mark for mark, page in zip(content, self.pages, strict=True) if page != FREE] == [
            mark for mark, page in zip(self.marks, self.pages, strict=True) if page != FREE
        ]


TestMemoryCalls = MemoryCalls.TestCase
TestMemoryCalls.settings = settings(max_examples=60, stateful_step_count=40, deadline=None, derandomize=True)


@pytest.mark.long
def test_the_same_with_other_choices_each_time() -> None:
    run_state_machine_as_test(MemoryCalls, settings=settings(max_examples=2000, stateful_step_count=50, deadline=None))
