"""Places an artifact at host addresses: final code, final tables, the window's segments.

Everything stays data here.  The result is a *claim* about code; the verifier decides about it,
and only the core maps anything.

Most of the work is bulk arithmetic.  Jump tables widen from 32-bit offsets to 64-bit
addresses as one big integer: no lane can overflow, because an offset and a base are both
below 2**32.
"""

from __future__ import annotations

import struct
from array import array
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from motte.abi.kernel_calls import KERNEL_CALL_BY_NAME, KERNEL_CALLS
from motte.abi.layout import (
    CODE_REGION_BASE,
    CODE_REGION_END,
    DATA_STACK_ALIGNMENT,
    DATA_STACK_GAP,
    FUNCTION_TABLE_ENTRY_SIZE,
    HEAP_END,
    IMAGE_BASE,
    JUMP_TABLE_ENTRY_SIZE,
    PAGE_SIZE,
    UNUSED_CLASS,
)
from motte.abi.packed_claims import PackedClaims
from motte.errors import LimitReached
from motte.image.artifact import Artifact
from motte.image.records import columns
from motte.image.sizes import round_up
from motte.image.stored import StoredProgram

if TYPE_CHECKING:
    from motte.verifier import ClaimedCode

_FIELD: Final = struct.Struct("<I")
_CALL: Final = struct.Struct("<i")
_ENTRY: Final = struct.Struct("<QII")
_CODE_FILL: Final = b"\xcc"


class Segment(NamedTuple):
    """Part of the window image: ``contents`` at ``address``, then zeros up to ``size`` bytes."""

    address: int
    size: int
    contents: memoryview
    writable: bool


class DataStack(NamedTuple):
    """Window addresses [low, high) of a data stack; the heap begins ``DATA_STACK_GAP`` behind ``high``."""

    low: int
    high: int


@dataclass(frozen=True)
class LoadPlan:
    """A program at its host address."""

    artifact: Artifact
    base: int
    code: bytearray
    tables_base: int
    tables: bytes
    packed_claims: PackedClaims
    segments: tuple[Segment, ...]
    """In address order, page-aligned, without the empty ones; sizes need not be whole pages."""
    image_end: int
    entry_offset: int
    """Offset in the code of the function that the core enters."""
    data_stack_variables: tuple[int, int]
    """Window addresses of the data-stack pointer and of its limit."""

    @cached_property
    def claimed(self) -> ClaimedCode:
        """What is claimed about the code, object by object and with names, for ``motte.verifier``."""
        # Late: needed to explain a refusal, and not to load a program.
        from motte.verifier import ClaimedCode, ClaimedFunction, ClaimedJumpTable

        packed = self.packed_claims
        return ClaimedCode(
            base=self.base,
            code=bytes(self.code),
            functions=tuple(map(ClaimedFunction, *columns(packed.functions, 3), self.artifact.function_names)),
            tables_base=self.tables_base,
            tables=self.tables,
            function_table=packed.function_table,
            function_table_log2=packed.function_table_log2,
            classes=dict(zip(*columns(packed.classes, 2), strict=True)),
            gates={call.gate(self.artifact.reaches_blocks): call.stack_arguments for call in KERNEL_CALLS},
            jump_tables=tuple(map(ClaimedJumpTable, *columns(packed.jump_tables, 3))),
            entries=columns(packed.entries, 1)[0],
            reaches_blocks=packed.reaches_blocks,
        )

    def data_stack(self, size: int) -> DataStack:
        """Where a data stack of ``size`` bytes (its end rounded up to pages) goes: right behind the image.

        Raises :class:`~motte.errors.LimitReached` if image and stack leave no room for a heap.
        """
        low = round_up(self.image_end, DATA_STACK_ALIGNMENT)
        high = round_up(low + size, PAGE_SIZE)
        if high > HEAP_END - DATA_STACK_GAP:
            raise LimitReached(f"a data stack of {size} bytes ends at {high:#x}, past the heap's end {HEAP_END:#x}")
        return DataStack(low, high)


def load_plan(artifact: Artifact, base: int, tables_base: int) -> LoadPlan:
    """``artifact`` with its code at host address ``base`` and its tables at ``tables_base``.

    Both must be page-aligned and inside the code region, with room for ``artifact.code_size`` and
    ``artifact.tables_size`` bytes; ``ValueError`` if not.
    """
    _check_place(base, artifact.code_size, "code")
    _check_place(tables_base, artifact.tables_size, "tables")
    return LoadPlan(
        artifact=artifact,
        base=base,
        code=_code(artifact, base, tables_base),
        tables_base=tables_base,
        tables=_function_table(artifact, base) + _jump_targets(artifact, base),
        packed_claims=_packed_claims(artifact, tables_base),
        segments=window_segments(artifact),
        image_end=artifact.image_end,
        entry_offset=artifact.function_columns[0][artifact.entry],
        data_stack_variables=artifact.data_stack_variables,
    )


def _check_place(address: int, size: int, what: str) -> None:
    if address % PAGE_SIZE or not CODE_REGION_BASE <= address <= CODE_REGION_END - size:
        raise ValueError(f"{what} of {size} bytes cannot be at {address:#x}")


def _gate_addresses(artifact: Artifact) -> list[int]:
    return [KERNEL_CALL_BY_NAME[name].gate(artifact.reaches_blocks) for name in artifact.imports]


def _code(artifact: Artifact, base: int, tables_base: int) -> bytearray:
    """Whole pages of code, with the addresses of tables and gates filled in."""
    blob = artifact.blobs["code"]
    code = bytearray(blob) + _CODE_FILL * (artifact.code_size - len(blob))
    read, write = _FIELD.unpack_from, _FIELD.pack_into
    for offset in artifact.table_references:
        write(code, offset, (read(code, offset)[0] + tables_base) & 0xFFFF_FFFF)
    gates = _gate_addresses(artifact)
    for offset, imported in zip(*artifact.gate_calls, strict=True):
        _CALL.pack_into(code, offset, gates[imported] - (base + offset + 4))
    return code


def _function_table(artifact: Artifact, base: int) -> bytes:
    offsets = artifact.function_columns[0]
    table = bytearray(_ENTRY.pack(base + offsets[artifact.trap], UNUSED_CLASS, 0) * (1 << artifact.function_table_log2))
    for entry, function, number in zip(*artifact.function_entries, strict=True):
        _ENTRY.pack_into(table, entry * FUNCTION_TABLE_ENTRY_SIZE, base + offsets[function], number, 0)
    gates = _gate_addresses(artifact)
    for entry, imported, number in zip(*artifact.gate_entries, strict=True):
        _ENTRY.pack_into(table, entry * FUNCTION_TABLE_ENTRY_SIZE, gates[imported], number, 0)
    return bytes(table)


def _jump_targets(artifact: Artifact, base: int) -> bytes:
    """Every target as a 64-bit host address."""
    offsets = bytes(artifact.blobs["jump_targets"])
    count = len(offsets) // 4
    lanes = bytearray(JUMP_TABLE_ENTRY_SIZE * count)
    for byte in range(4):
        lanes[byte::JUMP_TABLE_ENTRY_SIZE] = offsets[byte::4]
    every_lane = int.from_bytes((1).to_bytes(JUMP_TABLE_ENTRY_SIZE, "little") * count, "little")
    return (int.from_bytes(lanes, "little") + base * every_lane).to_bytes(len(lanes), "little")


def _packed_claims(artifact: Artifact, tables_base: int) -> PackedClaims:
    """The artifact's own records where they are what the core reads; jump tables with their addresses."""
    targets, entries, owners = artifact.jump_tables
    first = tables_base + artifact.function_table_size
    addresses = [first + JUMP_TABLE_ENTRY_SIZE * target for target in targets]
    return PackedClaims(
        function_table=tables_base,
        function_table_log2=artifact.function_table_log2,
        reaches_blocks=int(artifact.reaches_blocks),
        functions=artifact.blobs["functions"],
        classes=artifact.blobs["classes"],
        jump_tables=array("I", chain.from_iterable(zip(addresses, entries, owners, strict=True))).tobytes(),
        entries=array("I", (artifact.entry,)).tobytes(),
    )


def window_segments(artifact: StoredProgram) -> tuple[Segment, ...]:
    """The window image of an artifact of either kind."""
    read_only, writable = artifact.blobs["read_only"], artifact.blobs["writable"]
    writable_size = artifact.image_end - artifact.writable_base
    both = (
        Segment(IMAGE_BASE, len(read_only), read_only, False),
        Segment(artifact.writable_base, writable_size, writable, True),
    )
    return tuple(segment for segment in both if segment.size)
