"""What an untrusted loader claims about code that it wants to run.

Everything in this file is an allegation.  Holding a :class:`ClaimedCode` proves
nothing: its addresses, sizes and tables may be wrong in any way, and it is
:func:`motte.verifier.verify` that finds out.  Only the values named *trusted*
below are taken at their word; they must come from the core and ``motte.abi``,
never from an artifact.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from motte.abi.packed_claims import PackedClaims


@dataclass(frozen=True, slots=True)
class ClaimedFunction:
    """One function: where its bytes lie in the code, and what it takes on the native stack.

    ``offset`` and ``size`` are bytes relative to the code's base; ``stack_arguments`` is A, the
    bytes of incoming stack arguments, a multiple of 8 up to ``layout.MAX_FRAME_HEIGHT``.  ``name``
    is for messages only and need not be unique.
    """

    offset: int
    size: int
    stack_arguments: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True)
class ClaimedJumpTable:
    """One table of 64-bit host addresses that a single function jumps through.

    ``address`` is a host address inside the tables, a multiple of 8; ``owner`` is an index into
    the functions.
    """

    address: int
    entries: int
    owner: int


@dataclass(frozen=True, slots=True)
class ClaimedCode:
    """Code and tables of one artifact in their final, relocated form, and how to read them.

    ``base`` and ``tables_base`` are the page-aligned host addresses at which ``code`` and ``tables``
    will lie; ``code`` is whole pages.  ``function_table`` is a host address inside the tables,
    a multiple of 16; the table has ``2**function_table_log2`` entries of 16 bytes.  ``classes``
    gives A for each class that call sites and table entries may name.  ``entries`` are the
    indices of the functions which the host enters.  ``reaches_blocks`` is 1 for code that may reach
    checked blocks.  Trusted: ``gates``, the A of the gate at each host address.
    """

    base: int
    code: bytes | memoryview
    functions: Sequence[ClaimedFunction]
    tables_base: int
    tables: bytes | memoryview
    function_table: int
    function_table_log2: int
    classes: Mapping[int, int]
    gates: Mapping[int, int]
    jump_tables: Sequence[ClaimedJumpTable] = ()
    entries: Sequence[int] = field(default=())
    reaches_blocks: int = 0

    def packed(self) -> PackedClaims:
        """The same for the core; ``OverflowError`` if a number is negative or does not fit into 32 bits."""
        return PackedClaims(
            self.function_table,
            self.function_table_log2,
            self.reaches_blocks,
            _numbers((each.offset, each.size, each.stack_arguments) for each in self.functions),
            _numbers(self.classes.items()),
            _numbers((each.address, each.entries, each.owner) for each in self.jump_tables),
            _numbers((index,) for index in self.entries),
        )


def _numbers(records: Iterable[tuple[int, ...]]) -> bytes:
    return array("I", chain.from_iterable(records)).tobytes()
