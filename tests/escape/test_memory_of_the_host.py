"""What a guest cannot have, the host does not spend."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"
HELLO = Path(__file__).parents[2] / "examples" / "01_hello" / "hello.c"
MIB = 1 << 20


def peak_rss(*arguments: str) -> int:
    """Bytes of the largest resident set of one ``motte run``, the program compiled beforehand."""
    command = [sys.executable, "-m", "motte", "run", *arguments]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss * 1024


def test_an_allocation_bomb_costs_the_host_no_more_than_its_limit() -> None:
    limit = 200 * MIB
    harmless = peak_rss("--memory", "200M", str(HELLO))
    bomb = peak_rss("--memory", "200M", str(PROGRAMS / "allocation_bomb_200.c"))
    assert bomb - harmless <= limit + 16 * MIB
    assert bomb - harmless >= limit // 2, "the bomb went off"
