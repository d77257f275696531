"""The guest's qsort: sorted, stable, for every width and size of array, also without memory."""

import ctypes
import random
from collections.abc import Callable
from functools import cmp_to_key
from pathlib import Path

import pytest

from toolchain.native import native_library

COUNTS = [0, 1, 2, 3, 5, 6, 7, 8, 13, 64, 100, 257, 1000]
WIDTHS = [1, 2, 3, 4, 7, 8, 12, 16, 24, 100]
COMPARISON = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
COMPARISON_WITH_ARGUMENT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return native_library(tmp_path_factory.mktemp("sort"), ["stdlib/qsort.c", "stdlib/qsort_nr.c", "string/memcpy.c"])


@pytest.fixture(scope="module")
def library_without_memory(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    directory = tmp_path_factory.mktemp("sort-without-memory")
    (directory / "no_memory.c").write_text("#include <stddef.h>\nvoid *no_memory(size_t size) { return 0; }\n")
    sources: list[str | Path] = ["stdlib/qsort_nr.c", "string/memcpy.c", directory / "no_memory.c"]
    return native_library(directory, sources, ["-Dmalloc=no_memory"])


def first_byte(place: int) -> int:
    return ctypes.string_at(place, 1)[0] // 8


def by_first_byte(a: int, b: int) -> int:
    return first_byte(a) - first_byte(b)


def arrays(width: int) -> list[list[bytes]]:
    """Random, sorted, reversed and constant arrays of elements whose first byte counts in steps of eight."""
    generator = random.Random(width)
    made = []
    for count in COUNTS:
        elements = [generator.randbytes(width) for _ in range(count)]
        made += [elements, sorted(elements), sorted(elements, reverse=True), [b"\x11" * width] * count]
    return made


def sort_with(function: Callable[..., object], elements: list[bytes], width: int, *arguments: object) -> list[bytes]:
    joined = b"".join(elements)
    buffer = ctypes.create_string_buffer(b"\xa5" * 8 + joined + b"\xa5" * 8)
    function(ctypes.byref(buffer, 8), ctypes.c_size_t(len(elements)), ctypes.c_size_t(width), *arguments)
    assert (buffer.raw[:8], buffer.raw[8 + len(joined) : 16 + len(joined)]) == (b"\xa5" * 8, b"\xa5" * 8)
    return [buffer.raw[at : at + width] for at in range(8, 8 + len(joined), width)]


@pytest.mark.parametrize("width", WIDTHS)
def test_sorting_is_stable_at_every_size(library: ctypes.CDLL, width: int) -> None:
    for elements in arrays(width):
        expected = sorted(elements, key=lambda element: element[0] // 8)
        assert sort_with(library.qsort, elements, width, COMPARISON(by_first_byte)) == expected


def test_the_argument_reaches_the_comparison(library: ctypes.CDLL) -> None:
    seen = set()

    def descending(a: int, b: int, argument: int) -> int:
        seen.add(argument)
        return by_first_byte(b, a)

    elements = arrays(4)[-4]
    expected = sorted(elements, key=lambda element: -(element[0] // 8))
    comparison = COMPARISON_WITH_ARGUMENT(descending)
    assert sort_with(library.qsort_r, elements, 4, comparison, ctypes.c_void_p(0x1234)) == expected
    assert seen == {0x1234}


@pytest.mark.parametrize("width", [4, 100])
def test_without_memory_an_array_is_sorted_in_place(library_without_memory: ctypes.CDLL, width: int) -> None:
    for elements in arrays(width):
        result = sort_with(library_without_memory.qsort, elements, width, COMPARISON(by_first_byte))
        assert [element[0] // 8 for element in result] == sorted(element[0] // 8 for element in elements)
        assert sorted(result) == sorted(elements)


def test_sorted_input_takes_little_more_than_one_comparison_an_element(library: ctypes.CDLL) -> None:
    calls = 0

    def counting(a: int, b: int) -> int:
        nonlocal calls
        calls += 1
        return by_first_byte(a, b)

    elements = sorted(random.Random(0).randbytes(4) for _ in range(1000))
    sort_with(library.qsort, elements, 4, COMPARISON(counting))
    assert calls < 1100


def test_a_comparison_that_contradicts_itself_harms_nothing(library: ctypes.CDLL) -> None:
    generator = random.Random(9)
    for elements in arrays(8):
        result = sort_with(library.qsort, elements, 8, COMPARISON(lambda a, b: generator.randint(-1, 1)))
        assert sorted(result) == sorted(elements)


def test_the_reference_order_is_the_comparisons() -> None:
    elements = arrays(4)[-4]
    by_comparison = sorted(elements, key=cmp_to_key(lambda a, b: a[0] // 8 - b[0] // 8))
    assert by_comparison == sorted(elements, key=lambda element: element[0] // 8)
