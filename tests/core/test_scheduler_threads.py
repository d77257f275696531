"""The scheduler, its workers, meters, moments and events under the sanitizers: no race, no leak, nothing lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "core"
NAMES = (
    *(
        "awake",
        "schedule",
        "scheduler",
        "worker",
        "turn",
        "timers",
        "moments",
        "slices",
        "trace",
        "lifecycle",
        "events",
        "metering",
        "clock",
        "deep_sleep",
        "timeouts",
        "offers",
        "visit",
        "host_memory",
    ),
    *("process", "bank", "bank_tree", "bank_lock", "page_tables", "panic", "parking", "thread"),
)
SOURCES = [Path(__file__).with_name("scheduler_threads.c"), *(CORE / f"{name}.c" for name in NAMES)]
SOURCES += sorted((CORE / "meters").glob("*.c"))
COMMAND = [os.environ.get("CC", "cc"), "-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-pthread"]


@pytest.mark.parametrize("sanitizer", ["thread", "address,undefined"])
def test_everything_at_once_has_no_race_and_leaves_nothing(tmp_path: Path, sanitizer: str) -> None:
    program, header = tmp_path / "scheduler_threads", tmp_path / "motte_abi.h"
    subprocess.run([sys.executable, CORE / "generate_header.py", ROOT, header], check=True)
    flags = [f"-fsanitize={sanitizer}", "-fno-sanitize-recover=all", f"-I{CORE}", f"-I{tmp_path}"]
    subprocess.run([*COMMAND, *flags, *SOURCES, "-o", program], check=True)
    environment = {**os.environ, "TSAN_OPTIONS": "halt_on_error=1", "LD_PRELOAD": ""}
    done = subprocess.run([program], env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
