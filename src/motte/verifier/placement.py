"""T1, D1 and D2: whether the claims themselves make sense, before any byte is decoded.

Addresses and sizes come from a stranger.  Every sum below is of Python integers, so none
of them wraps; what passes here can be used as an index without further thought.
"""

from typing import Final

from motte.abi import layout
from motte.verifier.claims import ClaimedCode
from motte.verifier.findings import Findings

LOWEST: Final = layout.CODE_REGION_BASE + layout.GATE_REGION_SIZE
MAX_TABLE_LOG2: Final = 27
"""2^27 entries of 16 bytes are 2 GiB, more than the code region holds."""

MAX_FUNCTION_SIZE: Final = 1 << 21
"""Bytes of one function: what the verifier may spend on one at a time is a multiple of this."""

MAX_CLASS: Final = (1 << 32) - 1


def check_placement(claimed: ClaimedCode, code: bytes, tables: bytes, findings: Findings) -> bool:
    """Report what is wrong with the claims; false if nothing further can be checked."""
    _check_regions(claimed, len(code), len(tables), findings)
    _check_numbers(claimed, findings)
    if len(findings) == 0:
        _check_functions(claimed, code, findings)
    return len(findings) == 0


def _check_regions(claimed: ClaimedCode, code_size: int, tables_size: int, findings: Findings) -> None:
    if claimed.base % layout.PAGE_SIZE or claimed.tables_base % layout.PAGE_SIZE:
        findings.add("T1", 0, "", "code or tables do not begin at a page")
    if code_size % layout.PAGE_SIZE or code_size == 0:
        findings.add("T1", code_size, "", "the code is not whole pages")
    for base, size in ((claimed.base, code_size), (claimed.tables_base, tables_size)):
        if base < LOWEST or base + size > layout.CODE_REGION_END:
            findings.add("T1", 0, "", f"{base:#x}..{base + size:#x} is outside the code region")
    if claimed.base < claimed.tables_base + tables_size and claimed.tables_base < claimed.base + code_size:
        findings.add("T1", 0, "", "code and tables overlap")


def _check_numbers(claimed: ClaimedCode, findings: Findings) -> None:
    if not 0 <= claimed.function_table_log2 <= MAX_TABLE_LOG2:
        findings.add("T1", 0, "", "the function table's size is out of range")
    if claimed.reaches_blocks not in (0, 1):
        findings.add("T1", 0, "", "whether the code reaches blocks is neither 0 nor 1")
    for class_number, arguments in claimed.classes.items():
        if class_number == layout.UNUSED_CLASS or not 0 <= class_number <= MAX_CLASS:
            findings.add("T1", 0, "", f"class {class_number} is reserved or out of range")
        if not _is_stack_size(arguments):
            findings.add("T1", 0, "", f"class {class_number} takes {arguments} bytes of stack")
    for table in claimed.jump_tables:
        if not 0 <= table.owner < len(claimed.functions):
            findings.add("T1", 0, "", f"jump table {table.address:#x} has no owner")
    for index in claimed.entries:
        if not 0 <= index < len(claimed.functions):
            findings.add("T1", 0, "", f"entry {index} is no function")


def _is_stack_size(claimed_bytes: int) -> bool:
    return 0 <= claimed_bytes <= layout.MAX_FRAME_HEIGHT and claimed_bytes % 8 == 0


def _check_functions(claimed: ClaimedCode, code: bytes, findings: Findings) -> None:
    end_before = 0
    for function in sorted(claimed.functions, key=lambda function: function.offset):
        offset, size = function.offset, function.size
        if not _is_stack_size(function.stack_arguments):
            findings.add("T1", offset, function.name, f"takes {function.stack_arguments} bytes of stack")
        if not 1 <= size <= MAX_FUNCTION_SIZE or offset < 0 or offset + size > len(code):
            findings.add("D1", offset, function.name, f"{size} bytes, empty, too large, or outside the code")
        elif offset < end_before:
            findings.add("D1", offset, function.name, "overlaps the function before")
        else:
            _check_gap(code, end_before, offset, findings)
            end_before = offset + size
    _check_gap(code, end_before, len(code), findings)
    for index in claimed.entries:
        function = claimed.functions[index]
        if function.stack_arguments != 0:
            findings.add("S4", function.offset, function.name, "the host enters it, but it takes stack arguments")


def _check_gap(code: bytes, start: int, end: int, findings: Findings) -> None:
    """D2: bytes outside functions are cc."""
    gap = code[start:end]
    if gap.count(0xCC) != len(gap):
        place = start + len(gap) - len(gap.lstrip(b"\xcc"))
        findings.add("D2", place, "", "a byte outside the functions is not cc")
