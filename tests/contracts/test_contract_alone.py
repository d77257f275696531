"""The library without the rest of the core: no memory, several threads, under the sanitizers."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

CORE = Path(__file__).parents[2] / "core"
SOURCES = [Path(__file__).with_name("contract_alone.c"), *sorted((CORE / "contracts").glob("*.c"))]
COMMAND = [os.environ.get("CC", "cc"), "-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-pthread"]


@pytest.mark.parametrize("sanitizer", ["thread", "address,undefined"])
def test_each_request_that_fails_leaves_nothing_and_the_last_of_several_threads_frees_it(
    tmp_path: Path, sanitizer: str
) -> None:
    program = tmp_path / "contract_alone"
    flags = [f"-fsanitize={sanitizer}", "-fno-sanitize-recover=all", f"-I{CORE}"]
    wrapped = ["-Wl,--wrap=malloc", "-Wl,--wrap=calloc"]
    subprocess.run([*COMMAND, *flags, *SOURCES, *wrapped, "-o", program], check=True)
    environment = {**os.environ, "TSAN_OPTIONS": "halt_on_error=1", "LD_PRELOAD": ""}
    done = subprocess.run([program], env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "3 requests\n", "")
