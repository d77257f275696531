"""A small JavaScript interpreter whose exceptions are long jumps runs scripts confined as it does natively."""

from __future__ import annotations

import subprocess
from pathlib import Path

import motte
from motte.benchmark.fetch import fetch
from motte.build import BuildOptions
from programs.native import native_executable

SCRIPTS = Path(__file__).parent / "scripts"


def test_exceptions_go_where_they_go_natively() -> None:
    sources = [fetch("mujs") / name for name in ("main.c", "one.c")]
    done = motte.run(
        sources,
        ["exceptions.es5"],
        options=BuildOptions(optimization=2),
        directories=[motte.Directory(str(SCRIPTS), "/", True)],
    )
    native = native_executable(sources, [])
    command = [native, "exceptions.es5"]
    expected = subprocess.run(command, cwd=SCRIPTS, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (expected.returncode, expected.stdout, expected.stderr)
    assert b"uncaught" in done.stderr
