"""The compilers that run for somebody: what they use up, and their end when nobody wants their result any more.

The problem: between whoever asks for a program and the child processes that compile it lie six layers, which know
nothing of processors' time or of changed minds.

The answer: who asks puts an :class:`Oversight` over what its thread does; the place where children are started
reports to the one of its thread.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from motte.errors import Closed

End = Callable[[], None]


class Oversight:
    """Over the children that are started within ``over(…)``.  Safe to use from several threads."""

    def __init__(self) -> None:
        """Nothing was used."""
        self._lock = threading.Lock()
        self._running: set[End] = set()
        self._cancelled = False
        self._used_ns = 0

    def started(self, end: End) -> None:
        """A child runs, which ``end`` ends.  Raises ``Closed`` if no child is wanted any more."""
        with self._lock:
            if self._cancelled:
                raise Closed("nobody wants the result any more")
            self._running.add(end)

    def ended(self, end: End, used_ns: int) -> None:
        """It has ended, and has used so much processor time.  Its ``end`` is not called any more."""
        with self._lock:
            self._running.discard(end)
            self._used_ns += used_ns

    def cancel(self) -> None:
        """End the children that run; no other will be started."""
        with self._lock:
            self._cancelled = True
            for end in self._running:
                end()

    @property
    def cancelled(self) -> bool:
        """Whether the result is wanted no more."""
        return self._cancelled

    @property
    def used_ns(self) -> int:
        """Processor time of the children that have ended, in nanoseconds."""
        with self._lock:
            return self._used_ns


class _Threads(threading.local):
    oversight: Oversight | None = None


_threads = _Threads()


def present_oversight() -> Oversight:
    """The one over what this thread does; one of no consequence if there is none."""
    return _threads.oversight or Oversight()


@contextmanager
def over(oversight: Oversight) -> Iterator[None]:
    """Within, this thread's children are under it."""
    before, _threads.oversight = _threads.oversight, oversight
    try:
        yield
    finally:
        _threads.oversight = before
