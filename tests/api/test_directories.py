"""Grants of directories: what HOST[::GUEST][:ro] means, and what it cannot mean."""

import contextlib
from pathlib import Path

import pytest

from motte.directories import Directory, granted_directories


@pytest.mark.parametrize(
    ("text", "host", "guest", "read_only"),
    [
        ("data", "data", "/data", False),
        ("data:ro", "data", "/data", True),
        (".", ".", "/", False),
        ("/srv/files", "/srv/files", "/srv/files", False),
        ("../data", "../data", "/data", False),
        ("data::/in", "data", "/in", False),
        ("data::in:ro", "data", "/in", True),
        ("a:b::/c", "a:b", "/c", False),
        ("a/./b//c", "a/./b//c", "/a/b/c", False),
    ],
)
def test_a_grant_is_read(text: str, host: str, guest: str, read_only: bool) -> None:
    assert Directory.parse(text) == Directory(host, guest, read_only)


@pytest.mark.parametrize("text", ["", ":ro", "::/in", "data::", "data:::ro"])
def test_what_is_no_grant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected HOST\[::GUEST\]\[:ro\]"):
        Directory.parse(text)


@pytest.mark.parametrize(
    ("guest", "reason"),
    [
        ("in", "absolute"),
        ("/a/../b", r"without '\.\.'"),
        ("/a//b", "not normal"),
        ("//a", "not normal"),
        ("/a\0b", "not a path"),
    ],
)
def test_a_guest_path_that_is_not_plain_is_refused(guest: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Directory("/", guest)


def test_grants_come_as_texts_paths_and_directories(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    assert granted_directories([f"{tmp_path}::/a:ro", inner, Directory(str(inner), "/b")]) == (
        Directory(str(tmp_path), "/a", True),
        Directory(str(inner), str(inner)),
        Directory(str(inner), "/b"),
    )


def test_a_grant_inside_another_may_add_rights(tmp_path: Path) -> None:
    given = [f"{tmp_path}::/a:ro", f"{tmp_path}::/a/b", f"{tmp_path}::/ab", f"{tmp_path}::/a/c:ro"]
    assert [directory.read_only for directory in granted_directories(given)] == [True, False, False, True]


def test_a_path_with_a_colon_is_a_path_and_not_a_text(tmp_path: Path) -> None:
    odd = tmp_path / "odd:ro"
    odd.mkdir()
    assert granted_directories([odd]) == (Directory(str(odd), str(odd)),)


def test_what_cannot_be_granted_is_said_before_anything_runs(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(FileNotFoundError):
        granted_directories([tmp_path / "missing"])
    with pytest.raises(NotADirectoryError):
        granted_directories([file])
    with pytest.raises(ValueError, match="granted twice"):
        granted_directories([f"{tmp_path}::/a", f"{tmp_path}::a"])
    with pytest.raises(ValueError, match=r"'/a/b' cannot be read-only inside '/a', which can be written"):
        granted_directories([f"{tmp_path}::/a/b:ro", f"{tmp_path}::/a"])
    with pytest.raises(ValueError, match=r"'/b' cannot be read-only inside '/'"):
        granted_directories([f"{tmp_path}::/", f"{tmp_path}::/b:ro"])
    with pytest.raises(TypeError, match="expected a list"):
        granted_directories("data")


def test_quotas_are_read_in_any_order() -> None:
    for text in ("data::/d:quota=16M:files=10", "data::/d:files=10:quota=16M"):
        assert Directory.parse(text) == Directory("data", "/d", quota="16M", max_files=10)
    assert Directory.parse("data:quota=1k") == Directory("data", "/data", quota="1k")
    for text in ("data:quota=", "data:files=x", "data:quota=16X"):
        with contextlib.suppress(ValueError):  # either a strange name, or refused; never a quota
            assert Directory.parse(text).quota is None


def test_a_limit_inside_what_can_be_written_without_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be limited inside"):
        granted_directories([f"{tmp_path}::/a", Directory(str(tmp_path), "/a/b", quota=1)])
    granted_directories([f"{tmp_path}::/a:ro", Directory(str(tmp_path), "/a/b", quota=1)])
