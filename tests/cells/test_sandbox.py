"""What a cell with a job has, as the kernel tells it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from cells.probes import CODE, CONTROL, GATES, PROGRAM, STORE, STORE_FILE
from cells.processes import descriptors, one_that_spins, status
from motte.core import _core

SOCKET = 3
NAMESPACES = {name: 1 << bit for bit, name in enumerate(("user", "mnt", "pid", "net", "ipc", "uts", "cgroup"))}
EMPTY_ROOT, SECCOMP = 1 << 7, 1 << 9


POLICY_OF_CELLS = """
import os
from cells.processes import cells, warden
from motte.core import _core
_core.cell_features()
print(*(os.sched_getscheduler(pid) for pid in [warden(os.getpid()), *cells(warden(os.getpid()))]))
"""


@pytest.fixture(scope="module")
def spinning() -> Iterator[int]:
    """One cell for all looks at it."""
    with one_that_spins(wait_ns=1_500_000_000) as pid:
        yield pid


def features() -> int:
    problem, features = _core.cell_features()
    assert problem is None
    return features


def test_two_descriptors(spinning: int) -> None:
    assert descriptors(spinning) == {SOCKET, STORE_FILE}


def test_a_filter_no_privileges_and_no_way_to_get_any(spinning: int) -> None:
    fields = status(spinning)
    assert (fields["Seccomp"], fields["NoNewPrivs"]) == ("2", "1")
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(fields[kind], 16) == 0, kind
    assert fields["Threads"] == "1"
    assert features() & SECCOMP


def test_memory_is_its_program_and_what_the_job_gave() -> None:
    with one_that_spins() as pid:
        maps = Path(f"/proc/{pid}/maps").read_text().splitlines()
    starts = {int(line.split("-")[0], 16) for line in maps if "[vsyscall]" not in line}
    program = {start for start in starts if PROGRAM <= start < PROGRAM + 0x10_0000}
    assert starts - program == {CODE, STORE, GATES, CONTROL}
    assert not any("[stack]" in line or "[vdso]" in line or "[vvar" in line or "[heap]" in line for line in maps)
    assert not any(set("wx") <= set(line.split()[1]) for line in maps)


@pytest.mark.parametrize("name", NAMESPACES)
def test_a_namespace_of_its_own_where_the_host_said_so(spinning: int, name: str) -> None:
    own = Path(f"/proc/{spinning}/ns/{name}").readlink()
    assert (own != Path(f"/proc/self/ns/{name}").readlink()) == bool(features() & NAMESPACES[name])


def test_an_empty_root_where_the_host_said_so(spinning: int) -> None:
    root = Path(f"/proc/{spinning}/root/")
    if features() & EMPTY_ROOT:
        assert not any(root.iterdir())
        assert len(Path(f"/proc/{spinning}/mountinfo").read_text().splitlines()) == 1
    else:
        assert {path.name for path in root.iterdir()} == {path.name for path in Path("/").iterdir()}


def test_no_environment_and_no_arguments(spinning: int) -> None:
    assert Path(f"/proc/{spinning}/environ").read_bytes() == b""
    assert Path(f"/proc/{spinning}/cmdline").read_bytes() == b""


def test_limits(spinning: int) -> None:
    lines = Path(f"/proc/{spinning}/limits").read_text().splitlines()
    limits = {line[:26].strip(): line[26:].split()[:2] for line in lines[1:]}
    for name in ("Max core file size", "Max file size", "Max processes", "Max locked memory", "Max msgqueue size"):
        assert limits[name] == ["0", "0"], name
    assert limits["Max open files"] == ["5", "5"]


def test_another_session_so_that_no_terminal_reaches_it(spinning: int) -> None:
    assert os.getsid(spinning) != os.getsid(0)


def test_no_urgency_even_if_its_host_has_some() -> None:
    """A loop without end, ahead of everything else on its processor, would keep its host from ending it."""
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    urgent = os.sched_param(os.sched_get_priority_min(os.SCHED_FIFO))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", POLICY_OF_CELLS]
    with suppress(PermissionError):  # then no host has any
        os.sched_setscheduler(0, os.SCHED_FIFO, urgent)
    try:
        told = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    finally:
        os.sched_setscheduler(0, *before)
    assert set(told.split()) == {str(os.SCHED_OTHER)}
