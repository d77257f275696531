"""Inlined calls: the objects' tables joined by the linker, found again in the artifact, and never believed."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.confined_objects import assemble, function, program
from motte.abi.limits import DEFAULT_LIMITS
from motte.compiler.inlined_functions import SECTION
from motte.compiler.object_section import append_section
from motte.errors import CompileError
from motte.image import Artifact, Location, link
from motte.image.elf import read_elf
from motte.image.inlined_reader import MOST_NESTED, InlinedPlace, InlinedReader

Call = tuple[int, int, int, int]
TEXTS = b"\0inner\0main.c\0outer\0"
CALLS: tuple[Call, ...] = ((0, 3, 2, 10), (1, 1, 2, 20))
FIRST = 16
PLACES = ((FIRST + 2, 1), (FIRST + 4, 2), (FIRST + 6, 1), (FIRST + 8, 0))


def table(places: Sequence[tuple[int, int]] = PLACES, calls: Sequence[Call] = CALLS, texts: bytes = TEXTS) -> bytes:
    numbers = (len(places), len(calls), *(n for place in places for n in place), *(n for call in calls for n in call))
    return struct.pack(f"<{len(numbers)}I", *numbers) + texts


def linked(*tables: bytes | None) -> Artifact:
    objects = []
    for number, contents in enumerate(tables):
        text = function(f"f{number}", "nop\n" * 12 + "ret")
        data = program(text) if number == 0 else assemble(text)
        objects.append((f"{number}.o", data if contents is None else append_section(data, SECTION, contents)))
    return Artifact.read(link(objects, [], limits=DEFAULT_LIMITS, cpu_features=()))


def start_of(artifact: Artifact, name: str) -> int:
    return artifact.function_columns[0][artifact.function_names.index(name)]


def test_a_section_is_added_and_nothing_else_changes() -> None:
    before, after = assemble(function("f")), append_section(assemble(function("f")), ".motte.inlined", b"contents")
    old, new = read_elf("0.o", before), read_elf("1.o", after)
    assert [bytes(section.data) for section in new.sections[:-1] if section.name != ".strtab"] == [
        bytes(section.data) for section in old.sections if section.name != ".strtab"
    ]
    assert [section.name for section in new.sections] == [*(section.name for section in old.sections), SECTION]
    assert bytes(new.sections[-1].data) == b"contents"
    assert new.symbols == old.symbols


def test_each_place_has_its_chain_of_calls() -> None:
    artifact = linked(table())
    assert start_of(artifact, "f0") == FIRST
    own = Location("f0", None, None)
    called = Location("f0", "main.c", 10)
    for offset in (0, 1, 8):
        assert artifact.locations(FIRST + offset) == [own]
    for offset in (2, 3, 6, 7):
        assert artifact.locations(FIRST + offset) == [Location("outer", None, None), called]
    for offset in (4, 5):
        chain = [Location("inner", None, None), Location("outer", "main.c", 20), called]
        assert artifact.locations(FIRST + offset) == chain


def test_tables_of_several_objects_are_joined_at_their_places() -> None:
    other = table(places=((0, 1), (3, 0)), calls=((0, 2, 1, 5),), texts=b"\0other.c\0second\0")
    artifact = linked(table(), None, other)
    first = start_of(artifact, "f2")
    assert artifact.locations(first)[0] == Location("second", None, None)
    assert artifact.locations(first)[1] == Location("f2", "other.c", 5)
    assert artifact.locations(first + 3) == [Location("f2", None, None)]
    assert artifact.locations(start_of(artifact, "f1")) == [Location("f1", None, None)]
    assert artifact.locations(FIRST + 4)[0] == Location("inner", None, None)


@pytest.mark.parametrize(
    ("contents", "problem"),
    [
        (b"\0" * 7, "ends before its counts"),
        (struct.pack("<II", 1, 0) + b"\0" * 7, "is shorter than its counts say"),
        (struct.pack("<II", 0, 1 << 31), "is shorter than its counts say"),
        (table(places=((4, 1), (4, 2))), "names places or calls that are not there"),
        (table(places=((4, 3),)), "names places or calls that are not there"),
        (table(places=((1 << 20, 1),)), "names places or calls that are not there"),
        (table(calls=((1, 1, 2, 10), (0, 1, 2, 20))), "describes call 1 wrongly"),
        (table(calls=((0, 1, 2, 10), (0, 4, 2, 20))), "describes call 2 wrongly"),
        (table(texts=b""), "describes call 1 wrongly"),
    ],
)
def test_a_malformed_table_of_an_object_is_an_error(contents: bytes, problem: str) -> None:
    with pytest.raises(CompileError, match=rf"^object 0\.o: section \.motte\.inlined {problem}$"):
        linked(contents)


def reader(offsets: Sequence[int], innermost: Sequence[int], calls: Sequence[Call], texts: bytes) -> InlinedReader:
    blobs: Mapping[str, bytes] = {
        "inlined_offsets": struct.pack(f"<{len(offsets)}I", *offsets),
        "inlined_innermost": struct.pack(f"<{len(innermost)}I", *innermost),
        "inlined_calls": b"".join(struct.pack("<4I", *call) for call in calls),
        "inlined_texts": texts,
    }
    return InlinedReader({name: memoryview(blob) for name, blob in blobs.items()})


def test_calls_nested_without_end_are_cut() -> None:
    """A stranger's table could make a short backtrace fill the host's memory and its terminal."""
    chain = [(number, 1, 1, 1) for number in range(10_000)]
    assert len(reader([0], [10_000], chain, b"\0name\0").around(0)) == MOST_NESTED


def test_names_of_strangers_are_escaped() -> None:
    found = reader([0], [1], [(0, 1, 2, 7)], b"\0\x1b[31m\0\xff.c\0").around(5)
    assert found == [InlinedPlace("\\x1b[31m", "\\udcff.c", 7)]


NUMBERS = st.integers(0, 6) | st.integers(0, (1 << 32) - 1)


@given(
    st.lists(st.tuples(NUMBERS, NUMBERS), max_size=6),
    st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS), max_size=6),
    st.binary(max_size=20),
    NUMBERS,
)
def test_any_table_of_an_artifact_gives_a_short_answer(
    places: list[tuple[int, int]], calls: list[Call], texts: bytes, offset: int
) -> None:
    found = reader([place[0] for place in places], [place[1] for place in places], calls, texts).around(offset)
    assert len(found) <= len(calls)
    assert all(name is None or name.isprintable() for place in found for name in (place.function, place.call_file))
