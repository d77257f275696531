"""How cells come and end: with their host, without a trace, and however their host ends them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable

from cells.probes import EXITED, Probed, gate, probe
from cells.processes import NAME, cells, descriptors, one_that_spins, status, wait_for_end, warden
from core.snippets import MILLISECOND

HOST = """
import threading
import time
from cells.probes import probe
from cells.processes import one_that_spins, cells, warden
import os
with one_that_spins(wait_ns=100_000_000_000):
    print(warden(os.getpid()), *cells(warden(os.getpid())), flush=True)
"""


READY = 4
"""So many cells are made ahead."""
SOCKET = 3


def comes_true(condition: Callable[[], bool]) -> bool:
    """Whether it does, while the core tidies up in a thread of its own."""
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.001)
    return condition()


def host_of_a_spinning_cell() -> tuple[subprocess.Popen[str], list[int]]:
    """Another host, and its warden and cells, of which one spins."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    host = subprocess.Popen([sys.executable, "-c", HOST], stdout=subprocess.PIPE, text=True, env=environment)
    assert host.stdout
    return host, [int(pid) for pid in host.stdout.readline().split()]


def test_cells_end_with_a_host_that_is_killed() -> None:
    host, processes = host_of_a_spinning_cell()
    assert len(processes) > 2
    assert {status(pid)["Name"] for pid in processes} == {NAME}
    host.kill()
    assert host.wait() == -signal.SIGKILL
    assert wait_for_end(processes)


def test_a_warden_that_dies_takes_its_cells_with_it_and_is_replaced() -> None:
    assert probe("nop").came_to_its_end()
    before = warden(os.getpid())
    theirs = list(cells(before))
    os.kill(before, signal.SIGKILL)
    assert wait_for_end(theirs)
    assert probe("nop").came_to_its_end()
    assert warden(os.getpid()) not in {0, before}


def test_a_wait_for_a_cell_ends_when_it_dies() -> None:
    with one_that_spins(wait_ns=60_000 * MILLISECOND) as pid:
        os.kill(pid, signal.SIGKILL)


def _probe_and_kill(results: list[Probed]) -> None:
    for _ in range(25):
        results.append(probe(gate(3) + "again:\njmp again\n", calls=1, wait_ns=1 * MILLISECOND))


def test_storms_leave_no_zombies_and_no_descriptors() -> None:
    probe("nop")
    assert comes_true(lambda: len(cells(warden(os.getpid()))) == READY)
    before = len(descriptors(os.getpid()))
    results: list[Probed] = []
    threads = [threading.Thread(target=_probe_and_kill, args=(results,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 100
    assert comes_true(
        lambda: len(cells(warden(os.getpid()))) == READY and "Z" not in cells(warden(os.getpid())).values()
    )
    assert comes_true(lambda: len(descriptors(os.getpid())) == before)
    assert descriptors(warden(os.getpid())) == {SOCKET}


def test_a_child_of_fork_has_cells_of_its_own_and_none_of_its_parents() -> None:
    probe("nop")
    parents = warden(os.getpid())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        succeeded = False
        try:
            succeeded = probe("nop").came_to_its_end() and warden(os.getpid()) not in {0, parents}
        finally:
            os._exit(0 if succeeded else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert warden(os.getpid()) == parents
    assert probe("nop").came_to_its_end()


def test_a_cell_that_ends_itself_is_told_with_its_status() -> None:
    assert probe("movl $231, %eax\nmovl $9, %edi\nsyscall\n").end == (EXITED, 9)
