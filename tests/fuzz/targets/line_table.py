"""DWARF line tables: decoded, or called malformed; nothing else, and in time proportional to their size."""

from __future__ import annotations

from fuzz.mutations import Mutator
from fuzz.seeds import objects
from fuzz.target import Outcome
from motte.image.elf import read_elf
from motte.image.line_program import LineProgramError, decode_lines

LINE_STRINGS = b"directory\0first.c\0second.c\0"
MOST_ROWS_PER_BYTE = 2


def seeds() -> list[bytes]:
    found = [
        bytes(section.data)
        for number, each in enumerate(objects())
        for section in read_elf(str(number), each).sections
        if section.name == ".debug_line"
    ]
    assert found
    return found


def mutate(mutator: Mutator) -> bytes:
    return mutator.changed_bytes()


def run(data: bytes) -> Outcome:
    relocated = {place: place * 0x1357_9BDF for place in range(0, len(data), 5)}
    try:
        rows = decode_lines(data, relocated, LINE_STRINGS)
    except LineProgramError as problem:
        return Outcome(False, str(problem))
    assert len(rows) <= MOST_ROWS_PER_BYTE * len(data)
    return Outcome(True, f"{len(rows).bit_length()}")
