"""What is claimed about code, in the records that the core reads."""

from typing import NamedTuple


class PackedClaims(NamedTuple):
    """The claims about a program, beside its bytes and their addresses, as unsigned 32-bit numbers.

    ``function_table`` is a host address, its table has ``2**function_table_log2`` entries; ``reaches_blocks`` is 1 if
    the code may reach checked blocks, else 0.  Each of the others is an array of records: ``functions`` of offset, size
    and stack arguments, ``classes`` of number and stack arguments, ``jump_tables`` of host address, entries and owner,
    ``entries`` of one index into the functions.
    """

    function_table: int
    function_table_log2: int
    reaches_blocks: int
    functions: bytes | memoryview
    classes: bytes | memoryview
    jump_tables: bytes | memoryview
    entries: bytes | memoryview
