"""The verifier in C and the one in Python where nobody has thought about the case before: random, but reproducible.

``agreement.verify`` is the assertion: it fails where the two differ in verdict, rule, place, or in what they learned.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from iced_x86 import Decoder

from motte.abi.layout import PAGE_SIZE
from motte.abi.limits import DEFAULT_LIMITS
from motte.build import artifact_of, stage_of
from motte.build_options import BuildOptions
from motte.image import Artifact, link, load_plan
from motte.toolchain.libc import guest_library
from motte.verifier import ClaimedCode, ClaimedFunction, ClaimedJumpTable
from verifier.agreement import verify
from verifier.assembling import CODE, TABLE_SIZE, TABLES, assemble
from verifier.test_fuzz import PROGRAM, with_code

INSTRUCTIONS = 20_000
CLAIMS = 4_000
MUTANTS = 5_000

BASE = 0x2000_0000

# --- instructions --------------------------------------------------------------------------------------------------

LEGACY_PREFIXES = [
    bytes.fromhex(text)
    for text in (
        *("", "", "66", "f3", "f2", "f0", "6567", "6567", "656766", "6567f3", "6567f2", "6567f0", "656766f0"),
        *("66f3", "66f2", "66f0", "65", "67", "6666", "2e", "64"),
    )
]
MAPS = [bytes.fromhex(text) for text in ("", "0f", "0f", "0f38", "0f3a", "0f0f")]


def some_operand(choose: random.Random) -> bytes:
    """ModRM, often with what follows it, and bytes that are small numbers more often than not."""
    mod, reg, rm = choose.choice((0, 0, 1, 2, 3, 3, 3)), choose.randrange(8), choose.choice((*range(8), 4, 4, 5))
    sib = bytes((choose.choice((0x24, 0x25, choose.randrange(256))),)) if mod != 3 and rm == 4 else b""
    behind = bytes(choose.choice((0, 1, 8, 16, choose.randrange(256))) for _ in range(8))
    return bytes((mod << 6 | reg << 3 | rm,)) + sib + behind


def some_instruction(choose: random.Random) -> bytes:
    """Prefixes, an opcode of some map and an operand: mostly sensible, sometimes arbitrary."""
    opcode = bytes((choose.randrange(256),))
    prefixes = choose.choice(LEGACY_PREFIXES)
    kind = choose.randrange(4)
    if kind == 0:
        rex = choose.choice((b"", bytes((0x40 | choose.randrange(16),))))
        return prefixes + rex + choose.choice(MAPS) + opcode + some_operand(choose)
    prefixes = choose.choice((b"", b"\x65\x67", prefixes))
    second = choose.choice((choose.randrange(256), choose.randrange(256) | 0x78))
    if kind == 1:
        return prefixes + bytes((0xC5, second)) + opcode + some_operand(choose)
    if kind == 2:
        first = choose.choice((0xE0, choose.randrange(8) << 5)) | choose.choice((1, 2, 3, choose.randrange(32)))
        return prefixes + bytes((choose.choice((0xC4, 0xC4, 0x8F)), first, second)) + opcode + some_operand(choose)
    first = choose.choice((0xF0, choose.randrange(16) << 4)) | choose.choice((1, 2, 3, 5, 6, choose.randrange(16)))
    third = choose.choice((0x08 | choose.randrange(8) << 4, choose.randrange(256)))
    return prefixes + bytes((0x62, first, second | 4, third)) + opcode + some_operand(choose)


def test_they_agree_about_random_instructions() -> None:
    choose = random.Random(1)
    rules = set()
    for _ in range(INSTRUCTIONS):
        claimed = some_instruction(choose)
        length = Decoder(64, claimed).decode().len
        verdict = verify(with_code(claimed[:length] + b"\x0f\x0b"), may_be_nonsense=True)
        rules.add(verdict.violations[0].rule if verdict.violations else "ok")
    assert rules >= {"ok", "D1", "D3", "D4", "D5", "D6", "M1", "M2", "M3", "M4", "M5", "M7", "S1", "S2", "C1"}


# --- claims --------------------------------------------------------------------------------------------------------


def some_number(choose: random.Random, near: int) -> int:
    """32 bits, near a number that means something."""
    start = choose.choice((0, near, near, CODE, TABLES, 1 << 31, choose.randrange(1 << 32)))
    return (start + choose.choice((-16, -8, -1, 0, 0, 1, 8, 16))) % (1 << 32)


def changed_record(choose: random.Random, records: Sequence[Any], fields: Sequence[str]) -> list[Any]:
    """The records with one field of one of them changed, or one left out, or doubled, or all shuffled."""
    changed = list(records)
    index, field = choose.randrange(len(changed)), choose.choice(fields)
    kind = choose.randrange(8)
    if kind == 0:
        del changed[index]
    elif kind == 1:
        changed.append(changed[index])
    elif kind == 2:
        choose.shuffle(changed)
    else:
        number = some_number(choose, getattr(changed[index], field))
        changed[index] = replace(changed[index], **{field: number})
    return changed


def flipped(choose: random.Random, content: bytes, end: int) -> bytes:
    """One bit of the first ``end`` bytes flipped."""
    changed = bytearray(content)
    changed[choose.randrange(end)] ^= 1 << choose.randrange(8)
    return bytes(changed)


def changed_claims(choose: random.Random, claimed: ClaimedCode) -> ClaimedCode:
    """The claims with one thing changed."""
    changes: dict[str, Any] = {
        "base": (claimed.base + choose.choice((-1, 1, 16)) * PAGE_SIZE),
        "functions": changed_record(choose, claimed.functions, ("offset", "size", "stack_arguments")),
        "jump_tables": changed_record(choose, claimed.jump_tables, ("address", "entries", "owner"))
        if claimed.jump_tables
        else [ClaimedJumpTable(some_number(choose, TABLES + TABLE_SIZE), 1, 0)],
        "function_table": some_number(choose, claimed.function_table),
        "function_table_log2": choose.choice((0, 3, 5, 27, 28, 64, some_number(choose, 4))),
        "classes": {**claimed.classes, some_number(choose, 1): choose.choice((0, 8, 16, some_number(choose, 0)))},
        "entries": [some_number(choose, 1)],
        "tables": flipped(choose, bytes(claimed.tables), len(claimed.tables)),
        "code": flipped(choose, bytes(claimed.code), 200),
    }
    name = choose.choice(sorted(changes))
    return replace(claimed, **{name: changes[name]})


def test_they_agree_about_random_claims() -> None:
    start = assemble(PROGRAM).claimed
    choose = random.Random(2)
    rules = set()
    for _ in range(CLAIMS):
        claimed = start
        for _ in range(choose.randrange(1, 3)):
            claimed = changed_claims(choose, claimed)
        verdict = verify(claimed, may_be_nonsense=True)
        rules.add(verdict.violations[0].rule if verdict.violations else "ok")
    assert rules >= {"ok", "T1", "T2", "T3", "T4", "D1", "D2", "C1", "S1", "S4"}


# --- real programs -------------------------------------------------------------------------------------------------

USER = rb"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static int descending(const void *left, const void *right) { return *(const int *)right - *(const int *)left; }
int main(int count, char **arguments) {
    int numbers[64];
    for (int i = 0; i < 64; i++) numbers[i] = i * 37 % 64;
    qsort(numbers, 64, sizeof *numbers, descending);
    switch (count) {
    case 1: puts("one"); break;
    case 2: printf("%s %f\n", arguments[1], strtod(arguments[1], 0)); break;
    case 3: return memcmp(arguments[1], arguments[2], 3);
    case 4: abort();
    default: exit(numbers[count & 63]);
    }
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> ClaimedCode:
    source = tmp_path_factory.mktemp("program") / "user.c"
    source.write_bytes(USER)
    artifact = Artifact.read(artifact_of([str(source)], BuildOptions()))
    return load_plan(artifact, BASE, BASE + artifact.code_size).claimed


def test_they_accept_a_program(program: ClaimedCode) -> None:
    verdict = verify(program)
    assert verdict.ok, verdict.summary


@pytest.mark.parametrize("base", [0x1001_0000, 0x7000_0000])
def test_they_accept_every_member_of_the_c_library(base: int) -> None:
    options = BuildOptions()
    library = guest_library(options.compiler_options())
    main = stage_of(b"define i32 @main() { ret i32 0 }", "o", options)
    members = [(member, library.object(member)) for member in library.members]
    linked = link([("main.o", main), *members], [], limits=DEFAULT_LIMITS, cpu_features=())
    artifact = Artifact.read(linked)
    verdict = verify(load_plan(artifact, base, base + artifact.code_size).claimed)
    assert verdict.ok, verdict.summary
    assert verdict.functions > 1000


def alone(program: ClaimedCode, index: int, trap: int) -> ClaimedCode:
    """One function with nothing around it but padding and the trap: the entries of all others become gates."""
    kept = (index, trap)
    functions = [program.functions[number] for number in kept]
    code = bytearray(b"\xcc" * len(program.code))
    for function in functions:
        end = function.offset + function.size
        code[function.offset : end] = program.code[function.offset : end]
    others = {program.base + each.offset: each.stack_arguments for each in program.functions}
    own = [table for table in program.jump_tables if table.owner == index]
    size = 16 << program.function_table_log2
    tables = bytearray(program.tables[:size].ljust(len(program.tables), b"\0"))
    for table in own:
        start, end = table.address - program.tables_base, table.address - program.tables_base + 8 * table.entries
        tables[start:end] = program.tables[start:end]
    return replace(
        program,
        code=bytes(code),
        functions=functions,
        tables=bytes(tables),
        gates={**program.gates, **others},
        jump_tables=[replace(table, owner=0) for table in own],
        entries=(),
    )


def mutated(choose: random.Random, claimed: ClaimedCode, function: ClaimedFunction) -> ClaimedCode:
    """One to three bits of the function flipped, or a piece of it copied over another."""
    code = bytearray(claimed.code)
    start, end = function.offset, function.offset + function.size
    if choose.random() < 0.25:
        length = choose.randrange(1, 12)
        source, target = choose.randrange(start, end), choose.randrange(start, end)
        code[target : min(target + length, end)] = code[source : source + min(length, end - target)]
    else:
        for _ in range(choose.choice((1, 1, 2, 3))):
            code[choose.randrange(start, end)] ^= 1 << choose.randrange(8)
    return replace(claimed, code=bytes(code[: len(claimed.code)]))


def test_they_agree_about_mutants_of_real_functions(program: ClaimedCode) -> None:
    choose = random.Random(3)
    entry = int.from_bytes(program.tables[:8], "little") - BASE
    trap = bisect_right([function.offset for function in program.functions], entry) - 1
    small = [i for i, function in enumerate(program.functions) if 30 < function.size < 700 and i != trap]
    tabled = [table.owner for table in program.jump_tables if program.functions[table.owner].size < 4000]
    rules = set()
    accepted = 0
    for _ in range(MUTANTS // 50):
        index = choose.choice(small if choose.random() < 0.8 else tabled)
        claimed = alone(program, index, trap)
        assert verify(claimed).ok
        for _ in range(50):
            verdict = verify(mutated(choose, claimed, program.functions[index]), may_be_nonsense=True)
            rules.add(verdict.violations[0].rule if verdict.violations else "ok")
            accepted += verdict.ok
    assert rules >= {"ok", "D1", "D3", "D5", "M1", "M2", "S1", "S2", "C1"}, rules
    assert accepted > MUTANTS // 10
