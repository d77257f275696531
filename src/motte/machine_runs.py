"""Runs on a machine: a process from its start to its end, in one call."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from motte.completed import Completed, completed

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self, Unpack

    from motte.initial_strings import Argument
    from motte.machine import Machine
    from motte.program import Program
    from motte.spawn_settings import MachineRunSettings


class MachineRuns:
    """What :class:`motte.Machine` can do on nothing but ``spawn()`` and ``close()``."""

    def run(
        self, program: "Program", args: "Iterable[Argument]" = (), **settings: "Unpack[MachineRunSettings]"
    ) -> Completed:
        """Run a process of ``program`` to its end, as :func:`motte.run` does; the parameters are those of ``spawn()``.

        Ctrl-C kills it, and raises ``KeyboardInterrupt``.
        """
        with cast("Machine", self).spawn(program, args, **settings) as process:
            return completed(process, process.wait())

    async def run_async(
        self, program: "Program", args: "Iterable[Argument]" = (), **settings: "Unpack[MachineRunSettings]"
    ) -> Completed:
        """The same in an event loop, without a thread: thousands may run at once.

        Whoever cancels it has killed the process, and released all that it held.  (``await process`` is otherwise: to
        cancel that ends the wait alone.)
        """
        async with cast("Machine", self).spawn(program, args, **settings) as process:
            return completed(process, await process)

    async def __aenter__(self) -> "Self":
        """The machine itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: "TracebackType | None"
    ) -> None:
        """Close, without holding up the loop."""
        import asyncio

        await asyncio.shield(asyncio.to_thread(cast("Machine", self).close))
