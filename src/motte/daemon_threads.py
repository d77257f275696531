"""A few threads for work that may take its time, which nobody waits for when the interpreter ends.

Executors of the standard library are waited for then: a keeper or a function of the host that does not return would
keep the interpreter for ever.
"""

import threading
from collections import deque
from collections.abc import Callable

from motte.errors import Closed
from motte.unpaid_time import unpaid_time


class DaemonThreads:
    """Does what it is given, in order, on at most so many threads; they come as they are needed."""

    def __init__(self, most: int, name: str) -> None:
        """``name`` is what the threads are called."""
        self._most = most
        self._name = name
        self._changed = threading.Condition(threading.Lock())  # guards everything below
        self._work: deque[Callable[[], object]] = deque()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._closed = False

    def submit(self, action: Callable[[], object]) -> None:
        """Do it soon; here and now if there is no thread, and the host has none.

        What it raises is reported as what a thread raises.  Raises ``Closed``.
        """
        with self._changed:
            if self._closed:
                raise Closed("these threads take no more work")
            if not self._idle > len(self._work) and len(self._threads) < self._most:
                self._add_thread()
            if self._threads:
                self._work.append(action)
                self._changed.notify()
                return
        action()

    def close(self) -> None:
        """Take no more work, and wait until what there is was done; harmless when repeated.

        One of these threads does not wait: it would be for itself.
        """
        with self._changed:
            self._closed = True
            threads = list(self._threads)
            self._changed.notify_all()
        if threading.current_thread() not in threads:
            for thread in threads:
                thread.join()

    def _add_thread(self) -> None:
        thread = threading.Thread(target=self._run, name=f"{self._name}-{len(self._threads)}", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the host is out of threads, or the interpreter ends: those that are there have to do
            return
        self._threads.append(thread)

    def _run(self) -> None:
        unpaid_time.take_ns()  # the first action's, too, is counted from here
        while (action := self._next()) is not None:
            try:
                action()
            except BaseException as error:
                threading.excepthook(
                    threading.ExceptHookArgs((type(error), error, error.__traceback__, threading.current_thread()))
                )
            del action  # what it refers to is not kept until the next one comes

    def _next(self) -> Callable[[], object] | None:
        with self._changed:
            self._idle += 1
            while not self._work and not self._closed:
                self._changed.wait()
            self._idle -= 1
            return self._work.popleft() if self._work else None
