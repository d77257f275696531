"""What a process costs that exists and does nothing, Python's objects included, and what its bank pays."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import motte
from motte import core
from motte.host_limits import process_limits

# In a Python of its own: in this one, earlier tests have left page tables and heap behind.
MEASURE = """
import json, re, resource, sys
from pathlib import Path
import motte

resource.setrlimit(resource.RLIMIT_NOFILE, (256, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))

def spent():
    status = dict(re.findall(r"^(RssAnon|VmPTE):\\s+(\\d+) kB", Path("/proc/self/status").read_text(), flags=re.M))
    return 1024 * (int(status["RssAnon"]) + int(status["VmPTE"]))

def mappings():
    return len(Path("/proc/self/maps").read_text().splitlines())

def crowd(count):
    processes = [machine.spawn(program, stdout=None, stderr=None) for _ in range(count)]
    while any(process.state != "waiting" for process in processes):
        pass
    return processes

with motte.Machine(memory=None, deep_sleep=None) as machine:
    program = machine.load(sys.argv[1])
    first = crowd(50)
    before = spent(), mappings(), machine.bank.used
    processes = crowd(int(sys.argv[2]))
    after = spent(), mappings(), machine.bank.used
    print(json.dumps([new - old for new, old in zip(after, before)]))
"""

PAUSE = """
#include <time.h>
int main(void) {
    struct timespec long_time = {1 << 30, 0};
    return nanosleep(&long_time, 0);
}
"""


COUNT = 10_000
"""Of fewer, many fit in what is free in Python's heap, and in tables that grow by doubling."""

MANY = 30_000


def test_a_bank_pays_for_all_that_an_idle_process_takes(tmp_path: Path) -> None:
    """And ten thousand of them live within the host's ordinary limits on mappings and on open files."""
    taken, mappings, charged = measured(tmp_path, COUNT)
    assert 0.99 * taken <= charged <= 1.05 * taken
    assert taken <= 23 * 1024 * COUNT
    assert mappings <= (4.2 if core.host_features()["guard_markers"] else 5.2) * COUNT


@pytest.mark.long
def test_thirty_thousand_live_where_the_host_is_asked_for_it(tmp_path: Path) -> None:
    """Each at the same price; the host's limits are another's to raise, and the test says which of them and how."""
    for limit in process_limits():
        if limit.processes < MANY:
            pytest.skip(f"{limit.name} allows {limit.processes:,} processes; {limit.advice_for(MANY)}")
    taken, mappings, charged = measured(tmp_path, MANY)
    assert 0.99 * taken <= charged <= 1.05 * taken
    assert mappings <= 4.2 * MANY


def measured(folder: Path, count: int) -> tuple[int, int, int]:
    """Memory, mappings and charge of so many idle processes."""
    source = folder / "pause.c"
    source.write_text(PAUSE)
    measure(source, 1)  # compiled by now: the memory that this leaves free would be found by the processes
    return measure(source, count)


def measure(source: Path, count: int) -> tuple[int, int, int]:
    finished = subprocess.run(
        [sys.executable, "-c", MEASURE, str(source), str(count)],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        env={**os.environ, "PYTHONPATH": str(Path(motte.__file__).parent.parent)},
    )
    assert finished.returncode == 0, finished.stderr
    taken, mappings, charged = json.loads(finished.stdout)
    return taken, mappings, charged
