"""T2, T3 and T4: the read-only tables through which control goes.

Every byte of the tables belongs to exactly one thing: the function table, one declared jump
table, or zero padding.  So nothing that a table operand can reach is unchecked, and no
byte is read in two ways.
"""

from collections.abc import Collection, Iterator, Mapping
from struct import iter_unpack
from typing import Final

from motte.abi import layout
from motte.verifier.claims import ClaimedCode, ClaimedJumpTable
from motte.verifier.findings import Findings
from motte.verifier.functions import DecodedFunction

MAX_ENTRIES: Final = 1 << 20
"""Entries of one jump table, of which the largest mask in use admits 2^16."""


class JumpTable:
    """One jump table of the function at hand.

    ``targets`` are its distinct entries in order, as offsets from the code's base; ``height`` is the height at
    which the function jumps through it, once that is known.
    """

    __slots__ = ("entries", "height", "targets")

    def __init__(self, entries: int, targets: tuple[int, ...]) -> None:
        """``targets`` are units of the function: ``read_jump_table`` has checked them."""
        self.entries = entries
        self.targets = targets
        self.height: int | None = None


def check_extents(claimed: ClaimedCode, tables: bytes, findings: Findings) -> bool:
    """T4: whether every byte belongs to one table, or is zero between them."""
    found_before = len(findings)
    function_table_size = layout.FUNCTION_TABLE_ENTRY_SIZE << claimed.function_table_log2
    extents = [(claimed.function_table - claimed.tables_base, function_table_size, layout.FUNCTION_TABLE_ENTRY_SIZE)]
    for claim in claimed.jump_tables:
        if claim.entries > MAX_ENTRIES:
            findings.add("T4", claim.address - claimed.tables_base, "", f"more than {MAX_ENTRIES} entries")
        size = claim.entries * layout.JUMP_TABLE_ENTRY_SIZE
        extents.append((claim.address - claimed.tables_base, size, layout.JUMP_TABLE_ENTRY_SIZE))
    _check_extents(extents, tables, findings)
    return len(findings) == found_before


def _check_extents(extents: list[tuple[int, int, int]], tables: bytes, findings: Findings) -> None:
    """Each (offset, size, alignment) is inside, aligned, and disjoint from the others; between them are zeros."""
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


def _check_zero(tables: bytes, start: int, end: int, findings: Findings) -> None:
    padding = tables[start:end]
    if padding.count(0) != len(padding):
        place = start + len(padding) - len(padding.lstrip(b"\0"))
        findings.add("T4", place, "", "bytes outside the tables are not zero")


def read_jump_table(
    claim: ClaimedJumpTable, claimed: ClaimedCode, tables: bytes, owner: DecodedFunction, findings: Findings
) -> JumpTable:
    """T3: read a table, and check that every entry is the start of a unit of its owner."""
    start = claim.address - claimed.tables_base
    addresses = memoryview(tables)[start : start + claim.entries * layout.JUMP_TABLE_ENTRY_SIZE].cast("Q")
    targets = tuple(address - claimed.base for address in dict.fromkeys(addresses))
    wrong = {target for target in targets if not owner.is_unit(target)}
    if wrong:
        for number, address in enumerate(addresses):
            if address - claimed.base in wrong:
                place = start + number * layout.JUMP_TABLE_ENTRY_SIZE
                findings.add("T3", place, "", f"entry {number} is not the start of a unit of the owner")
    return JumpTable(claim.entries, targets)


Entry = tuple[int, int, int]
"""Code address, class, and the field that must be zero."""


def function_table_entries(claimed: ClaimedCode, tables: bytes) -> Iterator[Entry]:
    """The entries of the function table, in order."""
    offset = claimed.function_table - claimed.tables_base
    end = offset + (layout.FUNCTION_TABLE_ENTRY_SIZE << claimed.function_table_log2)
    return iter_unpack("<QII", memoryview(tables)[offset:end])


def claimed_traps(claimed: ClaimedCode, tables: bytes) -> frozenset[int]:
    """Offsets in the code to which unused entries lead; each must turn out to be a ``ud2``."""
    return frozenset(
        address - claimed.base
        for address, class_number, _ in function_table_entries(claimed, tables)
        if class_number == layout.UNUSED_CLASS
    )


def check_function_table(
    claimed: ClaimedCode,
    tables: bytes,
    stack_arguments: Mapping[int, int],
    traps: Collection[int],
    findings: Findings,
) -> None:
    """T2: used entries lead to an entry or gate of their class, unused ones to a trap."""
    offset = claimed.function_table - claimed.tables_base
    for address, class_number, zero in function_table_entries(claimed, tables):
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
