"""What was inlined where, read from an artifact, which may come from anywhere.

A number that leads nowhere counts as none: a wrong table costs its author a useful
backtrace, and us nothing.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Mapping
from typing import Final, NamedTuple

from motte.image.names import printable
from motte.image.records import columns

MOST_NESTED: Final = 32
"""Functions inlined into one another that are told of: each call of a backtrace may have as many."""


class InlinedPlace(NamedTuple):
    """A function that was inlined, and where it was called; escaped, ``None`` if unknown."""

    function: str | None
    call_file: str | None
    call_line: int | None


class InlinedReader:
    """The table of inlined calls of one artifact."""

    def __init__(self, blobs: Mapping[str, memoryview]) -> None:
        """``blobs`` are the artifact's, whose sizes are multiples of their records'."""
        self._offsets, self._innermost = (columns(blobs[name], 1)[0] for name in _COLUMNS)
        self._calls = list(struct.iter_unpack("<4I", blobs["inlined_calls"]))
        self._texts = bytes(blobs["inlined_texts"]).decode("utf-8", "surrogateescape").split("\0")

    def around(self, offset: int) -> list[InlinedPlace]:
        """The inlined functions that contain the instruction at a code offset, the innermost first."""
        row = bisect_right(self._offsets, offset) - 1
        number = self._innermost[row] if row >= 0 else 0
        places: list[InlinedPlace] = []
        while 0 < number <= len(self._calls) and len(places) < MOST_NESTED:
            around, name, file, line = self._calls[number - 1]
            path = self._text(file) if line else None
            places.append(InlinedPlace(self._text(name), path, line if path else None))
            number = around if around < number else 0
        return places

    def _text(self, number: int) -> str | None:
        text = self._texts[number] if number < len(self._texts) else ""
        return printable(text) if text else None


_COLUMNS: Final = ("inlined_offsets", "inlined_innermost")
