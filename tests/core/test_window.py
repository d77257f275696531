"""The window's areas, against a model: what is mapped, with which access, holding what, at what charge."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.snippets import DATA_STACK_END, Workshop, script
from motte.abi.layout import DATA_STACK_GAP, MAP_BASE, PAGE_SIZE

CLOCK_GETTIME, MMAP, MPROTECT, MUNMAP, BRK, MADVISE = 228, 9, 10, 11, 12, 28
DONTNEED = 4
PRIVATE_ANONYMOUS, FIXED, FIXED_NOREPLACE = 0x22, 0x10, 0x10_0000
NO_ACCESS, READ, READ_WRITE = 0, 1, 3
NO_MEMORY, FAULT, EXISTS = -12, -14, -17

PAGES = 24
FIRST = MAP_BASE // PAGE_SIZE


@dataclass
class Page:
    protection: int
    charged: bool
    written: bool = False


@dataclass
class Model:
    """What the window should be: page number → page."""

    pages: dict[int, Page] = field(default_factory=dict)

    def map(self, span: range, protection: int) -> int:
        if any(page in self.pages for page in span):
            return EXISTS
        self.pages |= {page: Page(protection, protection != NO_ACCESS) for page in span}
        return span.start * PAGE_SIZE

    def unmap(self, span: range) -> int:
        for page in span:
            self.pages.pop(page, None)
        return 0

    def protect(self, span: range, protection: int) -> int:
        if not all(page in self.pages for page in span):
            return NO_MEMORY
        for page in span:
            self.pages[page].protection = protection
            self.pages[page].charged |= protection != NO_ACCESS
        return 0

    def discard(self, span: range) -> int:
        if not all(page in self.pages for page in span):
            return NO_MEMORY
        for page in span:
            self.pages[page].written = False
        return 0

    def write(self, page: int) -> int:
        if page not in self.pages or self.pages[page].protection != READ_WRITE:
            return FAULT
        self.pages[page].written = True
        return 0

    @property
    def charged(self) -> int:
        return sum(page.charged for page in self.pages.values())


def random_call(generator: random.Random, model: Model) -> tuple[tuple[int, ...], int]:
    """One call on a random range, and the result that the model expects."""
    start = generator.randrange(PAGES)
    span = range(FIRST + start, FIRST + generator.randrange(start + 1, PAGES + 1))
    address, size = span.start * PAGE_SIZE, len(span) * PAGE_SIZE
    protection = generator.choice((NO_ACCESS, READ, READ_WRITE))
    kind = generator.choice(("map", "map", "unmap", "protect", "protect", "discard", "write", "write"))
    if kind == "map":
        flags = PRIVATE_ANONYMOUS | FIXED_NOREPLACE
        return (MMAP, address, size, protection, flags, -1, 0), model.map(span, protection)
    if kind == "unmap":
        return (MUNMAP, address, size), model.unmap(span)
    if kind == "protect":
        return (MPROTECT, address, size, protection), model.protect(span, protection)
    if kind == "discard":
        return (MADVISE, address, size, DONTNEED), model.discard(span)
    return (CLOCK_GETTIME, 1, address), model.write(span.start)


@pytest.mark.parametrize("seed", range(20))
def test_random_calls_agree_with_the_model(workshop: Workshop, seed: int) -> None:
    generator, model = random.Random(seed), Model()
    table = (MMAP, MAP_BASE + PAGES * PAGE_SIZE, PAGE_SIZE, READ, PRIVATE_ANONYMOUS | FIXED, -1, 0)
    calls, expected = zip(*(random_call(generator, model) for _ in range(400)), strict=True)
    _, idle = script(workshop, [table, *[(CLOCK_GETTIME, 1, 0)] * len(calls)])  # which pays for the page table
    results, process = script(workshop, [table, *calls])
    assert results[1:] == list(expected)
    assert process.statistics().pages - idle.statistics().pages == model.charged
    for number in range(FIRST, FIRST + PAGES):
        page = model.pages.get(number)
        if page is None or page.protection == NO_ACCESS:
            with pytest.raises(ValueError, match="accessible"):
                process.read_memory(number * PAGE_SIZE, 1)
        else:
            assert any(process.read_memory(number * PAGE_SIZE, PAGE_SIZE)) == page.written


@pytest.mark.parametrize("step", [1, -1])
def test_neighbours_of_one_kind_count_as_one_area(workshop: Workshop, step: int) -> None:
    pages = range(FIRST, FIRST + 1500)[::step]
    calls = [(MMAP, page * PAGE_SIZE, PAGE_SIZE, READ_WRITE, PRIVATE_ANONYMOUS | FIXED, -1, 0) for page in pages]
    results, _ = script(workshop, calls)
    assert results == [page * PAGE_SIZE for page in pages]


def test_a_guest_that_alternates_protections_meets_a_limit_of_its_own(workshop: Workshop) -> None:
    """Each call makes two more host mappings; what other guests and the host need stays free."""
    whole = (MMAP, MAP_BASE, 4096 * PAGE_SIZE, READ_WRITE, PRIVATE_ANONYMOUS | FIXED, -1, 0)
    stripes = [(MPROTECT, MAP_BASE + 2 * n * PAGE_SIZE, PAGE_SIZE, READ) for n in range(2048)]
    before = len(Path("/proc/self/maps").read_text().splitlines())
    results, process = script(workshop, [whole, *stripes])
    after = len(Path("/proc/self/maps").read_text().splitlines())
    refused = results[1:].count(NO_MEMORY)
    assert results[1:] == [0] * (len(stripes) - refused) + [NO_MEMORY] * refused
    assert 1000 < refused < len(stripes) - 400
    assert after - before < 2048
    process.close()
    assert len(Path("/proc/self/maps").read_text().splitlines()) <= before + 20


def test_all_guests_together_leave_mappings_to_the_host(workshop: Workshop) -> None:
    whole = (MMAP, MAP_BASE, 2000 * PAGE_SIZE, READ_WRITE, PRIVATE_ANONYMOUS | FIXED, -1, 0)
    stripes = [(MPROTECT, MAP_BASE + 2 * n * PAGE_SIZE, PAGE_SIZE, READ) for n in range(450)]
    limit = int(Path("/proc/sys/vm/max_map_count").read_text())
    refusals = 0
    for _ in range(limit // 900 + 5):
        results, _ = script(workshop, [whole, *stripes])
        refusals += results.count(NO_MEMORY)
        if refusals:
            break
    assert refusals
    assert len(Path("/proc/self/maps").read_text().splitlines()) < limit - 4096 + 2000


def test_the_break_starts_above_the_data_stack_and_its_memory_is_zero_again_after_shrinking(workshop: Workshop) -> None:
    start = DATA_STACK_END + DATA_STACK_GAP
    calls = [
        (BRK, 0),
        (BRK, start + 10 * PAGE_SIZE),
        (CLOCK_GETTIME, 1, start + 9 * PAGE_SIZE),
        (BRK, start + PAGE_SIZE),
        (CLOCK_GETTIME, 1, start + 9 * PAGE_SIZE),
        (BRK, start + 10 * PAGE_SIZE),
    ]
    results, process = script(workshop, calls)
    assert results == [start, start + 10 * PAGE_SIZE, 0, start + PAGE_SIZE, FAULT, start + 10 * PAGE_SIZE]
    assert not any(process.read_memory(start, 10 * PAGE_SIZE))
