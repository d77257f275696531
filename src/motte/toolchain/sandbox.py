"""Runs one program on hostile input in a child process that can do little else.

The child has limits on CPU time, memory, file sizes and descriptors, its own session, dies with us,
gains no privileges, and (where the kernel has Landlock and seccomp) opens only the files it was given
and cannot make sockets, trace, mount or reach other processes.  Whatever happens to it, the caller gets
a :class:`ChildResult`: a crash or a hang of a compiler is a value here, never ours.
"""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Final

from motte.toolchain import limited_child

PROGRESS_DESCRIPTOR_VARIABLE: Final = "MOTTE_PROGRESS_FD"
"""Environment variable that names the descriptor on which a child writes progress, one line each."""

MAX_OUTPUT_BYTES: Final = 1 << 30
MAX_MESSAGE_BYTES: Final = 1 << 22
MAX_FILE_BYTES: Final = 1 << 30
MAX_OPEN_FILES: Final = 256

_CHUNK: Final = 1 << 16
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
    system's libraries, this Python, and ``argv[0]`` itself.  ``wall_seconds`` bounds the whole call.
    The child starts in ``directory`` (default: ours).
    ``progress`` is called, in this thread, with each line that the child writes to the descriptor
    named by ``MOTTE_PROGRESS_FD``.  If an exception (Ctrl-C) leaves this function, the child is dead.
    """
    arguments = [os.fspath(argument) for argument in argv]
    policy = {
        "parent": os.getpid(),
        "readable": [*_SYSTEM_READABLE, *_python_directories(), *map(os.fspath, readable)],
        "writable": [os.fspath(path) for path in writable],
        "executable": [arguments[0], *_LOADERS],
        "cpu_seconds": max(1, round(cpu_seconds)),
        "memory_bytes": memory_bytes,
        "file_bytes": MAX_FILE_BYTES,
        "open_files": MAX_OPEN_FILES,
    }
    launcher = [sys.executable, "-I", "-S", "-B", limited_child.__file__, json.dumps(policy), "--", *arguments]
    with _Exchange(launcher, input, progress, directory) as exchange:
        timed_out = not exchange.run_until(time.monotonic() + wall_seconds)
    return exchange.result(_limit_name(exchange.returncode, timed_out, cpu_seconds, wall_seconds))


@cache
def _python_directories() -> list[str]:
    """The interpreter's own files and what it may import."""
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix, os.path.realpath(sys.executable)}
    return sorted(prefixes | {entry for entry in sys.path if entry})


def _limit_name(returncode: int, timed_out: bool, cpu_seconds: float, wall_seconds: float) -> str | None:
    if timed_out:
        return f"took longer than {wall_seconds:g} s"
    if returncode == -signal.SIGXCPU:
        return f"used more than {cpu_seconds:g} s of CPU time"
    if returncode == -signal.SIGXFSZ:
        return f"wrote a file larger than {MAX_FILE_BYTES >> 20} MiB"
    return None


class _Exchange:
    """A running child and its pipes; leaving the context kills what still runs."""

    def __init__(
        self, argv: list[str], data: bytes | None, progress: Callable[[str], None] | None, directory: Path | None
    ) -> None:
        self._progress = progress
        self._unsent = memoryview(data or b"")
        self._line = b""
        self._selector = selectors.DefaultSelector()
        read_end, write_end = os.pipe()
        self._progress_pipe: IO[bytes] = os.fdopen(read_end, "rb", buffering=0)
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", PROGRESS_DESCRIPTOR_VARIABLE: str(write_end)}
        try:
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE if data else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                cwd=directory,
                pass_fds=(write_end,),
                start_new_session=True,
            )
        except BaseException:
            self._progress_pipe.close()
            raise
        finally:
            os.close(write_end)
        self._stdout, self._stderr = bytearray(), bytearray()

    @property
    def returncode(self) -> int:
        return int(self._process.returncode)

    def __enter__(self) -> "_Exchange":
        return self

    def __exit__(self, *_: object) -> None:
        """The whole session dies: a child may have children."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._selector.close()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr, self._progress_pipe):
            if pipe:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def run_until(self, deadline: float) -> bool:
        """Feed and drain the child until it closed all pipes and ended; False if the deadline came first."""
        assert self._process.stdout and self._process.stderr
        for pipe, action in (
            (self._process.stdout, self._receive_output),
            (self._process.stderr, self._receive_message),
            (self._progress_pipe, self._receive_progress),
        ):
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, selectors.EVENT_READ, action)
        if self._process.stdin:
            os.set_blocking(self._process.stdin.fileno(), False)
            self._selector.register(self._process.stdin, selectors.EVENT_WRITE, self._send)
        while self._selector.get_map():
            ready = self._selector.select(max(0.0, deadline - time.monotonic()))
            if not ready and time.monotonic() >= deadline:
                return False
            for key, _ in ready:
                key.data(key.fileobj)
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return False
        return True

    def _send(self, pipe: IO[bytes]) -> None:
        try:
            self._unsent = self._unsent[os.write(pipe.fileno(), self._unsent[:_CHUNK]) :]
        except BrokenPipeError:
            self._unsent = memoryview(b"")
        if not self._unsent:
            self._close(pipe)

    def _close(self, pipe: IO[bytes]) -> None:
        self._selector.unregister(pipe)
        with contextlib.suppress(BrokenPipeError):
            pipe.close()

    def _receive(self, pipe: IO[bytes]) -> bytes:
        data = os.read(pipe.fileno(), _CHUNK)
        if not data:
            self._close(pipe)
        return data

    def _receive_output(self, pipe: IO[bytes]) -> None:
        """Output beyond the limit ends the child."""
        self._stdout += self._receive(pipe)
        if len(self._stdout) > MAX_OUTPUT_BYTES:
            self._process.kill()
            self._close(pipe)

    def _receive_message(self, pipe: IO[bytes]) -> None:
        """Messages beyond the limit are dropped."""
        self._stderr += self._receive(pipe)[: max(0, MAX_MESSAGE_BYTES - len(self._stderr))]

    def _receive_progress(self, pipe: IO[bytes]) -> None:
        lines = (self._line + self._receive(pipe)).split(b"\n")
        self._line = lines.pop()[:_CHUNK]
        if self._progress:
            for line in lines:
                self._progress(line.decode("utf-8", "replace"))

    def result(self, limit: str | None) -> ChildResult:
        return ChildResult(self.returncode, bytes(self._stdout), bytes(self._stderr), limit)
