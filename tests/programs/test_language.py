"""Small programs about one feature of C each print what they print natively, at every level."""

from __future__ import annotations

from pathlib import Path

import pytest

import motte
from motte.build import BuildOptions
from programs.native import native_executable, run_native

PROGRAMS = sorted((Path(__file__).parent / "language").glob("*.c"))


@pytest.mark.parametrize("level", [0, 2, 3])
@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_feature_works_as_it_does_natively(path: Path, level: int) -> None:
    done = motte.run(path, options=BuildOptions(optimization=level))
    assert (done.returncode, done.stdout) == (0, run_native(native_executable([path], []))), done.message
    assert done.stdout
