"""All streams of a process at once, on one thread: write the input, and read outputs and errors as they come.

One after the other would not do: a process that waits for somebody to read its errors does not read its input.
"""

import asyncio
import select
from collections.abc import Iterator
from contextlib import suppress
from time import monotonic_ns
from typing import TYPE_CHECKING

from motte.awaiting import wait_for
from motte.core import Completions
from motte.errors import Timeout
from motte.pipes import Incoming, Outgoing

if TYPE_CHECKING:
    from motte.core import Pipe
    from motte.process import Process

Data = bytes | bytearray | memoryview


def communicate(process: "Process", data: Data | None, timeout_ns: int | None) -> tuple[bytes | None, bytes | None]:
    """See :meth:`motte.Process.communicate`."""
    end_ns = None if timeout_ns is None else monotonic_ns() + timeout_ns

    def left_ns() -> int | None:
        return None if end_ns is None else max(end_ns - monotonic_ns(), 0)

    completions = Completions()
    poll = select.poll()
    poll.register(completions.fileno(), select.POLLIN)
    for pending in _exchange(process, data):
        watches = [pipe.watch(completions) for pipe in pending]
        left = left_ns()
        is_ready = any(watch.is_over for watch in watches) or poll.poll(None if left is None else left / 1e6)
        for watch in watches:
            watch.cancel()
        completions.take()
        if not is_ready:
            raise Timeout(f"{process.program.name} still runs after {(timeout_ns or 0) / 1e9} s")
    left = left_ns()
    process.wait(None if left is None else left / 1e9)
    return _outputs(process)


async def communicate_async(process: "Process", data: Data | None) -> tuple[bytes | None, bytes | None]:
    """See :meth:`motte.Process.communicate_async`."""
    for pending in _exchange(process, data):
        waits = [asyncio.ensure_future(wait_for(pipe.watch, None)) for pipe in pending]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
    await process
    return _outputs(process)


def _exchange(process: "Process", data: Data | None) -> "Iterator[list[Pipe]]":
    """Write and read what can be, and tell which pipes are to be waited for, until there is nothing more."""
    outgoing, *ends = process.pipe_ends()
    incoming = [end for end in ends if end is not None]
    if outgoing is None and data is not None:
        raise ValueError("input: stdin is not a pipe: spawn with PIPE")
    if outgoing is not None:
        outgoing.buffer += data or b""
        outgoing.closes = True
    while pending := [*_unwritten(outgoing), *(end.pipe for end in incoming if not _is_read(end))]:
        yield pending


def _unwritten(outgoing: Outgoing | None) -> "list[Pipe]":
    if outgoing is not None:
        with suppress(BrokenPipeError):  # it wants no more of its input
            if not outgoing.push():
                return [outgoing.pipe]
    return []


def _is_read(incoming: Incoming) -> bool:
    while not incoming.has_ended and incoming.fill():
        pass
    return incoming.has_ended


def _outputs(process: "Process") -> tuple[bytes | None, bytes | None]:
    def output(stream: int, end: Incoming | None) -> bytes | None:
        return process.captured_if_any(stream) if end is None else end.take(None)

    _, out, errors = process.pipe_ends()
    return output(1, out), output(2, errors)
