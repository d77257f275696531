"""Waiting in event loops for what the core does, without a thread for each that waits.

The problem: an operation of the core's is over at some moment, on some thread of the core's that knows nothing of
Python. A thread for each one that waits is too much; one for all of them would wake two threads for each message.

The answer: each loop has one descriptor that the core makes readable when waits of this loop are over
(``Completions``). The loop looks at it like at any socket, as long as anybody waits.  A wait that is cancelled takes
nothing with it: what had come for it goes back to where it came from.

Calls of guests' functions (:func:`begin_call`) take more than one step: a turn, if the process has other calls, and
functions of the host, which run on threads of the loop's executor.  Each time the core tells that there is something
to do, it is done.
"""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from motte.core import Completions
from motte.errors import Timeout
from motte.quantities import Duration, duration_ns

if TYPE_CHECKING:
    from motte.core import Function
    from motte.core._core import AwaitedCall, Waiting

Result = TypeVar("Result")


class LoopWaits:
    """Of one event loop; used on its thread only."""

    def __init__(self) -> None:
        """Nobody waits yet."""
        self._completions = Completions()
        self._futures: dict[Waiting[object] | AwaitedCall, asyncio.Future[None]] = {}

    async def wait(self, loop: asyncio.AbstractEventLoop, begin: "Callable[[Completions], Waiting[Result]]") -> Result:
        """What comes of an operation."""
        waiting = begin(self._completions)
        if waiting.is_over:
            return waiting.result()
        try:
            await self._told(loop, waiting)
        except BaseException:  # cancelled, perhaps after it was over
            waiting.cancel()
            raise
        return waiting.result()

    def begin_call(
        self, function: "Function", arguments: tuple[object, ...], named: dict[str, object]
    ) -> "AwaitedCall":
        """The function of a guest is called, or in line."""
        call = function.begin_call(self._completions, *arguments, **named)
        call.proceed()
        return call

    async def end_call(self, loop: asyncio.AbstractEventLoop, call: "AwaitedCall") -> object:
        """What comes of that."""
        try:
            while not call.proceed():
                if call.take_request():
                    loop.run_in_executor(None, contextvars.copy_context().run, call.serve)
                await self._told(loop, call, call.seconds_left)
        except BaseException:
            call.cancel()
            raise
        return call.result()

    async def _told(
        self, loop: asyncio.AbstractEventLoop, waiting: "Waiting[object] | AwaitedCall", seconds: float | None = None
    ) -> None:
        """Until the core says that there is something to do, or so much time has passed."""
        if not self._futures:
            loop.add_reader(self._completions.fileno(), self._tell)
        future = self._futures[waiting] = loop.create_future()
        timer = None if seconds is None else loop.call_later(seconds, _wake, future)
        try:
            await future
        finally:
            if timer:
                timer.cancel()
            del self._futures[waiting]
            if not self._futures and not loop.is_closed():
                loop.remove_reader(self._completions.fileno())

    def _tell(self) -> None:
        for waiting in self._completions.take():
            future = self._futures.get(waiting)
            if future:
                _wake(future)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


_of_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, LoopWaits] = WeakKeyDictionary()


def _waits_of(loop: asyncio.AbstractEventLoop) -> LoopWaits:
    waits = _of_loop.get(loop)
    if waits is None:
        waits = _of_loop[loop] = LoopWaits()
    return waits


def begin_call(
    function: "Function", arguments: tuple[object, ...], named: dict[str, object]
) -> "Coroutine[Any, Any, object]":
    """A function of a guest is called, or in line, when this returns; what comes of it.

    Raises what is wrong with the arguments.
    """
    loop = asyncio.get_running_loop()
    waits = _waits_of(loop)
    return waits.end_call(loop, waits.begin_call(function, arguments, named))


async def call_function(function: "Function", arguments: tuple[object, ...], named: dict[str, object]) -> object:
    """The same, begun when it is awaited."""
    return await begin_call(function, arguments, named)


async def wait_for(begin: "Callable[[Completions], Waiting[Result]]", timeout: Duration) -> Result:
    """What comes of an operation.  Raises ``Timeout``, too; who does not want to wait at all needs no loop."""
    loop = asyncio.get_running_loop()
    waits = _waits_of(loop)
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
