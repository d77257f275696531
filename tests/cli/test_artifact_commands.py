"""``motte compile``, ``verify`` and ``inspect``: artifacts from sources, and what can be seen in them."""

import os
from pathlib import Path

import pytest

from cli.command import motte
from motte.cache import default_root


@pytest.fixture(scope="session")
def artifact(programs: Path) -> Path:
    path = programs / "null.motte"
    done = motte("compile", "-g", "null.c", "-o", path, cwd=programs)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    return path


def with_code_replaced(artifact: Path, place: Path, start: bytes) -> Path:
    """A copy whose first instructions are these bytes."""
    content = bytearray(artifact.read_bytes())
    code = 12 + int.from_bytes(content[8:12], "little")
    content[code : code + len(start)] = start
    place.write_bytes(content)
    return place


def test_an_artifact_runs_like_its_source(artifact: Path) -> None:
    done = motte("run", artifact)
    assert done.returncode == 139
    assert b"in value_of (null.c:2)" in done.stderr


def test_the_default_name_is_the_first_sources(programs: Path) -> None:
    assert motte("compile", "status.c", cwd=programs).returncode == 0
    assert motte("run", "status.motte", "3", cwd=programs).returncode == 3


def test_equal_sources_give_equal_artifacts(programs: Path, tmp_path: Path) -> None:
    other_cache = tmp_path / "cache" / "motte"
    other_cache.mkdir(parents=True)
    (other_cache / "libraries").symlink_to(default_root() / "libraries")
    first, second = tmp_path / "first", tmp_path / "second"
    assert motte("compile", "status.c", "-o", first, cwd=programs).returncode == 0
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    assert motte("compile", "status.c", "-o", second, cwd=programs, environment=environment).returncode == 0
    assert any(other_cache.glob("entries/*/*")), "the second was not compiled"
    assert first.read_bytes() == second.read_bytes()


def test_a_cache_that_cannot_be_written_is_a_warning_in_one_line(programs: Path, tmp_path: Path) -> None:
    other_cache = tmp_path / "cache" / "motte"
    other_cache.mkdir(parents=True)
    (other_cache / "libraries").symlink_to(default_root() / "libraries")
    (other_cache / "entries").write_text("in the way")
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = motte("run", "status.c", "7", cwd=programs, environment=environment)
    assert done.returncode == 7
    assert done.stderr.decode() == f"motte: warning: nothing is cached: {other_cache}: Not a directory\n"


def test_warnings_are_shown_each_time(tmp_path: Path) -> None:
    (tmp_path / "warned.c").write_text("#warning look at this\nint main(void) { return 0; }\n")
    for _time in range(2):
        done = motte("compile", "warned.c", cwd=tmp_path)
        assert done.returncode == 0
        assert b"warned.c:1:2: warning: look at this" in done.stderr
        assert b"motte-dependencies" not in done.stderr


@pytest.mark.parametrize(
    ("stage", "start"),
    [("bc", b"BC\xc0\xde"), ("ll", b"; ModuleID"), ("s", None), ("o", b"\x7fELF")],
)
def test_every_stage_can_be_seen(programs: Path, tmp_path: Path, stage: str, start: bytes | None) -> None:
    place = tmp_path / f"null.{stage}"
    done = motte("compile", f"--emit={stage}", "null.c", "-o", place, cwd=programs)
    assert (done.returncode, done.stderr) == (0, b"")
    content = place.read_bytes()
    if start is None:
        assert b"value_of:" in content
        assert b"%gs:" in content
    else:
        assert content.startswith(start)


def test_a_stage_takes_one_source(programs: Path) -> None:
    done = motte("compile", "--emit=s", "null.c", "loop.c", cwd=programs)
    assert done.returncode == 125
    assert b"--emit takes one FILE at a time" in done.stderr


def test_bitcode_and_assembly_of_llvm_are_sources_too(programs: Path, tmp_path: Path) -> None:
    for stage in ("bc", "ll"):
        place = tmp_path / f"status.{stage}"
        assert motte("compile", f"--emit={stage}", "status.c", "-o", place, cwd=programs).returncode == 0
    assert motte("run", tmp_path / "status.bc", "5").returncode == 5


def test_a_good_artifact_is_ok(artifact: Path) -> None:
    done = motte("verify", artifact)
    assert done.returncode == 0
    word, *rest = done.stdout.decode().split()
    assert (word, rest[1], rest[3]) == ("ok:", "functions,", "instructions")
    assert int(rest[0]) > 1
    assert int(rest[2]) > 100


def test_a_bad_artifact_is_told_by_rule_and_place(artifact: Path, tmp_path: Path) -> None:
    bad = with_code_replaced(artifact, tmp_path / "bad.motte", b"\x0f\x05")
    done = motte("verify", bad)
    assert done.returncode == 1
    first = done.stdout.decode().splitlines()[0]
    assert " at 0x0 in " in first
    assert "syscall" in first.lower()


def test_a_bad_artifact_does_not_run(artifact: Path, tmp_path: Path) -> None:
    bad = with_code_replaced(artifact, tmp_path / "bad.motte", b"\x0f\x05")
    done = motte("run", bad)
    assert done.returncode == 126
    assert done.stderr.startswith(b"motte: bad.motte: refused")


@pytest.mark.parametrize("length", [0, 5, 11, 100, -1000, -1])
def test_a_truncated_artifact_is_refused(artifact: Path, tmp_path: Path, length: int) -> None:
    short = tmp_path / "short.motte"
    short.write_bytes(artifact.read_bytes()[:length])
    assert motte("verify", short).returncode == 1
    done = motte("run", short)
    assert done.returncode == 126
    assert done.stderr.startswith(b"motte: short.motte: refused: ")


def test_inspect_shows_what_is_inside(artifact: Path) -> None:
    shown = motte("inspect", artifact).stdout.decode()
    for part in ("code", "read-only", "writable", "zero", "motte_syscall", "CPU features", "value_of", "main"):
        assert part in shown


def test_disassembly_has_the_source_lines_and_names(artifact: Path) -> None:
    shown = motte("inspect", artifact, "--disassemble", "value_of").stdout.decode()
    assert shown.startswith("value_of:\n")
    assert "# null.c:2" in shown
    assert "%gs:" in shown
    assert "main:" not in shown
    everything = motte("inspect", artifact, "--disassemble").stdout.decode()
    assert "main:\n" in everything
    assert "# value_of" in everything


def test_disassembly_of_nothing_is_misuse(artifact: Path) -> None:
    done = motte("inspect", artifact, "--disassemble", "missing")
    assert done.returncode == 125
    assert b"there is no function 'missing'" in done.stderr


def test_names_from_strangers_are_shown_and_not_interpreted(artifact: Path, tmp_path: Path) -> None:
    content = artifact.read_bytes()
    assert content.count(b"value_of\0") == 1
    odd = tmp_path / "odd.motte"
    odd.write_bytes(content.replace(b"value_of\0", b"[r]\x1b[1mx\0"))
    for arguments in ([], ["--disassemble"]):
        shown = motte("inspect", odd, *arguments).stdout
        assert b"[r]" in shown
        assert b"\x1b" not in shown


def test_an_artifact_says_how_its_casts_are_checked(programs: Path, tmp_path: Path) -> None:
    for mode, shown, status in (("use", ["use"], 0), ("cast", ["cast"], 139), ("", [], 0)):
        place = tmp_path / f"checked{mode}.motte"
        options = [f"--checked={mode}"] if mode else []
        assert motte("compile", *options, "cast.c", "-o", place, cwd=programs).returncode == 0
        summary = motte("inspect", place).stdout.decode()
        assert [line.split()[-2] for line in summary.splitlines() if "checked casts" in line] == shown
        assert motte("run", place).returncode == status
