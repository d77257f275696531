"""Events as they happen: a trace that is read while it grows, by a loop or by an event loop.

The problem: to learn of each event at once would wake a thread of the host for every switch of a guest, and cost the
machine more than the guests do.

The answer: whoever waits is woken by the first event after it has found none, waits a moment longer, and takes what has
come meanwhile together.  A machine on which nothing happens wakes nobody.
"""

import asyncio
import os
import select
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from motte.errors import Closed
from motte.trace import Trace, TraceRecord

if TYPE_CHECKING:
    from types import TracebackType

MOMENT: Final = 0.005
"""Seconds that pass between an event and the look at it, at most one look in each."""


class _Descriptor:
    """A duplicate, so that it stays what it is for as long as anybody may wait for it."""

    def __init__(self, descriptor: int) -> None:
        self.number = os.dup(descriptor)

    def __del__(self) -> None:
        os.close(self.number)


class TraceEvents:
    """The events of a machine from now on, for ``for`` and ``async for``; made by :meth:`motte.Machine.events`.

        with machine.events() as events:
            machine.run(program)
            print(next(iter(events)))

    Iteration waits for what happens next, and ends when this or the machine is closed.  Several threads may iterate:
    each event is given to one of them.  As a context manager it is closed on leaving.
    """

    def __init__(self, trace: Trace) -> None:
        """Takes over the trace."""
        self._trace = trace
        self._wake = _Descriptor(trace.fileno())
        self._lock = threading.Lock()  # guards the next one
        self._taken: deque[TraceRecord] = deque()
        self._closed = False

    @property
    def lost(self) -> int:
        """How many events have found no room, in all: the reader was too slow.  Raises ``Closed``."""
        return self._trace.lost

    def take(self) -> list[TraceRecord]:
        """What has happened since the last call, without waiting.  Raises ``Closed``."""
        with self._lock:
            records = [*self._taken, *self._trace.take()]
            self._taken.clear()
            return records

    def __iter__(self) -> Iterator[TraceRecord]:
        """The events, one after the other."""
        return self

    def __next__(self) -> TraceRecord:
        """The next event, as soon as there is one; ``StopIteration`` once it is closed."""
        while True:
            record = self._next_taken()
            if record is not None:
                return record
            if not self._is_there_more():
                raise StopIteration
            waiting = select.poll()
            waiting.register(self._wake.number, select.POLLIN)
            waiting.poll()
            time.sleep(MOMENT)

    def __aiter__(self) -> AsyncIterator[TraceRecord]:
        """The events, one after the other."""
        return self

    async def __anext__(self) -> TraceRecord:
        """The next event, without holding up the loop; ``StopAsyncIteration`` once it is closed."""
        while True:
            record = self._next_taken()
            if record is not None:
                return record
            if not self._is_there_more():
                raise StopAsyncIteration
            await _readable(self._wake.number)
            await asyncio.sleep(MOMENT)

    def close(self) -> None:
        """End it: whoever iterates has the events so far, and then comes to an end; harmless when repeated."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            with suppress(Closed):
                self._taken += self._trace.take()
        self._trace.close()
        os.eventfd_write(self._wake.number, 1)

    def __enter__(self) -> "TraceEvents":
        """The events themselves."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: "TracebackType | None"
    ) -> None:
        """Close."""
        self.close()

    def _next_taken(self) -> TraceRecord | None:
        with self._lock:
            if not self._taken:
                with suppress(Closed):
                    self._taken += self._trace.take()
            return self._taken.popleft() if self._taken else None

    def _is_there_more(self) -> bool:
        """Whether it is worth waiting; the descriptor tells for how long."""
        with self._lock:
            if self._closed:
                return False
            with suppress(Closed):
                self._trace.await_records()
                return True
            return False


async def _readable(descriptor: int) -> None:
    """Wait until it is; an event loop knows one reader of each descriptor, so each wait has a descriptor of its own."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    own = _Descriptor(descriptor)
    loop.add_reader(own.number, told.set)
    try:
        await told.wait()
    finally:
        loop.remove_reader(own.number)
