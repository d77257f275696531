"""What artifacts of both kinds have: an image of the window, functions with names, source lines, exports.

Artifacts come from anywhere.  Reading one proves only that it can be *loaded* without surprise: every
index is in range, every size agrees with the file and the limits, nothing asks for more
memory or time than the file's size and the limits justify.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Final, NamedTuple

from motte.abi.kernel_calls import KERNEL_CALL_BY_NAME
from motte.abi.layout import IMAGE_BASE, PAGE_SIZE
from motte.errors import Refused
from motte.image.encoding import BLOBS
from motte.image.exports import read_prototypes
from motte.image.inlined_reader import InlinedReader
from motte.image.manifest import Manifest
from motte.image.names import printable
from motte.image.records import check_below, check_disjoint, columns, split_names
from motte.image.sizes import round_up

_LINE_COLUMNS: Final = ("line_offsets", "line_numbers", "line_columns", "line_files")


class Location(NamedTuple):
    """A place in a program for people; parts that are unknown are ``None``.  Names are escaped."""

    function: str | None
    file: str | None
    line: int | None
    column: int | None = None


class SegmentSummary(NamedTuple):
    """One segment of the window image; sizes in bytes, ``address`` in the window."""

    name: str
    address: int
    size: int
    writable: bool


class StoredProgram:
    """A consistent artifact of either kind.  Immutable; holds views of the bytes it was read from."""

    def __init__(self, manifest: Manifest) -> None:
        """Its own kind's records are left to the subclass."""
        self.blobs: Mapping[str, memoryview] = manifest.blobs
        self.imports = manifest.imports
        self.cpu_features = manifest.cpu_features
        self.metadata = manifest.metadata
        self.entry = manifest.scalars["entry"]
        self._zero_size = manifest.scalars["zero_size"]
        self.function_columns = columns(self.blobs["functions"], BLOBS[manifest.kind]["functions"] // 4)
        self.exports = columns(self.blobs["exports"], 1)[0]
        self._check_described()
        # Escaped: these names go into messages, verdicts and backtraces.
        self.function_names = split_names(self.blobs["function_names"], self.function_count, "functions")

    @property
    def code_size(self) -> int:
        """Bytes of executable memory needed: whole pages."""
        return round_up(len(self.blobs["code"]), PAGE_SIZE)

    @property
    def writable_base(self) -> int:
        """Window address of the writable segment."""
        return round_up(IMAGE_BASE + len(self.blobs["read_only"]), PAGE_SIZE)

    @property
    def image_end(self) -> int:
        """Window address of the first byte after the image."""
        return self.writable_base + len(self.blobs["writable"]) + self._zero_size

    @property
    def function_count(self) -> int:
        """How many functions the artifact holds; of a confined one, the trap included."""
        return len(self.function_columns[0])

    # --- what people ask ----------------------------------------------------------------------

    def missing_features(self, host_features: Collection[str]) -> tuple[str, ...]:
        """CPU features that the code needs and a host with ``host_features`` lacks; escaped names."""
        return tuple(printable(feature) for feature in self.cpu_features if feature not in host_features)

    def locate(self, offset: int) -> Location:
        """Function and source line of the instruction at a code offset."""
        function = self.function_at(offset)
        name = None if function is None else self.function_names[function]
        row = bisect_right(self._lines[0], offset) - 1
        if row < 0:
            return Location(name, None, None)
        _, lines, columns_of_lines, files = self._lines
        file, line = files[row], lines[row]
        if not file or not line:
            return Location(name, None, None)
        return Location(name, printable(self._file_names[file]), line, columns_of_lines[row] or None)

    def locations(self, offset: int) -> list[Location]:
        """The functions that contain the instruction at a code offset, from the innermost inlined one outwards."""
        found = []
        function, file, line, column = self.locate(offset)
        for inlined in self._inlined.around(offset):
            found.append(Location(inlined.function, file, line, column))
            file, line, column = inlined.call_file, inlined.call_line, None
        return [*found, Location(function, file, line, column)]

    def function_at(self, offset: int) -> int | None:
        """Index of the function that contains a code offset."""
        offsets, sizes, *_ = self.function_columns
        index = bisect_right(offsets, offset) - 1
        return index if index >= 0 and offset < offsets[index] + sizes[index] else None

    def segments(self) -> tuple[SegmentSummary, ...]:
        """The window image, in address order."""
        writable = len(self.blobs["writable"])
        return (
            SegmentSummary("read-only", IMAGE_BASE, len(self.blobs["read_only"]), False),
            SegmentSummary("writable", self.writable_base, writable, True),
            SegmentSummary("zero", self.writable_base + writable, self._zero_size, True),
        )

    @cached_property
    def claimed_prototypes(self) -> dict[str, tuple[int, str]]:
        """By name: the index of a function that the host may call, and its prototype as the artifact has it.

        Raises :class:`~motte.errors.Refused` if they are not what the format has.
        """
        return read_prototypes(self.exports, bytes(self.blobs["prototypes"]))

    # --- checks -------------------------------------------------------------------------------

    def _check_described(self) -> None:
        if not self.blobs["code"]:
            raise Refused("artifact: holds no code")
        check_disjoint(self.function_columns[0], self.function_columns[1], len(self.blobs["code"]), "functions")
        check_below((self.entry,), self.function_count, "function")
        for name in self.imports:
            if name not in KERNEL_CALL_BY_NAME:
                raise Refused(f"artifact: needs kernel call {printable(name)}, which this Motte does not have")
        check_below(self.exports, self.function_count, "function")
        if len(self.blobs["inlined_offsets"]) != len(self.blobs["inlined_innermost"]):
            raise Refused("artifact: the columns of inlined calls differ in length")
        if len({len(self.blobs[name]) for name in _LINE_COLUMNS}) != 1:
            raise Refused("artifact: the line table's columns differ in length")

    @cached_property
    def _lines(self) -> tuple[tuple[int, ...], ...]:
        """Offsets, lines, columns and files; read at the first question, because most runs never ask."""
        offsets, lines, places, files = (columns(self.blobs[name], 1)[0] for name in _LINE_COLUMNS)
        known = len(self._file_names)
        return offsets, lines, places, tuple(file if file < known else 0 for file in files)

    @cached_property
    def _inlined(self) -> InlinedReader:
        """Read at the first question, like the lines."""
        return InlinedReader(self.blobs)

    @cached_property
    def _file_names(self) -> list[str]:
        return bytes(self.blobs["file_names"]).decode("utf-8", "surrogateescape").split("\0")[:-1]
