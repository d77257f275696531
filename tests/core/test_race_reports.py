"""The core under ThreadSanitizer (`make sanitize`) would report a race between the calls of two guests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import core_builds

TWO_GUESTS_THAT_CALL = """
from core.snippets import MILLISECOND, SECOND, Workshop
from core.test_limits import SPIN_IN_GATES
workshop = Workshop()
program = workshop.program(SPIN_IN_GATES)
processes = [workshop.spawn(program, cpu_ns=200 * MILLISECOND) for _ in range(2)]
for process in processes:
    process.start()
for process in processes:
    assert process.wait(60 * SECOND)
workshop.close()
"""


def outcome(reports: Path, asked: dict[str, str]) -> tuple[int, str]:
    """The exit status of Python with this build, and all that ThreadSanitizer has said."""
    environment = core_builds.environment("threads") | asked
    environment["TSAN_OPTIONS"] += f":log_path={reports / 'report'}"
    environment["PYTHONPATH"] += os.pathsep + str(core_builds.ROOT / "tests")
    done = subprocess.run([sys.executable, "-c", TWO_GUESTS_THAT_CALL], env=environment, check=False, timeout=120)
    return done.returncode, "".join(path.read_text() for path in reports.iterdir())


@pytest.mark.long
def test_a_race_between_calls_of_two_guests_is_reported_and_without_one_nothing_is(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    assert outcome(tmp_path / "none", {}) == (0, "")

    (tmp_path / "one").mkdir()
    status, said = outcome(tmp_path / "one", {"MOTTE_RACE": "1"})
    assert status == 66
    assert "SUMMARY: ThreadSanitizer: data race" in said and "in __wrap_motte_kernel_call" in said
