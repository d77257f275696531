"""Cells as the operating system sees them, from the host."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cells.probes import Probed, probe
from core.snippets import MILLISECOND

NAME = "motte-cell"


def status(pid: int) -> dict[str, str]:
    """What the kernel says of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _processes() -> Iterator[tuple[int, dict[str, str]]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(FileNotFoundError, ProcessLookupError):
                yield int(entry.name), status(int(entry.name))


def warden(host: int) -> int:
    """The warden of a host; 0: it has none."""
    wardens = [pid for pid, fields in _processes() if fields["Name"] == NAME and fields["PPid"] == str(host)]
    assert len(wardens) < 2
    return wardens[0] if wardens else 0


def cells(warden: int) -> dict[int, str]:
    """Its cells, and the state of each: "Z" is dead, and not forgotten."""
    return {pid: fields["State"][0] for pid, fields in _processes() if fields["PPid"] == str(warden)}


def descriptors(pid: int) -> set[int]:
    """Its open descriptors."""
    return {int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir()}


def wait_for_end(pids: list[int], seconds: float = 20) -> bool:
    """Whether all of these processes end."""
    files = []
    for pid in pids:
        with suppress(ProcessLookupError):
            files.append(os.pidfd_open(pid))
    try:
        return all(select.select([file], [], [], seconds)[0] for file in files)
    finally:
        for file in files:
            os.close(file)


@contextmanager
def one_that_spins(wait_ns: int = 300 * MILLISECOND) -> Iterator[int]:
    """A cell with a job, in an endless loop; it is asked for its turn after that time."""
    done: list[Probed] = []
    others = {pid for pid in cells(warden(os.getpid())) if _has_job(pid)}
    thread = threading.Thread(target=lambda: done.append(probe("again:\njmp again\n", wait_ns=wait_ns)))
    thread.start()
    try:
        found: list[int] = []
        while not found and thread.is_alive():
            found = [pid for pid in cells(warden(os.getpid())) if _has_job(pid) and pid not in others]
        yield found[0]
    finally:
        thread.join()
    assert done[0].pid == found[0]


def _has_job(pid: int) -> bool:
    try:
        return status(pid).get("Seccomp") == "2"
    except (FileNotFoundError, ProcessLookupError):
        return False
