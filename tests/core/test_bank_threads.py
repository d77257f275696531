"""Banks under threads that do everything at once, in C and under the sanitizers: no race, no leak, no page lost."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

CORE = Path(__file__).parents[2] / "core"
SOURCES = [Path(__file__).with_name("bank_threads.c"), *(CORE / name for name in ("bank.c", "bank_tree.c"))]
SOURCES += [CORE / "bank_lock.c", CORE / "panic.c"]
COMMAND = [os.environ.get("CC", "cc"), "-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-pthread"]


@pytest.mark.parametrize("sanitizer", ["thread", "address,undefined"])
def test_nothing_is_lost_or_touched_by_two_at_once(tmp_path: Path, sanitizer: str) -> None:
    program = tmp_path / "bank_threads"
    subprocess.run(
        [*COMMAND, f"-fsanitize={sanitizer}", "-fno-sanitize-recover=all", f"-I{CORE}", *SOURCES, "-o", program],
        check=True,
    )
    environment = {**os.environ, "TSAN_OPTIONS": "halt_on_error=1", "LD_PRELOAD": ""}
    done = subprocess.run([program], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
