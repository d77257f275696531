"""Runs the ``motte`` command as a person would, and keeps what came of it."""

import subprocess
import sys
from pathlib import Path


def motte(
    *arguments: str | Path, input: bytes = b"", cwd: Path | None = None, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """One command line, to its end; nothing is on a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "motte", *arguments],
        input=input,
        cwd=cwd,
        env=environment,
        capture_output=True,
        check=False,
        timeout=300,
    )
