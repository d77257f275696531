"""What the verifier in C said about changed functions, put before the one in Python."""

from __future__ import annotations

import struct
from collections import Counter
from pathlib import Path

from motte.abi.layout import PAGE_SIZE
from motte.verifier import ClaimedCode, ClaimedFunction, verify
from verifier.agreement import NONSENSE

TABLES = 0x2000_0000
TABLE_LOG2 = 4


def compare(answers: Path) -> Counter[str]:
    """How often each rule, or acceptance, was the answer of both; ``AssertionError`` where they differ."""
    gates: dict[int, int] = {}
    classes: dict[int, int] = {}
    rules: Counter[str] = Counter()
    for line in answers.read_text().splitlines():
        what, *fields = line.split()
        if what == "answer":
            rule, offset = fields[0], int(fields[1])
            assert _said(fields[2:], gates, classes, rule) == (rule, offset), line
            rules[rule] += 1
        else:
            (gates if what == "gate" else classes)[int(fields[0], 16)] = int(fields[1], 16)
    return rules


def _said(fields: list[str], gates: dict[int, int], classes: dict[int, int], rule: str) -> tuple[str, int]:
    found = verify(_claims(fields, gates, classes)).violations
    if not found:
        return "accepted", 0
    return (rule if {rule, found[0].rule} <= NONSENSE else found[0].rule), found[0].offset


def _claims(fields: list[str], gates: dict[int, int], classes: dict[int, int]) -> ClaimedCode:
    base, offset, stack_arguments = (int(field, 16) for field in fields[:3])
    code = bytes.fromhex(fields[3])
    gate_of = {size: address for address, size in gates.items()}
    numbers = list(classes)
    entries = [numbers[i % len(numbers)] for i in range(1 << TABLE_LOG2)]
    padding = -(offset + len(code)) % PAGE_SIZE
    return ClaimedCode(
        base=base,
        code=b"\xcc" * offset + code + b"\xcc" * padding,
        functions=[ClaimedFunction(offset, len(code), stack_arguments, "mutant")],
        tables_base=TABLES,
        tables=b"".join(struct.pack("<QII", gate_of[classes[number]], number, 0) for number in entries),
        function_table=TABLES,
        function_table_log2=TABLE_LOG2,
        classes=classes,
        gates=gates,
    )
