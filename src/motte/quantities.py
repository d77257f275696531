"""Sizes and durations as people write them: ``"64MiB"``, ``"500ms"``, ``"none"``.

One strict grammar serves the command line and Python alike.  A number with no unit
is bytes or seconds; ``none`` (in Python also ``None``) lifts a limit.  Nothing is
guessed: a text that could mean two things, or nothing, is a ``ValueError`` that
shows what was expected.
"""

import math
import re
from typing import Final

SIZE_UNITS: Final = {
    "": 1,
    "b": 1,
    "k": 1 << 10,
    "kib": 1 << 10,
    "m": 1 << 20,
    "mib": 1 << 20,
    "g": 1 << 30,
    "gib": 1 << 30,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
}
"""Bytes of each unit.  ``64M`` is 64 MiB, as for ulimit and docker; ``64MB`` is the decimal one."""

DURATION_UNITS: Final = {
    "": 10**9,
    "ns": 1,
    "us": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "min": 60 * 10**9,
    "h": 3600 * 10**9,
}
"""Nanoseconds of each unit.  There is no ``m``: people mean minutes, months and milliseconds by it."""

LARGEST: Final = (1 << 63) - 1
"""Largest size in bytes, and largest duration in nanoseconds (292 years)."""

_NUMBER_AND_UNIT: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", re.ASCII)

Size = int | str | None
"""A size in bytes, a text such as ``"64MiB"``, or ``None`` for no limit."""

Duration = int | float | str | None
"""A duration in seconds, a text such as ``"500ms"``, or ``None`` for no limit."""


def size_bytes(value: Size, what: str = "size") -> int | None:
    """The size in bytes, or ``None`` for no limit.

    Raises ``ValueError`` unless the value is a whole number of bytes in [1, 2**63), and
    ``TypeError`` for another type.  ``what`` names the quantity in the message.

    >>> size_bytes("64MiB"), size_bytes("1.5k"), size_bytes(4096), size_bytes("none")
    (67108864, 1536, 4096, None)
    """
    if value is None or value == "none":
        return None
    if isinstance(value, str):
        return _in_range(_scaled(value, SIZE_UNITS, what, "a size such as 64MiB, 64M, 4096 or none"), value, what)
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{what}: expected an int (bytes), a str such as '64MiB', or None; got {value!r}")
    return _in_range(value, value, what)


def duration_ns(value: Duration, what: str = "duration") -> int | None:
    """The duration in nanoseconds, or ``None`` for no limit.

    Numbers are seconds.  Raises ``ValueError`` unless the value is in [1 ns, 292 years],
    and ``TypeError`` for another type.  ``what`` names the quantity in the message.

    >>> duration_ns("500ms"), duration_ns(2.5), duration_ns("none")
    (500000000, 2500000000, None)
    """
    if value is None or value == "none":
        return None
    if isinstance(value, str):
        return _in_range(_scaled(value, DURATION_UNITS, what, "a duration such as 2s, 500ms, 1.5 or none"), value, what)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{what}: expected a number of seconds, a str such as '500ms', or None; got {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"{what}: {value!r} is not a finite number of seconds (use None for no limit)")
    return _in_range(round(value * 10**9), value, what)


def format_size(size: int) -> str:
    """The size in the largest unit that shows it exactly, or with two decimals from 10 KiB on.

    >>> format_size(1 << 30), format_size(1536), format_size(12345678)
    ('1 GiB', '1536 B', '11.77 MiB')
    """
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size >= factor and size % factor == 0:
            return f"{size // factor} {unit}"
        if size >= 10 * factor:
            return f"{size / factor:.2f} {unit}"
    return f"{size} B"


def format_duration(duration: int) -> str:
    """The duration (nanoseconds) in a unit that suits its size.

    >>> format_duration(2 * 10**9), format_duration(1_500_000)
    ('2 s', '1.5 ms')
    """
    for unit, factor in (("s", 10**9), ("ms", 10**6), ("us", 10**3)):
        if duration >= factor:
            return f"{duration / factor:.4g} {unit}"
    return f"{duration} ns"


def _scaled(text: str, units: dict[str, int], what: str, expected: str) -> int:
    match = _NUMBER_AND_UNIT.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{what}: {text!r} is not {expected}")
    number, unit = match.groups()
    factor = units.get(unit.lower())
    if factor is None:
        known = ", ".join(name for name in units if name)
        raise ValueError(f"{what}: {text!r} has the unknown unit {unit!r} (known: {known})")
    whole, _, fraction = number.partition(".")
    numerator = int(whole + fraction) * factor
    scaled, rest = divmod(numerator, int("1" + "0" * len(fraction)))
    if rest:
        raise ValueError(f"{what}: {text!r} is not a whole number of its smallest unit")
    return scaled


def _in_range(amount: int, written: object, what: str) -> int:
    if amount <= 0:
        raise ValueError(f"{what}: {written!r} is not greater than zero (use none to lift the limit)")
    if amount > LARGEST:
        raise ValueError(f"{what}: {written!r} is too large (use none to lift the limit)")
    return amount
