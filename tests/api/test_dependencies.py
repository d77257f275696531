"""What clang read, and whether it would read the same again."""

import os
import time
from pathlib import Path

import pytest

from motte.dependencies import Dependencies, dependencies_of, split_messages

LISTED = "motte-dependencies: main.c \\\n  /usr/include/stdio.h \\\n  a\\ b.h d$$e.h \\\n  odd\\#name.h back\\slash.h\n"


def test_the_list_is_taken_out_of_the_messages() -> None:
    messages, listed = split_messages(f"main.c:1: warning: look\n{LISTED}1 warning generated.\n")
    assert messages == "main.c:1: warning: look\n1 warning generated.\n"
    assert listed == ["main.c", "/usr/include/stdio.h", "a b.h", "d$e.h", "odd#name.h", "back\\slash.h"]


def test_messages_without_a_list_stay_as_they_are() -> None:
    assert split_messages("error: no such file\n") == ("error: no such file\n", [])


def test_a_source_cannot_forge_the_list_in_a_warning() -> None:
    forged = "main.c:1: warning: motte-dependencies: nothing\n"
    messages, listed = split_messages(forged + LISTED)
    assert messages == forged
    assert listed[:2] == ["main.c", "/usr/include/stdio.h"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("first", "second/sub", "system"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("main.c", "beside.h", "second/found.h", "second/sub/deep.h", "system/stdio.h"):
        (tmp_path / name).write_text(name)
    return tmp_path


def read_by_the_project() -> Dependencies:
    listed = ["main.c", "beside.h", "second/found.h", "second/sub/deep.h", "system/stdio.h"]
    return dependencies_of(listed, "main.c", ["first", "second"], ["system"])


def test_the_same_files_have_the_same_digest(project: Path) -> None:
    dependencies = read_by_the_project()
    assert dependencies.content_digest() is not None
    assert dependencies.content_digest() == read_by_the_project().content_digest()
    assert Dependencies.decode(dependencies.encode()) == dependencies


@pytest.mark.parametrize(
    "stored", [b"", b"{}", b"[1, 2]", b"[[], [], []]", b"[[1], []]", b'[["a\\u0000"], []]', b"\xff", b"[" * 100_000]
)
def test_a_record_that_somebody_else_wrote_is_none(stored: bytes) -> None:
    assert Dependencies.decode(stored) is None


@pytest.mark.parametrize("name", ["beside.h", "second/found.h", "second/sub/deep.h", "system/stdio.h"])
def test_a_changed_header_changes_the_digest_and_a_missing_one_ends_it(project: Path, name: str) -> None:
    dependencies = read_by_the_project()
    before = dependencies.content_digest()
    (project / name).write_text("changed")
    assert dependencies.content_digest() not in (before, None)
    (project / name).unlink()
    assert dependencies.content_digest() is None


@pytest.mark.parametrize(
    "name", ["first/found.h", "found.h", "first/sub/deep.h", "second/stdio.h", "second/sub/found.h"]
)
def test_a_new_header_that_would_be_found_first_is_noticed(project: Path, name: str) -> None:
    dependencies = read_by_the_project()
    (project / name).parent.mkdir(exist_ok=True)
    (project / name).write_text("new")
    assert dependencies.content_digest() is None


def test_a_new_header_of_another_name_is_nobodys_business(project: Path) -> None:
    dependencies = read_by_the_project()
    before = dependencies.content_digest()
    (project / "first" / "other.h").write_text("new")
    assert dependencies.content_digest() == before


def test_a_header_that_may_have_changed_during_the_compilation_is_noticed(project: Path) -> None:
    dependencies = read_by_the_project()
    for name in dependencies.files:
        os.utime(name, (1000, 1000))
    start = time.time_ns()
    assert not dependencies.changed_since(start)
    (project / "second" / "found.h").write_text("changed while clang ran")
    assert dependencies.changed_since(start)
