"""The file of confined objects: what is found in it, and that damage is noticed."""

from pathlib import Path

import pytest

from motte.compiler.options import CompileOptions
from motte.compiler.parent import run_child
from motte.compiler.unit import CompileRequest
from motte.errors import CompileError
from motte.toolchain.archive import DamagedLibrary, GuestLibrary, defined_names, encode_library
from motte.toolchain.clang import SourceText, compile_source

SOURCES = {
    "first": "int used_by_all; int one(void) { return 1; } __attribute__((weak)) int stand_in(void) { return 0; }",
    "second": "int stand_in(void) { return 2; } static int hidden_name; int *two(void) { return &hidden_name; }",
    "third": "extern int one(void); int three(void) { return one() + 2; }",
}


@pytest.fixture(scope="module")
def objects() -> dict[str, bytes]:
    options = CompileOptions(optimization=1, internalize=None)
    requests = [
        CompileRequest(name, (compile_source(SourceText(f"{name}.c", text)).bitcode,), options)
        for name, text in SOURCES.items()
    ]
    return {unit.name: unit.objects[0] for unit in run_child(requests)}


@pytest.fixture
def path(tmp_path: Path, objects: dict[str, bytes]) -> Path:
    target = tmp_path / "test.library"
    target.write_bytes(encode_library(objects))
    return target


def test_members_come_back_as_they_went_in(path: Path, objects: dict[str, bytes]) -> None:
    library = GuestLibrary.open(path)
    assert library.members == ("first", "second", "third")
    assert {member: library.object(member) for member in library.members} == objects


def test_equal_objects_give_equal_bytes_in_any_order(path: Path, objects: dict[str, bytes]) -> None:
    assert encode_library(dict(reversed(objects.items()))) == path.read_bytes()


def test_a_name_leads_to_its_definers_strong_ones_first(path: Path) -> None:
    library = GuestLibrary.open(path)
    assert library.members_defining("one") == ("first",)
    assert library.members_defining("used_by_all") == ("first",)
    assert library.members_defining("stand_in") == ("second", "first")


@pytest.mark.parametrize("name", ["hidden_name", "absent", ""])
def test_local_and_unknown_names_have_no_definer(path: Path, name: str) -> None:
    assert GuestLibrary.open(path).members_defining(name) == ()


def test_a_reference_is_not_a_definition(objects: dict[str, bytes]) -> None:
    assert defined_names("third", objects["third"]) == {"three": True}


@pytest.mark.parametrize("size", [0, 1, 39, 40, 100])
def test_a_truncated_file_is_damaged(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(DamagedLibrary):
        GuestLibrary.open(path)


@pytest.mark.parametrize("place", [0, 16, 24, 41, 90])
def test_a_changed_byte_of_header_or_index_is_damage(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedLibrary):
        GuestLibrary.open(path)


def test_a_changed_byte_of_an_object_is_an_error_that_names_member_and_file(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    library = GuestLibrary.open(path)
    assert library.object("first")
    with pytest.raises(CompileError) as error:
        library.object("third")
    assert str(error.value) == f"the guest library is damaged at third: delete {path} to build it again"
