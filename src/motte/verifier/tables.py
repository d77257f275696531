"""T2, T3 and T4: the read-only tables through which control goes.

Every byte of the tables belongs to exactly one thing: the function table, one declared jump
table, or zero padding.  So nothing that a table operand can reach is unchecked, and no
byte is read in two ways.
"""

from collections.abc import Mapping
from struct import iter_unpack

from motte.abi import layout
from motte.verifier.claims import ClaimedCode, ClaimedJumpTable
from motte.verifier.findings import Findings


class JumpTable:
    """One jump table, with its entries as offsets from the code's base.

    ``height`` is the height at which its owner jumps through it, once that is known.
    """

    __slots__ = ("address", "entries", "height", "offsets", "owner", "targets")

    def __init__(self, claim: ClaimedJumpTable, offsets: tuple[int, ...]) -> None:
        """``offsets`` are the entries as they stand in the tables, relative to the code's base."""
        self.address = claim.address
        self.entries = claim.entries
        self.owner = claim.owner
        self.offsets = offsets
        self.targets = frozenset(offsets)
        self.height: int | None = None


def read_jump_tables(claimed: ClaimedCode, tables: bytes, findings: Findings) -> dict[int, JumpTable]:
    """T4: check where everything lies, then read the jump tables; by address."""
    table_size = layout.FUNCTION_TABLE_ENTRY_SIZE << claimed.function_table_log2
    extents = [(claimed.function_table - claimed.tables_base, table_size, layout.FUNCTION_TABLE_ENTRY_SIZE)]
    for claim in claimed.jump_tables:
        size = claim.entries * layout.JUMP_TABLE_ENTRY_SIZE
        extents.append((claim.address - claimed.tables_base, size, layout.JUMP_TABLE_ENTRY_SIZE))
    if not _extents_hold(extents, tables, findings):
        return {}
    read = {}
    for claim, (offset, size, _) in zip(claimed.jump_tables, extents[1:], strict=True):
        values = iter_unpack("<Q", tables[offset : offset + size])
        read[claim.address] = JumpTable(claim, tuple(value - claimed.base for (value,) in values))
    return read


def _extents_hold(extents: list[tuple[int, int, int]], tables: bytes, findings: Findings) -> bool:
    """Whether the tables are inside, aligned and disjoint, with zeros between them."""
    found_before = len(findings)
    end_before = 0
    for offset, size, alignment in sorted(extents):
        if offset < 0 or size <= 0 or offset + size > len(tables) or offset % alignment != 0:
            findings.add("T4", offset, "", f"a table of {size} bytes is misplaced")
        elif offset < end_before:
            findings.add("T4", offset, "", "two tables overlap")
        else:
            _check_zero(tables, end_before, offset, findings)
            end_before = offset + size
    _check_zero(tables, end_before, len(tables), findings)
    return len(findings) == found_before


def _check_zero(tables: bytes, start: int, end: int, findings: Findings) -> None:
    padding = tables[start:end]
    if padding.count(0) != len(padding):
        place = start + len(padding) - len(padding.lstrip(b"\0"))
        findings.add("T4", place, "", "bytes outside the tables are not zero")


def check_jump_table(table: JumpTable, tables_base: int, units: set[int], findings: Findings) -> None:
    """T3: every entry is the start of a unit of the table's owner."""
    if table.targets <= units:
        return
    for number, offset in enumerate(table.offsets):
        if offset not in units:
            place = table.address - tables_base + number * layout.JUMP_TABLE_ENTRY_SIZE
            findings.add("T3", place, "", f"entry {number} is not the start of a unit of the owner")


def check_function_table(
    claimed: ClaimedCode, tables: bytes, stack_arguments: Mapping[int, int], traps: set[int], findings: Findings
) -> None:
    """T2: used entries lead to an entry or gate of their class, unused ones to a trap."""
    offset = claimed.function_table - claimed.tables_base
    end = offset + (layout.FUNCTION_TABLE_ENTRY_SIZE << claimed.function_table_log2)
    for address, class_number, zero in iter_unpack("<QII", tables[offset:end]):
        target = address - claimed.base
        if zero != 0:
            findings.add("T2", offset, "", "the last four bytes of an entry are not zero")
        elif class_number == layout.UNUSED_CLASS:
            if target not in traps:
                findings.add("T2", offset, "", "an unused entry does not lead to a ud2")
        elif class_number not in claimed.classes:
            findings.add("T2", offset, "", f"class {class_number:#x} is not declared")
        elif target not in stack_arguments:
            findings.add("T2", offset, "", f"{address:#x} is neither a function's entry nor a gate")
        elif stack_arguments[target] != claimed.classes[class_number]:
            findings.add("T2", offset, "", f"class {class_number:#x} does not fit the function's stack arguments")
        offset += layout.FUNCTION_TABLE_ENTRY_SIZE
