"""The types of ``motte`` are complete for who uses it: a client of everything passes the strict checker."""

import re
import subprocess
import sys
from pathlib import Path

import motte

ROOT = Path(__file__).parents[2]
CLIENT = Path(__file__).with_name("client.py")


def test_the_client_uses_every_public_name() -> None:
    used = set(re.findall(r"\bmotte\.(\w+)", CLIENT.read_text()))
    assert used == set(motte.__all__)


def test_the_client_passes_strict_mypy() -> None:
    command = [sys.executable, "-m", "mypy", "--config-file", ROOT / "pyproject.toml", CLIENT]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
