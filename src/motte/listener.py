"""The thread that hears what the core tells of one machine's processes and meters, and calls whom it concerns.

Ends are passed on at once, on this thread, to callbacks that do not wait.  Keepers may take their time: they run on
a few threads of their own, so that one that waits does not hold up the others.
"""

import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from motte.core import Event, Meter, Scheduler
from motte.errors import Closed
from motte.unpaid_time import unpaid_time

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

KEEPER_THREADS: Final = 8
"""Keepers of one machine that can be at work at the same moment."""


class Listener:
    """Listens from the first ``start()`` until the scheduler is closed."""

    def __init__(
        self,
        scheduler: Scheduler,
        *,
        on_exit: Callable[[int], None],
        on_question: Callable[[int, int], None],
        on_outside: Callable[[int], None],
        on_dry: Callable[[Meter], None],
    ) -> None:
        """The callbacks are given a process's identity, or a meter; they raise nothing.

        ``on_question`` is also given the processor time, in nanoseconds, that hearing of the question took.
        """
        self._scheduler = scheduler
        self._on_exit = on_exit
        self._on_question = on_question
        self._on_outside = on_outside
        self._on_dry = on_dry
        self._lock = threading.Lock()  # guards the next two
        self._thread: threading.Thread | None = None
        self._keepers: ThreadPoolExecutor | None = None

    def start(self) -> None:
        """Begin to listen; harmless when repeated."""
        from concurrent.futures import ThreadPoolExecutor  # late: it takes longer to import than all of this package

        with self._lock:
            if self._thread is None:
                self._keepers = ThreadPoolExecutor(KEEPER_THREADS, thread_name_prefix="motte-keeper")
                self._thread = threading.Thread(target=self._listen, name="motte-listener", daemon=True)
                self._thread.start()

    def later(self, action: Callable[[], None]) -> None:
        """Do it on one of the keepers' threads; at once if there are none any more."""
        with self._lock:
            keepers = self._keepers
        try:
            if keepers is not None:
                keepers.submit(_free_of_charge, action)
                return
        except RuntimeError:  # they take no more work
            pass
        action()

    def join(self) -> None:
        """Wait until the last callback has returned; after the scheduler was closed."""
        with self._lock:
            thread, keepers = self._thread, self._keepers
        if thread is not None and thread is not threading.current_thread():
            thread.join()
        if keepers is not None:
            keepers.shutdown(wait=not threading.current_thread().name.startswith("motte-keeper"))

    def _listen(self) -> None:
        keepers = self._keepers
        assert keepers is not None
        while True:
            try:
                event = self._scheduler.next_event(None)
            except Closed:
                return
            if event is None:
                continue
            identity, kinds, meter = event
            try:
                if meter is not None:
                    keepers.submit(_free_of_charge, partial(self._on_dry, meter))
                elif identity is not None:
                    if kinds & Event.EXIT:
                        self._on_exit(identity)
                        unpaid_time.take_ns()
                    elif kinds & Event.QUESTION:
                        keepers.submit(self._on_question, identity, unpaid_time.take_ns())
                    elif kinds & Event.OUTSIDE:
                        keepers.submit(self._on_outside, identity)
            except RuntimeError:  # the interpreter ends, and takes no more work
                return


def _free_of_charge(action: Callable[[], None]) -> None:
    """What is done for nobody in particular is not paid for by whoever asks next."""
    action()
    unpaid_time.take_ns()
