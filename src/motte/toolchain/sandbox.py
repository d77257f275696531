"""Runs one program on hostile input in a child process that can do little else.

The child has limits on CPU time, memory, file sizes and descriptors, its own session, dies with us,
gains no privileges, and (where the kernel has Landlock and seccomp) opens only the files it was given
and cannot make sockets, trace, mount or reach other processes.  Whatever happens to it, the caller gets
a :class:`ChildResult`: a crash or a hang of a compiler is a value here, never ours.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from motte.toolchain import limited_child
from motte.toolchain.exchange import PROGRESS_DESCRIPTOR_VARIABLE, Exchange

MAX_FILE_BYTES: Final = 1 << 30
MAX_OPEN_FILES: Final = 256

__all__ = ["PROGRESS_DESCRIPTOR_VARIABLE", "ChildResult", "SandboxFeatures", "launch_child", "sandbox_features"]

_SYSTEM_READABLE: Final = ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/dev/null", "/dev/urandom", "/proc/cpuinfo")
_LOADERS: Final = ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1")


@dataclass(frozen=True, slots=True)
class ChildResult:
    """How a child ended.  ``limit`` names the limit that ended it, if one did."""

    returncode: int
    """Its exit status, or the negative number of the signal that ended it."""
    stdout: bytes
    stderr: bytes
    limit: str | None

    def describe(self) -> str:
        """Why it ended, in words: ``ran out of time (2 s)``, ``was ended by SIGSEGV``, ``exited with status 1``."""
        if self.limit:
            return self.limit
        if self.returncode < 0:
            return f"was ended by {signal.Signals(-self.returncode).name}"
        return f"exited with status {self.returncode}"


@dataclass(frozen=True, slots=True)
class SandboxFeatures:
    """What this kernel offers for limiting children."""

    landlock_abi: int
    """Version of Landlock (limits on files); 0 where there is none."""
    seccomp: bool
    """Whether system calls can be filtered."""

    def missing(self) -> list[str]:
        """What the kernel lacks, and what follows from that, as sentences for people."""
        notes = []
        if not self.landlock_abi:
            notes.append("No Landlock: a compiled source can include any file that you can read.")
        if not self.seccomp:
            notes.append("No seccomp filters: a compromised compiler process could open network connections.")
        return notes


@cache
def sandbox_features() -> SandboxFeatures:
    """Probe the kernel, once a process, without restricting ourselves."""
    actions = Path("/proc/sys/kernel/seccomp/actions_avail")
    return SandboxFeatures(landlock_abi=limited_child.landlock_abi(), seccomp=actions.exists())


def launch_child(
    argv: Sequence[str | os.PathLike[str]],
    *,
    readable: Sequence[Path] = (),
    writable: Sequence[Path] = (),
    cpu_seconds: float,
    memory_bytes: int,
    wall_seconds: float,
    input: bytes | None = None,
    progress: Callable[[str], None] | None = None,
    directory: Path | None = None,
) -> ChildResult:
    """Run ``argv`` to its end under limits; never raises for what the child does.

    ``readable`` and ``writable`` are the files and directory trees that it may open, besides the
    system's libraries and ``argv[0]`` itself; a child that runs this Python reads its installation too.
    It starts in ``directory`` (default: ours).  ``wall_seconds`` bounds the whole call.  ``progress`` is
    called, in this thread, with each line that the child writes to the descriptor named by
    ``MOTTE_PROGRESS_FD``.  If an exception (Ctrl-C) leaves this function, the child is dead.
    """
    arguments = [os.fspath(argument) for argument in argv]
    python = _python_directories() if arguments[0] == sys.executable else []
    policy = {
        "parent": os.getpid(),
        "readable": [*_SYSTEM_READABLE, *python, *map(os.fspath, readable)],
        "writable": [os.fspath(path) for path in writable],
        "executable": [arguments[0], *_LOADERS],
        "cpu_seconds": max(1, round(cpu_seconds)),
        "memory_bytes": memory_bytes,
        "file_bytes": MAX_FILE_BYTES,
        "open_files": MAX_OPEN_FILES,
    }
    launcher = [sys.executable, "-I", "-S", "-B", limited_child.__file__, json.dumps(policy), "--", *arguments]
    with Exchange(launcher, input, progress, directory) as exchange:
        timed_out = not exchange.run_until(time.monotonic() + wall_seconds)
    limit = _limit_name(exchange.returncode, timed_out, cpu_seconds, wall_seconds)
    return ChildResult(exchange.returncode, bytes(exchange.stdout), bytes(exchange.stderr), limit)


@cache
def _python_directories() -> list[str]:
    """The interpreter's own files and the packages installed with it."""
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    return sorted({*prefixes, os.path.realpath(sys.executable)})


def _limit_name(returncode: int, timed_out: bool, cpu_seconds: float, wall_seconds: float) -> str | None:
    if timed_out:
        return f"took longer than {wall_seconds:g} s"
    if returncode == -signal.SIGXCPU:
        return f"used more than {cpu_seconds:g} s of CPU time"
    if returncode == -signal.SIGXFSZ:
        return f"wrote a file larger than {MAX_FILE_BYTES >> 20} MiB"
    return None
