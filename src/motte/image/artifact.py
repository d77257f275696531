"""An artifact (``.motte``) as a value: read, checked for consistency, ready to be placed or inspected.

Artifacts come from anywhere.  Reading one proves only that it can be *loaded* without surprise: every
index is in range, every size agrees with the file and the limits, nothing asks for more
memory or time than the file's size and the limits justify.  Whether its code may run is for
the verifier alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from motte.abi.kernel_calls import KERNEL_CALL_BY_NAME
from motte.abi.layout import FUNCTION_TABLE_ENTRY_SIZE, IMAGE_BASE, JUMP_TABLE_ENTRY_SIZE, PAGE_SIZE
from motte.abi.limits import DEFAULT_LIMITS, Limits
from motte.errors import Refused
from motte.image.exports import read_prototypes
from motte.image.function_table import table_log2
from motte.image.inlined_reader import InlinedReader
from motte.image.manifest import Manifest, read_manifest
from motte.image.names import printable
from motte.image.records import check_below, check_disjoint, columns, split_names
from motte.image.sizes import check_code_size, check_image_end, round_up

if TYPE_CHECKING:
    from motte.image.program import LinkedFunction


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


class Artifact:
    """A consistent artifact.  Immutable; holds views of the bytes it was read from."""

    def __init__(self, manifest: Manifest, limits: Limits) -> None:
        """Use :meth:`read`."""
        self.blobs: Mapping[str, memoryview] = manifest.blobs
        self.imports = manifest.imports
        self.cpu_features = manifest.cpu_features
        self.metadata = manifest.metadata
        self.entry = manifest.scalars["entry"]
        self.trap = manifest.scalars["trap"]
        self.data_stack_variables = (manifest.scalars["data_stack_pointer"], manifest.scalars["data_stack_limit"])
        self._zero_size = manifest.scalars["zero_size"]
        self.reaches_blocks = manifest.scalars["reaches_blocks"] == 1
        """Whether the code may reach checked blocks, and calls the gates of such programs."""
        self._check_sizes(limits)
        self.function_columns = columns(self.blobs["functions"], 3)
        self.function_entries = columns(self.blobs["function_entries"], 3)
        self.gate_entries = columns(self.blobs["gate_entries"], 3)
        self.table_references = columns(self.blobs["table_references"], 1)[0]
        self.gate_calls = columns(self.blobs["gate_calls"], 2)
        self.jump_tables = columns(self.blobs["jump_tables"], 3)
        self.exports = columns(self.blobs["exports"], 1)[0]
        self.function_table_log2 = table_log2(len(self.function_entries[0]) + len(self.gate_entries[0]))
        self._check_records()
        # Escaped: these names go into messages, verdicts and backtraces.
        self.function_names = split_names(self.blobs["function_names"], self.function_count, "functions")

    @classmethod
    def read(cls, data: bytes | memoryview, limits: Limits = DEFAULT_LIMITS) -> Artifact:
        """The artifact in ``data``.

        Raises :class:`~motte.errors.Refused` with the first inconsistency, and
        :class:`~motte.errors.LimitReached` if it is consistent but larger than ``limits`` allow.
        """
        return cls(read_manifest(memoryview(data).cast("B")), limits)

    # --- sizes, known before the artifact is placed -------------------------------------------

    @property
    def code_size(self) -> int:
        """Bytes of executable memory needed: whole pages."""
        return round_up(len(self.blobs["code"]), PAGE_SIZE)

    @property
    def function_table_size(self) -> int:
        """Bytes of the function table; the jump tables follow it."""
        return FUNCTION_TABLE_ENTRY_SIZE << self.function_table_log2

    @property
    def tables_size(self) -> int:
        """Bytes of function table and jump tables."""
        return self.function_table_size + JUMP_TABLE_ENTRY_SIZE * (len(self.blobs["jump_targets"]) // 4)

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
        """How many functions the artifact holds, the trap included."""
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
        offsets, sizes, _ = self.function_columns
        index = bisect_right(offsets, offset) - 1
        return index if index >= 0 and offset < offsets[index] + sizes[index] else None

    def functions(self) -> list[LinkedFunction]:
        """All functions in code order."""
        from motte.image.program import LinkedFunction

        offsets, sizes, stack_arguments = self.function_columns
        return list(map(LinkedFunction, offsets, sizes, stack_arguments, self.function_names))

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

    def _check_sizes(self, limits: Limits) -> None:
        if not self.blobs["code"]:
            raise Refused("artifact: holds no code")
        check_code_size(len(self.blobs["code"]), limits)
        check_image_end(self.image_end, limits)
        for variable in self.data_stack_variables:
            if variable % 8 or not self.writable_base <= variable <= self.image_end - 8:
                raise Refused(f"artifact: data-stack variable at {variable:#x} is not in the writable segment")

    def _check_records(self) -> None:
        code = len(self.blobs["code"])
        functions, imports = self.function_count, len(self.imports)
        check_disjoint(self.function_columns[0], self.function_columns[1], code, "functions")
        check_below((self.entry, self.trap), functions, "function")
        for name in self.imports:
            if name not in KERNEL_CALL_BY_NAME:
                raise Refused(f"artifact: needs kernel call {printable(name)}, which this Motte does not have")
        entries = 1 << self.function_table_log2
        for (slots, callees, _), limit, what in (
            (self.function_entries, functions, "function"),
            (self.gate_entries, imports, "import"),
        ):
            check_below(slots, entries, "function-table entry")
            check_below(callees, limit, what)
        check_below(self.table_references, code - 3, "table reference")
        check_below(self.gate_calls[0], code - 3, "gate call")
        check_below(self.gate_calls[1], imports, "import")
        check_below(self.jump_tables[2], functions, "function")
        check_disjoint(self.jump_tables[0], self.jump_tables[1], len(self.blobs["jump_targets"]) // 4, "jump tables")
        check_below(self.exports, functions, "function")
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
