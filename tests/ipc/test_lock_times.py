"""Workers need the scheduler's lock for every switch: however much is dropped at once, nobody holds it for long."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core_builds import IN_USE, ROOT
from ipc.lock_scenes import SCENES

HERE = Path(__file__).parent
COMMAND = [
    os.environ.get("CC", "cc"),
    "-std=gnu11",
    "-O1",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-fPIC",
    "-shared",
    "-pthread",
]
LONGEST_NS = 100_000


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, int]]:
    """All scenes, in the core as it is shipped: other builds take their time."""
    library = tmp_path_factory.mktemp("lock_times") / "lock_times.so"
    subprocess.run([*COMMAND, HERE / "lock_times.c", "-o", library], check=True)
    shipped = [path for path in sys.path if path and not Path(path).is_relative_to(ROOT / "build")]
    environment = {**os.environ, "LD_PRELOAD": str(library), "PYTHONPATH": os.pathsep.join(shipped)}
    environment.pop(IN_USE, None)
    command = [sys.executable, "-m", "ipc.lock_scenes", library]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    result: dict[str, tuple[int, int]] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize("scene", SCENES)
def test_whatever_is_dropped_at_once_holds_the_lock_for_microseconds(
    measured: dict[str, tuple[int, int]], scene: str
) -> None:
    longest_ns, holds = measured[scene]
    assert holds > 30, "it was not done in steps, or not measured"
    assert longest_ns < LONGEST_NS
