"""Sizes and durations: one strict grammar, and clear words for everything outside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motte.quantities import LARGEST, duration_ns, format_duration, format_size, size_bytes


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("4096", 4096),
        ("64M", 64 << 20),
        ("64m", 64 << 20),
        ("64MiB", 64 << 20),
        ("64 MiB", 64 << 20),
        ("64MB", 64_000_000),
        ("1.5k", 1536),
        ("2G", 2 << 30),
        ("8b", 8),
    ],
)
def test_a_size_is_read_with_its_unit(text: str, size: int) -> None:
    assert size_bytes(text) == size


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("2s", 2 * 10**9),
        ("2", 2 * 10**9),
        ("500ms", 5 * 10**8),
        ("0.25", 25 * 10**7),
        ("1.5min", 90 * 10**9),
        ("7ns", 7),
    ],
)
def test_a_duration_is_read_with_its_unit(text: str, nanoseconds: int) -> None:
    assert duration_ns(text) == nanoseconds


def test_numbers_are_bytes_and_seconds() -> None:
    assert size_bytes(4096) == 4096
    assert duration_ns(2) == 2 * 10**9
    assert duration_ns(0.5) == 5 * 10**8


def test_none_lifts_a_limit() -> None:
    assert size_bytes("none") is None
    assert size_bytes(None) is None
    assert duration_ns("none") is None
    assert duration_ns(None) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not a size such as"),
        ("MiB", "is not a size such as"),
        ("-1M", "is not a size such as"),
        ("1e3", "is not a size such as"),
        ("0x10", "is not a size such as"),
        ("1.M", "is not a size such as"),
        ("٣", "is not a size such as"),
        ("64MiBs", "unknown unit 'MiBs'"),
        ("1T", "unknown unit 'T'"),
        ("1.5", "not a whole number"),
        ("0", "not greater than zero"),
        ("0.0G", "not greater than zero"),
        ("99999999999G", "too large"),
    ],
)
def test_what_is_no_size_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        size_bytes(text, "memory")
    assert str(caught.value).startswith("memory: ")
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("5m", "unknown unit 'm'"),
        ("soon", "is not a duration such as"),
        ("0", "not greater than zero"),
        ("0.3ns", "not a whole number"),
        ("9999999999h", "too large"),
    ],
)
def test_what_is_no_duration_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        duration_ns(text)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 0, 1e30])
def test_a_number_that_is_no_duration_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match=r"finite|greater than zero|too large"):
        duration_ns(value)


@pytest.mark.parametrize("value", [True, b"64M", [1], 1.5])
def test_a_size_of_another_type_is_misuse(value: object) -> None:
    with pytest.raises(TypeError, match="memory: expected an int"):
        size_bytes(value, "memory")  # type: ignore[arg-type]


@given(st.text())
def test_no_text_makes_the_readers_fail_otherwise(text: str) -> None:
    for read in (size_bytes, duration_ns):
        try:
            amount = read(text)
        except ValueError:
            continue
        assert amount is None or 0 < amount <= LARGEST


@given(st.integers(1, 1 << 50))
def test_a_formatted_size_is_the_size_to_a_thousandth(size: int) -> None:
    number, unit = format_size(size).split()
    factor = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}[unit]
    assert abs(float(number) * factor - size) <= size / 1000


def test_durations_are_shown_in_a_unit_that_suits_them() -> None:
    assert [format_duration(value) for value in (7, 1500, 2_500_000, 3 * 10**9)] == ["7 ns", "1.5 us", "2.5 ms", "3 s"]
