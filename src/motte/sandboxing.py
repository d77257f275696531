"""C behind a Python function: every call in a fresh process, which knows nothing of the one before.

    @motte.sandboxed("checksum.c", memory="16MiB", time="1s")
    def checksum(data: bytes, size: int) -> int:
        \"\"\"The checksum that nobody dares to touch.\"\"\"

What one caller's data did to the code, another caller never sees.
"""

import functools
import inspect
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast

from motte.build_options import BuildOptions
from motte.machine import Machine
from motte.quantities import Size
from motte.translation import Source

if TYPE_CHECKING:
    from asyncio import Future

    from motte.pool import Pool
    from motte.process import Process

P = ParamSpec("P")
R = TypeVar("R")


class Sandboxed(Generic[P, R]):
    """A function of a guest in a new process for each call; made by :func:`motte.sandboxed`.

        @motte.sandboxed("checksum.c", memory="16MiB", time="1s")
        def adler(data: bytes, size: int) -> int: ...

        print(adler(b"Wikipedia", 9))

    Everything is compiled and loaded with the first call, or by :meth:`prepare`.  Safe to use from several threads,
    which run in parallel.
    """

    def __init__(self, stub: Callable[P, R], make_pool: "Callable[[], tuple[Machine, Pool]]", name: str) -> None:
        """``stub`` gives name, documentation and signature."""
        functools.update_wrapper(self, stub)
        self._make_pool = make_pool
        self._name = name
        self._lock = threading.Lock()
        self._pool: Pool | None = None
        self._end: weakref.finalize[..., Any] | None = None

    def prepare(self) -> None:
        """Compile, verify and load now; harmless when repeated.  Raises what loading raises."""
        self._prepared()

    def _prepared(self) -> "Pool":
        with self._lock:
            if self._pool is None:
                machine, self._pool = self._make_pool()
                self._end = weakref.finalize(self, machine.close)
            return self._pool

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call it.  Raises what a call of :meth:`motte.Process.function` raises; the next call is not concerned."""
        pool = self._pool or self._prepared()
        with pool.checkout() as process:
            return cast("R", process.function(self._name)(*self._ordered(args, kwargs)))

    async def call_async(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call it in an event loop, without a thread for as long as it takes.  Cancelling it stops the guest."""
        import asyncio

        pool = await asyncio.to_thread(self._prepared) if self._pool is None else self._pool
        with await _checked_out(pool) as process:
            return cast("R", await process.function(self._name).call_async(*self._ordered(args, kwargs)))

    def _ordered(self, args: tuple[object, ...], kwargs: dict[str, object]) -> tuple[object, ...]:
        return inspect.signature(self).bind(*args, **kwargs).args if kwargs else args

    def close(self) -> None:
        """Release everything; the next call begins anew."""
        with self._lock:
            end, self._end, self._pool = self._end, None, None
        if end is not None:
            end()


async def _checked_out(pool: "Pool") -> "Process":
    """On a thread, since one may have to be made; nobody's any more if that is cancelled."""
    import asyncio

    making = asyncio.ensure_future(asyncio.to_thread(pool.checkout))
    try:
        return await asyncio.shield(making)
    except asyncio.CancelledError:
        making.add_done_callback(_close_made)
        raise


def _close_made(making: "Future[Process]") -> None:
    if not making.cancelled() and not making.exception():
        making.result().close()


def sandboxed(
    source: Source,
    *,
    name: str | None = None,
    options: BuildOptions | None = None,
    warm: int = 2,
    memory: Size = "64MiB",
    machine_memory: Size = "1GiB",
    **spawn: Any,
) -> Callable[[Callable[P, R]], Sandboxed[P, R]]:
    """Make a Python function out of the function in ``source`` that has its name (or ``name``).

    Each call has a process of its own with ``memory``, and with the limits in ``spawn``, which are those of
    :meth:`motte.Machine.spawn`; all processes together have ``machine_memory``.  ``warm`` of them are ready at any
    time (:meth:`motte.Machine.pool`).  The body of the decorated function is not used; its parameters are passed on
    in order.
    """

    def decorate(stub: Callable[P, R]) -> Sandboxed[P, R]:
        function = name or stub.__name__

        def bind(process: "Process") -> None:
            process.function(function)

        def make_pool() -> "tuple[Machine, Pool]":
            machine = Machine(memory=machine_memory)
            try:
                program = machine.load(source, options)
                return machine, machine.pool(program, warm=warm, prepare=bind, bank=memory, **spawn)
            except BaseException:
                machine.close()
                raise

        return Sandboxed(stub, make_pool, function)

    return decorate
