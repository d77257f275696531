"""An artifact of confined code as a value: read, checked for consistency, ready to be placed or inspected.

Whether its code may run is for the verifier alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from motte.abi.layout import FUNCTION_TABLE_ENTRY_SIZE, JUMP_TABLE_ENTRY_SIZE
from motte.abi.limits import DEFAULT_LIMITS, Limits
from motte.errors import Refused
from motte.image.function_table import table_log2
from motte.image.manifest import Manifest, read_manifest
from motte.image.records import check_below, check_disjoint, columns
from motte.image.sizes import check_code_size, check_image_end
from motte.image.stored import StoredProgram

if TYPE_CHECKING:
    from motte.image.program import LinkedFunction


class Artifact(StoredProgram):
    """A consistent artifact of confined code.  Immutable; holds views of the bytes it was read from."""

    def __init__(self, manifest: Manifest, limits: Limits) -> None:
        """Use :meth:`read`."""
        super().__init__(manifest)
        self.trap = manifest.scalars["trap"]
        self.data_stack_variables = (manifest.scalars["data_stack_pointer"], manifest.scalars["data_stack_limit"])
        self.reaches_blocks = manifest.scalars["reaches_blocks"] == 1
        """Whether the code may reach checked blocks, and calls the gates of such programs."""
        self._check_sizes(limits)
        self.function_entries = columns(self.blobs["function_entries"], 3)
        self.gate_entries = columns(self.blobs["gate_entries"], 3)
        self.table_references = columns(self.blobs["table_references"], 1)[0]
        self.gate_calls = columns(self.blobs["gate_calls"], 2)
        self.jump_tables = columns(self.blobs["jump_tables"], 3)
        self.function_table_log2 = table_log2(len(self.function_entries[0]) + len(self.gate_entries[0]))
        self._check_records()

    @classmethod
    def read(cls, data: bytes | memoryview, limits: Limits = DEFAULT_LIMITS) -> Artifact:
        """The artifact in ``data``.

        Raises :class:`~motte.errors.Refused` with the first inconsistency, and if its code is native: it would not be
        verified; :class:`~motte.errors.LimitReached` if it is consistent but larger than ``limits`` allow.
        """
        manifest = read_manifest(memoryview(data).cast("B"))
        if manifest.kind != "confined":
            raise Refused("artifact: its code is native: no verifier can accept it, and only an OS process isolates it")
        return cls(manifest, limits)

    @property
    def function_table_size(self) -> int:
        """Bytes of the function table; the jump tables follow it."""
        return FUNCTION_TABLE_ENTRY_SIZE << self.function_table_log2

    @property
    def tables_size(self) -> int:
        """Bytes of function table and jump tables."""
        return self.function_table_size + JUMP_TABLE_ENTRY_SIZE * (len(self.blobs["jump_targets"]) // 4)

    def functions(self) -> list[LinkedFunction]:
        """All functions in code order."""
        from motte.image.program import LinkedFunction

        offsets, sizes, stack_arguments = self.function_columns
        return list(map(LinkedFunction, offsets, sizes, stack_arguments, self.function_names))

    # --- checks -------------------------------------------------------------------------------

    def _check_sizes(self, limits: Limits) -> None:
        check_code_size(len(self.blobs["code"]), limits)
        check_image_end(self.image_end, limits)
        for variable in self.data_stack_variables:
            if variable % 8 or not self.writable_base <= variable <= self.image_end - 8:
                raise Refused(f"artifact: data-stack variable at {variable:#x} is not in the writable segment")

    def _check_records(self) -> None:
        code = len(self.blobs["code"])
        functions, imports = self.function_count, len(self.imports)
        check_below((self.trap,), functions, "function")
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
