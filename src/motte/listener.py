"""The thread that hears what the core tells of one machine's processes and meters, and calls whom it concerns.

Ends are passed on at once, on this thread, to callbacks that do not wait.  Keepers may take their time: they run on
a few threads of their own, so that one that waits does not hold up the others.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

from motte.core import Event, Meter, Scheduler
from motte.daemon_threads import DaemonThreads
from motte.errors import Closed
from motte.unpaid_time import unpaid_time

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
        self._keepers: DaemonThreads | None = None

    def start(self) -> None:
        """Begin to listen; harmless when repeated."""
        with self._lock:
            if self._thread is None:
                self._keepers = DaemonThreads(KEEPER_THREADS, "motte-keeper")
                self._thread = threading.Thread(target=self._listen, name="motte-listener", daemon=True)
                self._thread.start()

    def later(self, action: Callable[[], None]) -> None:
        """Do it on one of the keepers' threads; at once if there are none any more."""
        with self._lock:
            keepers = self._keepers
        if keepers is not None:
            with suppress(Closed):
                keepers.submit(partial(_free_of_charge, action))
                return
        action()

    def join(self) -> None:
        """Wait until the last callback has returned; after the scheduler was closed."""
        with self._lock:
            thread, keepers = self._thread, self._keepers
        if thread is not None and thread is not threading.current_thread():
            thread.join()
        if keepers is not None:
            keepers.close()

    def _listen(self) -> None:
        keepers = self._keepers
        assert keepers is not None
        with suppress(Closed):  # at the end
            while True:
                event = self._scheduler.next_event(None)
                if event is not None:
                    self._pass_on(event, keepers)

    def _pass_on(self, event: tuple[int | None, int, Meter | None], keepers: DaemonThreads) -> None:
        identity, kinds, meter = event
        if meter is not None:
            keepers.submit(partial(_free_of_charge, partial(self._on_dry, meter)))
        elif identity is not None:
            if kinds & Event.EXIT:
                self._on_exit(identity)
                unpaid_time.take_ns()
            elif kinds & Event.QUESTION:
                keepers.submit(partial(self._on_question, identity, unpaid_time.take_ns()))
            elif kinds & Event.OUTSIDE:
                keepers.submit(partial(self._on_outside, identity))


def _free_of_charge(action: Callable[[], None]) -> None:
    """What is done for nobody in particular is not paid for by whoever asks next."""
    action()
    unpaid_time.take_ns()
