"""Each fuzz target for a while, a minute in all, with the same inputs every time (longer: ``make fuzz TARGET=…``)."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import motte
from fuzz import run as fuzz_run
from fuzz.mutations import Mutator
from fuzz.run import fuzz
from fuzz.sanitized import COMPILED
from fuzz.target import Outcome

TESTS = Path(__file__).parents[1]
CASES = {
    "artifact": 80_000,
    "assembly": 24_000,
    "core": 600,
    "line_table": 120_000,
    "object": 40_000,
    "verifier": 5000,
}
SUMMARY = re.compile(r"(\w+): seed 1, (\d+) cases, (\d+) accepted, (\d+) kinds of outcome\n")


def command(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(motte.__file__).parents[1]), str(TESTS)])}
    words = [sys.executable, "-m", "fuzz.run", *arguments]
    return subprocess.run(
        words, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


def test_every_target_is_run_here() -> None:
    assert set(CASES) == {path.stem for path in (TESTS / "fuzz" / "targets").glob("*.py")}
    assert set(CASES) >= COMPILED


@pytest.mark.parametrize("target", CASES)
def test_hostile_input_is_accepted_or_refused_and_nothing_else(target: str, tmp_path: Path) -> None:
    done = command(tmp_path, target, "--seed", "1", "--cases", str(CASES[target]))
    assert done.returncode == 0, done.stdout + done.stderr
    summary = SUMMARY.search(done.stdout)
    assert summary is not None
    assert (summary[1], int(summary[2])) == (target, CASES[target])
    assert int(summary[3]) > 20, "few inputs are accepted: the mutations are too coarse"
    assert int(summary[4]) >= 8, "few kinds of outcome: the mutations are too tame"


class Fragile:
    """A target that breaks at inputs without its letter."""

    def seeds(self) -> list[bytes]:
        return [b"aaab"]

    def mutate(self, mutator: Mutator) -> bytes:
        return mutator.changed_bytes()

    def run(self, data: bytes) -> Outcome:
        return Outcome(True, f"{1 / data.count(b'b')}")


class Endless(Fragile):
    def run(self, data: bytes) -> Outcome:
        while True:
            pass


def test_an_unexpected_exception_ends_the_run_and_its_input_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        fuzz(Fragile(), "fragile", seed=3, cases=1000, seconds=0)
    text = capsys.readouterr()
    assert "ZeroDivisionError" in text.err
    kept = re.search(r"case (\d+) of seed 3 failed; its input is in (\S+)", text.out)
    assert kept is not None
    assert b"b" not in (tmp_path / kept[2]).read_bytes()


def test_a_case_that_does_not_end_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fuzz_run, "LONGEST_CASE_S", 0.02)
    previous = fuzz_run.watch_time()
    try:
        with pytest.raises(SystemExit):
            fuzz(Endless(), "endless", seed=1, cases=1, seconds=0)
    finally:
        signal.signal(signal.SIGVTALRM, previous)
    assert "TookTooLong" in capsys.readouterr().err
