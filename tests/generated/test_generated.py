"""Generated programs print the same checksum compiled natively and confined.

The native side is the system's C compiler: neither of the two may be wrong alone.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

import motte
from generated.generator import Generator
from motte.build import BuildOptions

COUNT = 200
LONG_COUNT = 5000
LEVELS = (0, 2, 3)
BATCH = 10
FIRST_SEED = int(os.environ.get("MOTTE_SEED", "0"))


def native_output(source: Path) -> bytes:
    executable = source.with_suffix(".native")
    compiler = os.environ.get("CC", "cc")
    subprocess.run([compiler, "-w", "-O1", "-ffp-contract=off", "-o", executable, source], check=True)
    return subprocess.run([executable], capture_output=True, check=True, timeout=20).stdout


def check(first: int, directory: Path) -> None:
    for seed in range(first, first + BATCH):
        source = directory / f"seed{seed}.c"
        source.write_text(Generator(seed).program())
        level = LEVELS[seed % len(LEVELS)]
        done = motte.run(source, options=BuildOptions(optimization=level), time=20)
        expected = native_output(source)
        assert (done.returncode, done.stdout) == (0, expected), f"seed {seed} at -O{level}: {done.message}"


@pytest.mark.parametrize("first", range(FIRST_SEED, FIRST_SEED + COUNT, BATCH))
def test_native_and_confined_agree(first: int, tmp_path: Path) -> None:
    check(first, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("first", range(FIRST_SEED + COUNT, FIRST_SEED + LONG_COUNT, BATCH))
def test_native_and_confined_agree_on_many_more(first: int, tmp_path: Path) -> None:
    check(first, tmp_path)
