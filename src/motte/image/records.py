"""Arrays of fixed records inside an artifact, read a column at a time.

An artifact may hold a hundred thousand records and must load in milliseconds, so nothing
here makes an object for each: a column is one tuple of numbers, and checks are C loops.
"""

from __future__ import annotations

import operator
import struct
from collections.abc import Sequence

from motte.errors import Refused
from motte.image.names import printable


def columns(blob: bytes | memoryview, count: int) -> list[tuple[int, ...]]:
    """The ``count`` columns of an array of records of u32 fields."""
    numbers = struct.unpack(f"<{len(blob) // 4}I", blob)
    return [numbers[column::count] for column in range(count)]


def check_below(values: Sequence[int], limit: int, what: str) -> None:
    """Refuses unless every value is below ``limit``."""
    if values and max(values) >= limit:
        raise Refused(f"artifact: {what} {max(values)} is out of range: it must be below {limit}")


def check_disjoint(starts: Sequence[int], sizes: Sequence[int], limit: int, what: str) -> None:
    """Refuses unless the ranges ascend without overlap and end at or before ``limit``."""
    ends = tuple(map(operator.add, starts, sizes))
    if not all(map(operator.le, ends, starts[1:])):
        raise Refused(f"artifact: {what} overlap or are out of order")
    if ends and ends[-1] > limit:
        raise Refused(f"artifact: {what} end at {ends[-1]:#x}, past their limit {limit:#x}")


def split_names(blob: bytes | memoryview, count: int, what: str) -> list[str]:
    """The ``count`` NUL-ended names in ``blob``, fit to be shown to people."""
    text = bytes(blob).decode("utf-8", "surrogateescape")
    names = text.split("\0")
    if names.pop() or len(names) != count:
        raise Refused(f"artifact: {what}: {len(names)} names where {count} belong")
    return [printable(name) for name in names]
