"""Waiting in event loops for what the core does, without a thread for each that waits.

The problem: an operation of the core's is over at some moment, on some thread of the core's that knows nothing of
Python. A thread for each one that waits is too much; one for all of them would wake two threads for each message.

The answer: each loop has one descriptor that the core makes readable when waits of this loop are over
(``Completions``). The loop looks at it like at any socket, as long as anybody waits.  A wait that is cancelled takes
nothing with it: what had come for it goes back to where it came from.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakKeyDictionary

from motte.core import Completions
from motte.errors import Timeout
from motte.quantities import Duration, duration_ns

if TYPE_CHECKING:
    from motte.core._core import Waiting

Result = TypeVar("Result")


class LoopWaits:
    """Of one event loop; used on its thread only."""

    def __init__(self) -> None:
        """Nobody waits yet."""
        self._completions = Completions()
        self._futures: dict[Waiting[object], asyncio.Future[None]] = {}

    async def wait(self, loop: asyncio.AbstractEventLoop, begin: "Callable[[Completions], Waiting[Result]]") -> Result:
        """What comes of an operation."""
        waiting = begin(self._completions)
        if waiting.is_over:
            return waiting.result()
        if not self._futures:
            loop.add_reader(self._completions.fileno(), self._tell)
        future = self._futures[waiting] = loop.create_future()
        try:
            await future
        except BaseException:  # cancelled, perhaps after it was over
            waiting.cancel()
            raise
        finally:
            del self._futures[waiting]
            if not self._futures and not loop.is_closed():
                loop.remove_reader(self._completions.fileno())
        return waiting.result()

    def _tell(self) -> None:
        for waiting in self._completions.take():
            future = self._futures.get(waiting)
            if future and not future.done():
                future.set_result(None)


_of_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, LoopWaits] = WeakKeyDictionary()


async def wait_for(begin: "Callable[[Completions], Waiting[Result]]", timeout: Duration) -> Result:
    """What comes of an operation.  Raises ``Timeout``, too; who does not want to wait at all needs no loop."""
    loop = asyncio.get_running_loop()
    waits = _of_loop.get(loop)
    if waits is None:
        waits = _of_loop[loop] = LoopWaits()
    limit = duration_ns(timeout, "timeout")
    if limit is None:
        return await waits.wait(loop, begin)
    try:
        async with asyncio.timeout(limit / 1e9):
            return await waits.wait(loop, begin)
    except TimeoutError as late:
        if isinstance(late, Timeout):
            raise
        raise Timeout(f"the wait ended after {timeout} s") from None
