"""Fixtures of the personality's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from personality.guest import Grant, Guest


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """What a guest must never reach: a directory beside the granted ones, with a file ``secret``."""
    directory = tmp_path / "outside"
    directory.mkdir()
    (directory / "secret").write_text("secret")
    return directory


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The host's directory that is granted as ``/data``, writable."""
    directory = tmp_path / "data"
    directory.mkdir()
    return directory


@pytest.fixture
def fixed(tmp_path: Path) -> Path:
    """The host's directory that is granted as ``/fixed``, for reading only."""
    directory = tmp_path / "fixed"
    directory.mkdir()
    (directory / "file").write_text("fixed")
    (directory / "folder").mkdir()
    return directory


@pytest.fixture
def guest(data: Path, fixed: Path, outside: Path) -> Iterator[Guest]:
    """A process with both grants."""
    with Guest(Grant("/data", data), Grant("/fixed", fixed, writable=False)) as process:
        yield process
