"""Generated programs print the same checksum compiled natively and confined.

The native side is the system's C compiler: neither of the two may be wrong alone.  Hypothesis draws the
programs, and makes one that disagrees as small as it can before it shows it.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, note, seed, settings
from hypothesis.strategies import randoms

import motte
from generated.generator import Generator
from motte.build import BuildOptions

LEVELS = (0, 2, 3)
PROGRAMS = 70
"""At each level: 210 in all."""
LONG_ROUNDS = 24
FIRST_SEED = int(os.environ.get("MOTTE_SEED", "0"))
NATIVE = (os.environ.get("CC", "cc"), "-w", "-O1", "-ffp-contract=off")


def agree(level: int, seed_number: int, directory: Path) -> None:
    """Fails with the program in which the two differ."""
    source, executable = directory / "program.c", directory / "native"

    @seed(10 * seed_number + level)
    @settings(
        max_examples=PROGRAMS,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),  # programs are large, and compiling is slow
    )
    @given(randoms(use_true_random=False))
    def natively_and_confined(random: Random) -> None:
        text = Generator(random).program()
        note(f"/* MOTTE_SEED={seed_number}, -O{level} */\n{text}")
        source.write_text(text)
        subprocess.run([*NATIVE, "-o", executable, source], check=True)
        native = subprocess.run([executable], capture_output=True, check=True, timeout=20)
        confined = motte.run(source, options=BuildOptions(optimization=level), time=20)
        assert (confined.returncode, confined.stdout) == (0, native.stdout), confined.message

    natively_and_confined()


@pytest.mark.parametrize("level", LEVELS)
def test_native_and_confined_agree(level: int, tmp_path: Path) -> None:
    agree(level, FIRST_SEED, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("number", range(1, LONG_ROUNDS))
def test_native_and_confined_agree_on_many_more(number: int, level: int, tmp_path: Path) -> None:
    agree(level, FIRST_SEED + number, tmp_path)
