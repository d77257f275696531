"""Source lines: our decoder against an independent one, and lookups in a linked program."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile
from hypothesis import given, settings
from hypothesis import strategies as st

from image.confined_objects import assemble, function, program
from motte.abi.limits import DEFAULT_LIMITS
from motte.errors import CompileError
from motte.image import Artifact, Location, link
from motte.image.elf import RELOCATION, read_elf
from motte.image.line_program import LineProgramError, Row, decode_lines
from motte.image.lines import line_rows
from motte.image.objects import read_object

C_SOURCE = """
#include "part.h"
static int twice(int x) {
    return part(x) * 2;
}
int walk(const int *p, int n) {
    int sum = 0;
    for (int i = 0; i < n; i++)
        sum += twice(p[i]);



    return sum;
}
"""
LINES = """
.file 1 "main.c"
.file 2 "lib" "part.h"
.text
"""


def compiled(folder: Path, version: int) -> bytes:
    (folder / "include").mkdir()
    (folder / "include" / "part.h").write_text("static int part(int x) { return x ^ (x >> 3); }\n")
    (folder / "main.c").write_text(C_SOURCE)
    command = [sys.executable, "-m", "ziglang", "clang", "-target", "x86_64-linux-musl", "-c", "-O2"]
    command += [f"-gdwarf-{version}", "-Iinclude", "main.c", "-o", "main.o"]
    subprocess.run(command, cwd=folder, check=True)
    return (folder / "main.o").read_bytes()


def decoded(data: bytes) -> list[Row]:
    elf = read_elf("main.o", data)
    names = [section.name for section in elf.sections]
    lines = names.index(".debug_line")
    relocated = {
        place: elf.symbols[info >> 32].value + addend
        for place, info, addend in RELOCATION.iter_unpack(elf.relocations[lines])
    }
    strings = bytes(elf.sections[names.index(".debug_line_str")].data) if ".debug_line_str" in names else b""
    return decode_lines(bytes(elf.sections[lines].data), relocated, strings)


def independently_decoded(data: bytes) -> list[tuple[int, str, int, int]]:
    """(address, file's last part, line, column) of each row, by a general DWARF library; no file ends a run."""
    dwarf = ELFFile(io.BytesIO(data)).get_dwarf_info()
    rows = []
    for unit in dwarf.iter_CUs():
        program: Any = dwarf.line_program_for_CU(unit)
        first = 0 if program.header.version >= 5 else 1
        for entry in program.get_entries():
            state: Any = entry.state
            if state is not None:
                name = program.header.file_entry[state.file - first].name.decode()
                rows.append(
                    (state.address, "", 0, 0) if state.end_sequence else (state.address, name, state.line, state.column)
                )
    return sorted(rows, key=lambda row: row[0])


@pytest.mark.parametrize("version", [2, 3, 4, 5])
def test_line_tables_of_every_version_decode_as_an_independent_library_says(tmp_path: Path, version: int) -> None:
    data = compiled(tmp_path, version)
    ours = [(row.address, row.file.rpartition("/")[2], row.line, row.column) for row in decoded(data)]
    assert ours == independently_decoded(data)
    assert {"main.c", "include/part.h"} <= {row.file for row in decoded(data)}


def linked(*objects: bytes) -> Artifact:
    named = [(f"{number}.o", data) for number, data in enumerate(objects)]
    return Artifact.read(link(named, [], limits=DEFAULT_LIMITS, cpu_features=()))


def test_every_instruction_is_found_with_its_function_file_and_line() -> None:
    first = program(LINES, function("f", ".loc 1 7\nnop\nnop\n.loc 2 3\nnop\n.loc 1 8\nret"))
    second = assemble('.file 1 "other.c"\n' + function("g", ".loc 1 70\nnop\n.loc 1 71\nret"))
    artifact = linked(first, second)
    start = dict(zip(artifact.function_names, artifact.function_columns[0], strict=True))
    found = [artifact.locate(start["f"] + offset) for offset in range(4)]
    assert [(place.file, place.line) for place in found] == [
        ("main.c", 7),
        ("main.c", 7),
        ("lib/part.h", 3),
        ("main.c", 8),
    ]
    assert artifact.locate(start["g"]) == Location("g", "other.c", 70)
    assert artifact.locate(start["g"] + 1) == Location("g", "other.c", 71)


def test_code_without_lines_keeps_its_function_and_borrows_no_line_from_its_neighbours() -> None:
    with_lines = assemble(LINES + function("f", ".loc 1 7\nret"))
    artifact = linked(program(), with_lines, assemble(function("plain", "nop\nret")))
    offsets = dict(zip(artifact.function_names, artifact.function_columns[0], strict=True))
    assert artifact.locate(offsets["plain"]) == Location("plain", None, None)
    assert artifact.locate(offsets["__motte_start"]) == Location("__motte_start", None, None)
    assert artifact.locate(offsets["f"]) == Location("f", "main.c", 7)
    assert artifact.locate(1 << 31) == Location(None, None, None)


def test_line_zero_is_no_line() -> None:
    artifact = linked(program(LINES, function("f", ".loc 1 0\nret")))
    assert artifact.locate(artifact.function_columns[0][1]) == Location("f", None, None)


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda data: data[:-1], "has a unit of version"),
        (lambda data: data[:4] + b"\x09\0" + data[6:], "has a unit of version 9"),
        (lambda data: b"\xff\xff\xff\xff" + data[4:], "has a unit of version"),
        (lambda data: b"\x02\0", "ends in the middle of a field"),
    ],
)
def test_malformed_line_tables_are_refused_by_object(damage: Any, problem: str) -> None:
    good = assemble(LINES + function("f", ".loc 1 7\nret"))
    section = next(s for s in read_elf("f.o", good).sections if s.name == ".debug_line")
    with pytest.raises(LineProgramError, match=problem):
        decode_lines(damage(bytes(section.data)), {}, b"")
    start = good.index(bytes(section.data))
    bad = good[: start + 4] + b"\x09" + good[start + 5 :]
    with pytest.raises(CompileError, match=r"object f\.o: section \.debug_line has a unit of version 9"):
        line_rows([read_object("f.o", bad)], [0])


OPERAND_COUNTS = bytes([0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1])
"""Of the standard opcodes."""


def line_section(
    program: bytes = b"",
    *,
    version: int = 4,
    widths: bytes = b"",
    bundle: bytes = b"\x01",
    line_range: int = 14,
    opcode_base: int = 13,
    files: bytes = b"\0\0",
    longer: int = 0,
) -> bytes:
    """A ``.debug_line`` of one unit, field by field; ``longer`` overstates the header."""
    fields = b"\x01" + bundle + bytes([1, 0xFB, line_range, opcode_base]) + OPERAND_COUNTS[: opcode_base - 1] + files
    unit = struct.pack("<H", version) + widths + struct.pack("<I", len(fields) + longer) + fields + program
    return struct.pack("<I", len(unit)) + unit


NO_FILES = b"\0\0\0\0"
"""Of version 5: no directory formats, no directories, no file formats, no files."""


def test_hand_made_sections_decode() -> None:
    """The twins of the refusals below."""
    files = b"\0main.c\0\0\0\0\0"
    rows = decode_lines(line_section(b"\x05\x01\x02\x81\x01\x08\x03\x7f\x01\0\x01\x01", files=files), {}, b"")
    assert rows == [Row(0x81 + 17, "main.c", 0, 1), Row(0x81 + 17, "", 0)]
    assert decode_lines(line_section(version=5, widths=b"\x08\0", files=NO_FILES), {}, b"") == []
    text = b"\x01\x01\x08\0" + b"\x01\x01\x08\x01main.c\0"
    assert decode_lines(line_section(b"\x01", version=5, widths=b"\x08\0", files=text), {}, b"") == [Row(0, "", 1)]


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        (line_section(b"\x02" + b"\x80" * 11), "has an endless integer"),
        (line_section(b"\0\x09\x02"), "has an extended opcode of impossible length"),
        (line_section(b"\0\0"), "has an extended opcode of impossible length"),
        (line_section(files=b"dir"), "has a string without end"),
        (line_section(bundle=b"\x04"), "is for a machine with instruction bundles"),
        (line_section(line_range=0), "has an unusual header"),
        (line_section(opcode_base=9), "has an unusual header"),
        (line_section(longer=1), "has a header longer than it says"),
        (line_section(longer=-1), "has a header longer than it says"),
        (line_section(version=5, widths=b"\x04\0", files=NO_FILES), "has addresses that are not 64 bits wide"),
        (line_section(version=5, widths=b"\x08\0", files=b"\x01\x01\x17\x01\0"), "uses form 0x17"),
        (line_section(version=5, widths=b"\x08\0", files=b"\0\xff\xff\xff\xff\x0f"), "claims 4294967295 files"),
        (line_section(version=5, widths=b"\x08\0", files=b"\x01\x01\x0b\x80\x80\x04"), "claims 65536 files"),
    ],
)
def test_what_a_line_table_may_not_hold_is_refused_with_the_reason(section: bytes, problem: str) -> None:
    with pytest.raises(LineProgramError, match=problem):
        decode_lines(section, {}, b"")


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.data())
def test_damaged_line_tables_end_in_rows_or_in_one_kind_of_error(data: st.DataObject) -> None:
    files = '.file 0 "dir" "main.c"\n.file 1 "lib" "part.h"\n'
    good = assemble(files + function("f", ".loc 0 7\nnop\n.loc 1 900 3\nret"))
    sections = {s.name: bytes(s.data) for s in read_elf("f.o", good).sections}
    table = bytearray(sections[".debug_line"])
    for _ in range(data.draw(st.integers(1, 4))):
        table[data.draw(st.integers(0, len(table) - 1))] = data.draw(st.integers(0, 255))
    relocated = data.draw(st.dictionaries(st.integers(0, len(table)), st.integers(-(1 << 63), 1 << 63), max_size=3))
    try:
        rows = decode_lines(bytes(table), relocated, sections.get(".debug_line_str", b""))
    except LineProgramError:
        return
    assert len(rows) <= len(table)
