"""Every example prints exactly what its expected.txt says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from motte.benchmark.fetch import UnreachableError, fetch

EXAMPLES = Path(__file__).parents[2] / "examples"
FETCHED = re.compile(r"motte\.benchmark\.fetch (\w+)")
DIRECTORIES = sorted(path for path in EXAMPLES.iterdir() if path.is_dir())


@pytest.fixture
def commands(tmp_path: Path) -> dict[str, str]:
    """An environment in which ``motte`` and ``python`` are the ones under test."""
    for name, arguments in (("motte", "-m motte"), ("python", "")):
        command = tmp_path / name
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
        command.chmod(0o755)
    return {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}


@pytest.mark.parametrize("directory", DIRECTORIES, ids=lambda path: path.name)
def test_the_example_prints_what_it_says(directory: Path, commands: dict[str, str]) -> None:
    try:
        for name in FETCHED.findall((directory / "run.sh").read_text()):
            fetch(name)
    except UnreachableError as error:
        pytest.skip(f"the registry that has its sources cannot be reached: {error}")
    done = subprocess.run(["sh", "run.sh"], cwd=directory, env=commands, capture_output=True, text=True, check=False)
    assert done.stdout == (directory / "expected.txt").read_text(), done.stderr
    assert done.returncode == 0, done.stderr


def test_every_example_is_in_the_reading_list() -> None:
    reading_list = (EXAMPLES / "README.md").read_text()
    assert [directory.name for directory in DIRECTORIES if f"`{directory.name}`" not in reading_list] == []
