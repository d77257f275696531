"""The host's ends of a process's pipes, in event loops: like asyncio's own, without a thread or a descriptor each.

An event loop watches one descriptor for all of its pipes and messages (:mod:`motte.awaiting`); a pipe that is waited
for costs it one small object.
"""

import asyncio
from collections.abc import Awaitable, Generator
from contextlib import suppress
from typing import TYPE_CHECKING

from motte.awaiting import wait_for
from motte.pipes import CHUNK, Incoming, Outgoing, Wanted, anything, at_least, everything, through

if TYPE_CHECKING:
    from motte.core import Pipe


async def _until_ready(pipe: "Pipe") -> None:
    await wait_for(pipe.watch, None)


class AsyncReader:
    """What a process writes, read in an event loop as it comes: ``async for line in process.stdout``.

        async with machine.spawn(program, ["3"], stdout=motte.PIPE) as process:
            async for line in process.stdout:
                print(line)

    The methods are those of ``asyncio.StreamReader``.  A cancelled one has taken nothing.  A line may be as long as
    the output limit lets it be.
    """

    def __init__(self, incoming: Incoming) -> None:
        """For the package."""
        self._incoming = incoming

    @property
    def incoming(self) -> Incoming:
        """For the package: what it shares with the file object."""
        return self._incoming

    async def read(self, n: int = -1) -> bytes:
        """At most ``n`` bytes, as soon as there are any; everything if ``n`` is less than 0; ``b""`` at the end."""
        return await self._take(everything if n < 0 else anything(n))

    async def readline(self) -> bytes:
        """A line with its newline, which only the last one may lack; ``b""`` at the end."""
        return await self._take(through(b"\n"))

    async def readuntil(self, separator: bytes = b"\n") -> bytes:
        """Up to and with ``separator``.  Raises ``asyncio.IncompleteReadError`` if the end comes first."""
        if not separator:
            raise ValueError("the separator is empty")
        return await self._take_all(through(separator), None)

    async def readexactly(self, n: int) -> bytes:
        """``n`` bytes.  Raises ``asyncio.IncompleteReadError`` if the end comes first."""
        if n < 0:
            raise ValueError(f"{n} bytes cannot be read")
        return await self._take_all(at_least(n), n)

    def at_eof(self) -> bool:
        """Whether the end has come, and everything was read."""
        return self._incoming.has_ended and not self._incoming.buffer

    def close(self) -> None:
        """Read no more: whoever still writes fails."""
        self._incoming.discard()

    def __aiter__(self) -> "AsyncReader":
        """Its lines."""
        return self

    async def __anext__(self) -> bytes:
        """The next line."""
        line = await self.readline()
        if not line:
            raise StopAsyncIteration
        return line

    async def _take(self, wanted: Wanted) -> bytes:
        for _ in self._incoming.until(wanted):
            await _until_ready(self._incoming.pipe)
        return self._incoming.take(wanted(self._incoming))

    async def _take_all(self, wanted: Wanted, expected: int | None) -> bytes:
        for _ in self._incoming.until(wanted):
            await _until_ready(self._incoming.pipe)
        size = wanted(self._incoming)
        if size is None:
            raise asyncio.IncompleteReadError(self._incoming.take(None), expected)
        return self._incoming.take(size)


class AsyncWriter:
    """What a process reads, written in an event loop.

        async with machine.spawn(program, ["0"], stdin=motte.PIPE) as process:
            await process.stdin.write(b"a line of input")
            process.stdin.close()

    ``await writer.write(data)`` waits until the pipe has taken all of it; without ``await`` it goes on by itself, as
    with ``asyncio.StreamWriter``, and ``await writer.drain()`` waits for all of that.  ``close()`` is the end of the
    process's input, after what was written.  Raises ``BrokenPipeError`` once nobody reads any more.
    """

    def __init__(self, outgoing: Outgoing) -> None:
        """For the package."""
        self._outgoing = outgoing
        self._flushing: asyncio.Task[None] | None = None

    @property
    def outgoing(self) -> Outgoing:
        """For the package: what it shares with the file object."""
        return self._outgoing

    def write(self, data: "bytes | bytearray | memoryview") -> Awaitable[None]:
        """Write all of it."""
        if self._outgoing.closes:
            raise ValueError("write to a closed stream")
        outgoing, rest = self._outgoing, memoryview(data).cast("B")
        while rest and not outgoing.buffer:
            written = outgoing.pipe.write(rest[:CHUNK])
            rest = rest[written:]
            if not written:
                outgoing.buffer += rest
                break
        else:
            outgoing.buffer += rest
        self._go_on()
        return _Drained(self)

    async def drain(self) -> None:
        """Wait until everything that was written has entered the pipe."""
        while not self._outgoing.push():
            await _until_ready(self._outgoing.pipe)

    def close(self) -> Awaitable[None]:
        """No more comes, after what was written; harmless when repeated."""
        if not self._outgoing.closes:
            self._outgoing.closes = True
            with suppress(BrokenPipeError):
                self._outgoing.push()
            self._go_on()
        return _Drained(self)

    async def wait_closed(self) -> None:
        """Wait until what was written before ``close()`` has entered the pipe, or nobody reads it any more."""
        with suppress(BrokenPipeError):
            await self.drain()

    def _go_on(self) -> None:
        if self._outgoing.buffer and self._flushing is None:
            self._flushing = asyncio.get_running_loop().create_task(self._flush())

    async def _flush(self) -> None:
        try:
            with suppress(BrokenPipeError):  # whoever writes or waits next learns of it
                await self.drain()
        finally:
            self._flushing = None


class _Drained:
    """What a write answers: awaited or not."""

    def __init__(self, writer: AsyncWriter) -> None:
        self._writer = writer

    def __await__(self) -> Generator[object, None, None]:
        return self._writer.drain().__await__()
