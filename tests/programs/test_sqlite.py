"""SQLite's own shell, unmodified: what it prints confined is what it prints natively."""

from __future__ import annotations

from pathlib import Path

import pytest

import motte
from motte.benchmark.fetch import fetch
from motte.build import BuildOptions
from programs.native import native_executable, run_native

DEFINES = ("SQLITE_THREADSAFE=0", "SQLITE_OMIT_LOAD_EXTENSION", "SQLITE_OMIT_WAL")
SCRIPTS = sorted((Path(__file__).parent / "scripts").glob("*.sql"))


@pytest.fixture(scope="module")
def sources() -> list[Path]:
    root = fetch("sqlite")
    return [root / "shell.c", root / "sqlite3.c"]


@pytest.fixture(scope="module")
def native(sources: list[Path]) -> Path:
    return native_executable(sources, [f"-D{define}" for define in DEFINES])


@pytest.fixture(scope="module", params=[None, pytest.param("use", marks=pytest.mark.long)])
def options(request: pytest.FixtureRequest, sources: list[Path]) -> BuildOptions:
    return BuildOptions(optimization=2, define=DEFINES, include=(str(sources[0].parent),), checked=request.param)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_prints_what_it_prints_natively(
    script: Path, sources: list[Path], native: Path, options: BuildOptions, tmp_path: Path
) -> None:
    text = script.read_bytes()
    temporary = motte.Directory(str(tmp_path), "/tmp")  # large sorts go through temporary files
    done = motte.run(sources, ["-batch", ":memory:"], options=options, stdin=text, directories=[temporary])
    assert done.returncode == 0, done.message or done.stderr
    assert done.stdout == run_native(native, "-batch", ":memory:", stdin=text)
    assert done.stdout


def test_a_database_in_a_granted_directory_survives_the_process(
    sources: list[Path], native: Path, options: BuildOptions, tmp_path: Path
) -> None:
    store = b"""CREATE TABLE t(i INTEGER PRIMARY KEY, s TEXT);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
        INSERT INTO t SELECT i, 'row ' || i FROM n;"""
    check = b"PRAGMA integrity_check; SELECT count(*), sum(i), max(s) FROM t; DELETE FROM t WHERE i % 2; VACUUM;"
    for text in (store, check):
        directory = motte.Directory(str(tmp_path), "/data")
        done = motte.run(
            sources,
            ["-batch", "/data/test.db"],
            options=options,
            stdin=text,
            directories=[directory],
            env={"HOME": "/"},
        )
        assert (done.returncode, done.stderr) == (0, b""), done.message
    assert done.stdout == b"ok\n5000|12502500|row 999\n"
    seen = run_native(
        native, "-batch", str(tmp_path / "test.db"), stdin=b"PRAGMA integrity_check; SELECT count(*) FROM t;"
    )
    assert seen == b"ok\n2500\n"
