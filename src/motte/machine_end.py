"""The end of a machine: who is told of it, and in what order everything is given back.

The order: nobody is let in any more, and whoever asked to be told is; processes go before what they use, those that are
just being made included; then the programs, the banks, and the threads that served them.  Whoever closes the machine
may be in the middle of something that one of its processes waits for: then another thread does the rest.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from motte.errors import InvalidCap
from motte.makers import Makers

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self
    from weakref import WeakSet

    from motte.program import Program


class MachineEnd(Makers):
    """The part of a machine that ends it."""

    _lock: threading.Lock  # guards the next two
    _at_close: "dict[object, Callable[[], object]]"
    _programs: "WeakSet[Program]"

    def close(self) -> None:
        """Kill all processes, unload all programs, destroy all banks; harmless if repeated, and in a fork's child.

        In a callback, a keeper or a function of the host of one of its processes that is done soon after it returns.
        """
        if not self._population.is_here:
            return
        processes = self._population.close()
        with self._lock:
            programs, actions = list(self._programs), list(self._at_close.values())
        for action in actions:
            action()
        for process in processes:
            process.close()
        banks = self._population.banks
        if banks.is_asked_here or any(process.is_at_work_here for process in processes):
            threading.Thread(target=self.close, name="motte-close", daemon=True).start()
            return
        self._population.end_services()
        for program in programs:
            program.end()
        with suppress(InvalidCap):  # it was destroyed before
            banks.destroy(banks.root)
        self._scheduler.rescind(None)
        self._scheduler.close()
        self._population.listener.join()
        with self._lock:
            self._programs.clear()

    def at_close(self, key: object, action: Callable[[], object]) -> None:
        """For the package: call ``action`` when the machine is about to be closed.  Raises ``Closed`` if it is."""
        self._check_open()
        with self._lock:
            self._check_open()
            self._at_close[key] = action

    def not_at_close(self, key: object) -> None:
        """For the package: there is no need any more."""
        with self._lock:
            self._at_close.pop(key, None)

    def __enter__(self) -> "Self":
        """The machine itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: "TracebackType | None"
    ) -> None:
        """Close."""
        self.close()
