"""What a guest cannot have, the host does not spend."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"
HELLO = Path(__file__).parents[2] / "examples" / "01_hello" / "hello.c"
MIB = 1 << 20


# A child's peak begins with its parent's, and the test runner's is large: so a small process stands between.
MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def peak_rss(*arguments: str) -> int:
    """Bytes of the largest resident set of one ``motte run``, the program compiled beforehand."""
    command = [sys.executable, "-m", "motte", "run", *arguments]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    measured = subprocess.run([sys.executable, "-c", MEASURE, *command], capture_output=True, check=True)
    return int(measured.stdout) * 1024


def test_an_allocation_bomb_costs_the_host_no_more_than_its_limit() -> None:
    limit = 200 * MIB
    harmless = peak_rss("--memory", "200M", str(HELLO))
    bomb = peak_rss("--memory", "200M", str(PROGRAMS / "allocation_bomb.c"), "200")
    assert bomb - harmless <= limit + 16 * MIB
    assert bomb - harmless >= limit // 2, "the bomb went off"
