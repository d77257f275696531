"""In mode ``cast``, exactly the integers that point into the process's memory pass, over all of 64 bits.

What is mapped is asked of the host, which tries to read it: page tables against the core's list of areas.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import motte
from motte.abi.layout import FUNCTION_TABLE_ENTRY_SIZE, INFORMATION_PAGE, MAP_BASE, MAP_END, PAGE_SIZE, WINDOW_SIZE
from motte.abi.limits import DEFAULT_LIMITS

SOURCE = Path(__file__).parent / "programs" / "cast_sweep.c"
STRIDE = 2_097_143
"""A prime: the samples fall on every place in a page."""


class Sweep:
    """A program that casts, and a process of it to look at."""

    def __init__(self, machine: motte.Machine) -> None:
        self._machine = machine
        self._program = machine.load(SOURCE, checked="cast")
        self._still = machine.spawn(self._program)
        assert self._still.wait(10).returncode == 2
        self.stack = self._program.plan.data_stack(DEFAULT_LIMITS.data_stack)

    def close(self) -> None:
        self._still.close()
        self._program.close()

    def refused(self, start: int, stride: int, count: int) -> Iterator[int]:
        """The integers that are faults: after each, another process goes on behind it."""
        while count > 0:
            with self._machine.spawn(self._program, [hex(start), str(stride), str(count)]) as process:
                end = process.wait(10)
            if end.fault is None:
                assert end.returncode == 0, end
                return
            assert (end.fault.kind, end.returncode) == (motte.FaultKind.BAD_CAST, 139)
            bad = end.fault.address
            assert bad is not None
            yield bad
            passed = (bad - start) // stride + 1
            start, count = start + passed * stride, count - passed

    def is_good(self, integer: int) -> bool:
        """What the mode promises: mapped memory and one past its end, a stack that may grow, null, and functions."""
        return (
            integer == 0
            or self._is_mapped(integer)
            or self._is_mapped(integer - 1)
            or self.stack.low <= integer <= self.stack.high
            or integer in self._functions
        )

    def _is_mapped(self, integer: int) -> bool:
        if not 0 <= integer < WINDOW_SIZE:
            return False
        try:
            return len(self._still.memory.read(integer, 1)) == 1
        except ValueError:
            return False

    @property
    def _functions(self) -> range:
        """Used entries are the odd ones from the second page on; this program takes few addresses."""
        return range(257 * FUNCTION_TABLE_ENTRY_SIZE, self._last_function + 1, 2 * FUNCTION_TABLE_ENTRY_SIZE)

    @property
    def _last_function(self) -> int:
        plan = self._program.plan
        used = [plan.claimed.tables[offset + 8 : offset + 12] for offset in range(0, 512 * 16, 16)]
        return 16 * max(index for index, number in enumerate(used) if any(number))

    def edges(self) -> list[int]:
        """Where mapped memory begins and ends, wherever the program has any."""
        places = (
            range(INFORMATION_PAGE - PAGE_SIZE, INFORMATION_PAGE + (1 << 20), PAGE_SIZE),
            range(self.stack.high - (1 << 20), self.stack.high + (1 << 20), PAGE_SIZE),
            range(0x9000_0000 - PAGE_SIZE, 0x9000_0000 + 4 * PAGE_SIZE, PAGE_SIZE),
            range(MAP_END - (48 << 20), MAP_END + 2 * PAGE_SIZE, PAGE_SIZE),
        )
        found = [self.stack.low]
        for pages in places:
            mapped = [self._is_mapped(page) for page in pages]
            found += [page for page, before, here in zip(pages[1:], mapped, mapped[1:], strict=False) if before != here]
        return found


@pytest.fixture(scope="module")
def sweep() -> Iterator[Sweep]:
    with motte.Machine() as machine:
        sweep = Sweep(machine)
        yield sweep
        sweep.close()


def assert_agreement(sweep: Sweep, start: int, stride: int, count: int) -> int:
    """How many were good."""
    wanted = [integer for integer in range(start, start + stride * count, stride) if not sweep.is_good(integer)]
    assert list(sweep.refused(start, stride, count)) == wanted
    return count - len(wanted)


def test_all_32_bit_integers_in_samples(sweep: Sweep) -> None:
    good = assert_agreement(sweep, 0, STRIDE, WINDOW_SIZE // STRIDE)
    assert good > 20, "the heap of 40 MiB and the stack are met"


def test_every_integer_around_the_edges_of_mapped_memory(sweep: Sweep) -> None:
    edges = sweep.edges()
    assert len(edges) >= 9, [hex(edge) for edge in edges]
    for edge in edges:
        assert_agreement(sweep, edge - 3, 1, 6)


def test_the_first_page_holds_null_and_functions_only(sweep: Sweep) -> None:
    good = assert_agreement(sweep, 0, 8, 257 * 2 + 24)
    assert good >= 2, "null and the function"


@pytest.mark.parametrize("upper", [1, 0x10, 0x8000_0000, 0xFFFF_FFFF], ids=hex)
def test_an_integer_with_upper_bits_is_never_good(sweep: Sweep, upper: int) -> None:
    """The window cuts them off: unchecked, all of these would be fine pointers."""
    integers = [sweep.stack.high - 8, INFORMATION_PAGE + PAGE_SIZE, 0x9000_0000, 0, MAP_BASE]
    for integer in integers:
        assert list(sweep.refused(upper << 32 | integer, 1, 1)) == [upper << 32 | integer]
