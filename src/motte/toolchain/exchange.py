"""A running child and its pipes: input fed, output drained, progress passed on, all until one deadline."""

import contextlib
import os
import select
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

from motte.toolchain.oversight import present_oversight

PROGRESS_DESCRIPTOR_VARIABLE: Final = "MOTTE_PROGRESS_FD"
"""Environment variable that names the descriptor on which a child writes progress, one line each."""

MAX_OUTPUT_BYTES: Final = 1 << 30
MAX_MESSAGE_BYTES: Final = 1 << 22

_CHUNK: Final = 1 << 16


class Exchange:
    """A child from its start; leaving the context kills what still runs of it and its own children."""

    def __init__(
        self, argv: list[str], data: bytes | None, progress: Callable[[str], None] | None, directory: Path | None
    ) -> None:
        """Start ``argv`` in ``directory`` (default: ours), with an environment of ours."""
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
        self.stdout, self.stderr = bytearray(), bytearray()
        self._oversight = present_oversight()

    @property
    def returncode(self) -> int:
        """As of :class:`subprocess.Popen`; known once the context is left."""
        return int(self._process.returncode)

    def __enter__(self) -> "Exchange":
        """The exchange itself.  Raises ``Closed`` if its result is not wanted any more."""
        try:
            self._oversight.started(self._kill)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """The whole session dies: a child may have children."""
        self._kill()
        os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)  # not reaped: its number stays its own
        self._oversight.ended(self._kill, self._used_ns())
        self._process.wait()
        self._selector.close()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr, self._progress_pipe):
            if pipe:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _used_ns(self) -> int:
        """Processor time of the child, which has ended, and of those of its children that it waited for."""
        status = Path(f"/proc/{self._process.pid}/stat").read_text()
        ticks = sum(map(int, status.rpartition(")")[2].split()[11:15]))
        return ticks * 10**9 // os.sysconf("SC_CLK_TCK")

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
        return self._has_ended(deadline)

    def _has_ended(self, deadline: float) -> bool:
        """Waits for the end without reaping: until the session is killed, its number must not become another's."""
        with os.fdopen(os.pidfd_open(self._process.pid), "rb", buffering=0) as ended:
            return bool(select.select([ended], [], [], max(0.0, deadline - time.monotonic()))[0])

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
        self.stdout += self._receive(pipe)
        if len(self.stdout) > MAX_OUTPUT_BYTES:
            self._process.kill()
            self._close(pipe)

    def _receive_message(self, pipe: IO[bytes]) -> None:
        """Messages beyond the limit are dropped."""
        self.stderr += self._receive(pipe)[: max(0, MAX_MESSAGE_BYTES - len(self.stderr))]

    def _receive_progress(self, pipe: IO[bytes]) -> None:
        lines = (self._line + self._receive(pipe)).split(b"\n")
        self._line = lines.pop()[:_CHUNK]
        if self._progress:
            for line in lines:
                self._progress(line.decode("utf-8", "replace"))
