"""Property: in any program, every reference lands on what its name means."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from image.confined_objects import RUNTIME, assemble, function, jump_table
from motte.abi.limits import DEFAULT_LIMITS
from motte.image import Artifact, link, load_plan

CALL_SIZE = 5
POINTER_SIZE = 8


@dataclass(frozen=True)
class Shape:
    """By function: which functions it calls, its padding, whether it is local, and its switch's size."""

    objects: list[list[tuple[list[int], int, bool, int]]]
    pointers: list[list[int]]
    """By object: functions whose addresses its data holds."""


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    one = st.tuples(st.lists(st.integers(0, 99), max_size=4), st.integers(0, 20), st.booleans(), st.integers(0, 4))
    objects = draw(st.lists(st.lists(one, min_size=1, max_size=4), min_size=1, max_size=4))
    pointers = [draw(st.lists(st.integers(0, 99), max_size=4)) for _ in objects]
    return Shape(objects, pointers)


def visible(shape: Shape, number: int) -> list[str]:
    """Names that object ``number`` can refer to: all global ones, and its own local ones."""
    return [
        f"f{other}_{index}"
        for other, functions in enumerate(shape.objects)
        for index, (_, _, local, _) in enumerate(functions)
        if other == number or not local
    ]


def source_of(shape: Shape, number: int) -> str:
    names = visible(shape, number)
    parts = [RUNTIME + function("__motte_start")] if number == 0 else []
    for index, (calls, padding, local, targets) in enumerate(shape.objects[number]):
        name = f"f{number}_{index}"
        body = [f"call {names[call % len(names)]}" for call in calls] + ["nop"] * padding
        if targets:
            body += [f"jmpq *.T{name}(,%rax,8)", *(f".L{name}_{label}: nop" for label in range(targets))]
            parts.append(jump_table(f".T{name}", name, [f".L{name}_{label}" for label in range(targets)]))
        parts.append(function(name, "\n".join([*body, "ret"]), binding="local" if local else "globl"))
    pointers = "".join(f".quad {names[each % len(names)]}\n" for each in shape.pointers[number])
    return "".join(parts) + f'.section .rodata,"a",@progbits\n.globl p{number}\np{number}:\n{pointers}'


@settings(max_examples=60, deadline=None, derandomize=True)
@given(shapes())
def test_every_reference_lands_on_what_its_name_means(shape: Shape) -> None:
    objects = [(f"{number}.o", assemble(source_of(shape, number))) for number in range(len(shape.objects))]
    artifact = Artifact.read(link(objects, [], limits=DEFAULT_LIMITS, cpu_features=()))
    plan = load_plan(artifact, 0x2000_0000, 0x3000_0000)
    claimed = plan.claimed
    places = {each.name: each.offset for each in claimed.functions}
    tables = {claimed.functions[table.owner].name: table for table in claimed.jump_tables}
    constants = plan.segments[0].contents
    position = 0
    for number, functions in enumerate(shape.objects):
        names = visible(shape, number)
        for index, (calls, padding, _, targets) in enumerate(functions):
            place = places[f"f{number}_{index}"]
            for call in calls:
                assert claimed.code[place] == 0xE8
                (displacement,) = struct.unpack_from("<i", claimed.code, place + 1)
                place += CALL_SIZE
                assert place + displacement == places[names[call % len(names)]]
            if targets:
                table = tables[f"f{number}_{index}"]
                jump = place + padding
                (operand,) = struct.unpack_from("<I", claimed.code, jump + 3)
                assert (operand, table.entries) == (table.address, targets)
                entries = struct.unpack_from(f"<{targets}Q", claimed.tables, table.address - claimed.tables_base)
                assert entries == tuple(claimed.base + jump + 7 + label for label in range(targets))
        for each in shape.pointers[number]:
            (pointer,) = struct.unpack_from("<Q", constants, position)
            (address,) = struct.unpack_from("<Q", claimed.tables, pointer)
            assert address == claimed.base + places[names[each % len(names)]]
            position += POINTER_SIZE
