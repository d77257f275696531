"""A process's standard streams, as users hold them.

What ``process.stdout`` is depends on what the process was made with: the bytes that it wrote, once it has ended
(``CAPTURE``); or a file to read from while it runs (``PIPE``).  That file's methods wait; inside a running event loop
they would hold up the loop, so there it is one whose methods are awaited.  Both are ends of the same stream.
"""

import sys
from typing import TYPE_CHECKING, Any, cast

from motte.errors import BadState
from motte.held_process import HeldProcess
from motte.pipes import Incoming, Outgoing, Reader, Writer
from motte.quantities import Duration, duration_ns

if TYPE_CHECKING:
    from motte.exit import Exit
    from motte.process import Process

_NAMES = ("stdin", "stdout", "stderr")


def _in_event_loop() -> bool:
    """Whether the calling thread runs one; who has not imported asyncio does not."""
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and asyncio._get_running_loop() is not None


class Streaming(HeldProcess):
    """A process, as something that is written to and read from."""

    @property
    def stdin(self) -> Any:
        """For ``PIPE``: a :class:`motte.Writer`, or inside a running event loop a :class:`motte.AsyncWriter`.

        Raises ``BadState`` if it was spawned with something else.
        """
        outgoing = self._streams.outgoing()
        if outgoing is None:
            raise BadState("stdin is not a pipe: spawn with PIPE")
        return _writer(outgoing)

    @property
    def stdout(self) -> Any:
        """For ``CAPTURE``: the bytes that it wrote to standard output.

        For ``PIPE``: a :class:`motte.Reader`, or inside a running event loop a :class:`motte.AsyncReader`.  Raises
        ``BadState`` for ``CAPTURE`` while it runs, and if it was spawned with something else.
        """
        return self._output(1)

    @property
    def stderr(self) -> Any:
        """The same for standard error."""
        return self._output(2)

    def communicate(
        self,
        input: "bytes | bytearray | memoryview | None" = None,
        timeout: Duration = None,
    ) -> tuple[bytes | None, bytes | None]:
        """Write ``input``, close standard input, read all output, and wait for the end: output and errors.

        ``None`` stands for a stream that is neither ``PIPE`` nor ``CAPTURE``.  A process that reads only the beginning
        of its input is no error.  Raises ``Timeout`` as :meth:`wait`; then nothing is lost, and it may be called again,
        without ``input``.
        """
        from motte.communication import communicate

        return communicate(cast("Process", self), input, None if timeout is None else duration_ns(timeout, "timeout"))

    async def communicate_async(
        self,
        input: "bytes | bytearray | memoryview | None" = None,
    ) -> tuple[bytes | None, bytes | None]:
        """The same in an event loop.  Cancelling it leaves the process running, and loses nothing."""
        from motte.communication import communicate_async

        return await communicate_async(cast("Process", self), input)

    # --- for the package ---------------------------------------------------------------------------------------------

    def pipe_ends(self) -> tuple[Outgoing | None, Incoming | None, Incoming | None]:
        """The host's ends of its streams, where they are pipes."""
        return self._streams.outgoing(), self._streams.incoming(1), self._streams.incoming(2)

    def captured_if_any(self, stream: int) -> bytes | None:
        """What was captured from a stream, if it is; when it has ended."""
        return self._streams.captured(stream)

    def exit_if_ended(self) -> "Exit | None":
        """How it ended, if it has.  Raises ``Closed``."""
        if end := self._kept_end():
            return end
        with self._lifetime as core:
            return self._end(core) if core.wait(0) else None

    def _output(self, stream: int) -> bytes | object:
        incoming = self._streams.incoming(stream)
        if incoming is not None:
            return _reader(incoming)
        if self.exit_if_ended() is None:
            raise BadState(f"{self.program.name} still runs: wait() for its output")
        output = self._streams.captured(stream)
        if output is None:
            raise BadState(f"{_NAMES[stream]} is not captured: spawn with CAPTURE")
        return output


def _reader(incoming: Incoming) -> object:
    if not _in_event_loop():
        return incoming.face(Reader)
    from motte.async_pipes import AsyncReader

    return incoming.face(AsyncReader)


def _writer(outgoing: Outgoing) -> object:
    if not _in_event_loop():
        return outgoing.face(Writer)
    from motte.async_pipes import AsyncWriter

    return outgoing.face(AsyncWriter)
