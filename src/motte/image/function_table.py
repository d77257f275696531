"""The function table: what a function pointer is.

A function pointer is the offset of an entry, and an indirect call masks whatever value it is
given down to some entry.  So a table should make sure that the values which buggy programs
call (null, small integers, addresses of data) meet an unused entry, which no call accepts:

* the entries of the first page are never used: null and small integers fail;
* only odd entries are used: every address that is a multiple of 32, and every entry's
  neighbour, fails.

The price is that at least half of the table is unused, at 16 bytes an entry.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Final, Generic, TypeVar

from motte.abi.layout import FUNCTION_TABLE_ENTRY_SIZE

FIRST_USED_ENTRY: Final = 257
ENTRY_STRIDE: Final = 2

Callee = TypeVar("Callee", bound=Hashable)


class FunctionTable(Generic[Callee]):
    """Entry numbers of all address-taken functions, in the order given, without repetition."""

    def __init__(self, callees: Iterable[Callee]) -> None:
        """``callees`` are whatever identifies a function or a gate."""
        distinct = dict.fromkeys(callees)
        self.entries = {callee: FIRST_USED_ENTRY + ENTRY_STRIDE * rank for rank, callee in enumerate(distinct)}
        self.log2 = table_log2(len(self.entries))

    def pointer(self, callee: Callee) -> int:
        """The value of a pointer to ``callee``."""
        return self.entries[callee] * FUNCTION_TABLE_ENTRY_SIZE

    @property
    def mask(self) -> int:
        """What an indirect call applies to a pointer."""
        return ((1 << self.log2) - 1) * FUNCTION_TABLE_ENTRY_SIZE


def table_log2(used: int) -> int:
    """The base-2 logarithm of the number of entries of a table with ``used`` used ones.

    >>> table_log2(0), table_log2(128), table_log2(129)
    (9, 9, 10)
    """
    return max(9, (FIRST_USED_ENTRY + ENTRY_STRIDE * used - 2).bit_length())


def class_named_at(code: bytes | bytearray, position: int) -> int | None:
    """The class that a call site names, where ``position`` is that of ``FT+8`` in its class check.

    The check is ``cmpl $class, FT+8(%r10)``: the opcode two bytes before the displacement says
    how wide the number behind it is.  ``None`` if that is not what stands there.
    """
    if position < 3 or position + 8 > len(code):
        return None
    if code[position - 3 : position] == b"\x41\x83\xba":
        return code[position + 4] if code[position + 4] < 0x80 else None
    if code[position - 3 : position] == b"\x41\x81\xba":
        return int.from_bytes(code[position + 4 : position + 8], "little")
    return None
