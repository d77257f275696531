"""A clock that moves when a test says so."""

from __future__ import annotations

import threading
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count


class ManualClock:
    """Time for supervisors under test: it stands still until :meth:`advance`."""

    def __init__(self, now: float = 0.0) -> None:
        """``now`` is in seconds."""
        self._now = now
        self._lock = threading.Lock()
        self._numbers = count()
        self._calls: list[tuple[float, int]] = []
        self._callbacks: dict[int, Callable[[], object]] = {}

    def now(self) -> float:
        """Seconds."""
        return self._now

    @property
    def waiting(self) -> int:
        """Calls that are still to be made."""
        return len(self._callbacks)

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Callable[[], None]:
        """Made by ``advance``, on its thread.  Returns what prevents it."""
        with self._lock:
            number = next(self._numbers)
            self._callbacks[number] = callback
            heappush(self._calls, (self._now + seconds, number))
        return lambda: self._cancel(number)

    def advance(self, seconds: float) -> None:
        """Let that much time pass; what is due is called, in order."""
        end = self._now + seconds
        while (callback := self._due(end)) is not None:
            callback()
        self._now = end

    def _due(self, end: float) -> Callable[[], object] | None:
        with self._lock:
            while self._calls and self._calls[0][0] <= end:
                self._now, number = heappop(self._calls)
                if callback := self._callbacks.pop(number, None):
                    return callback
        return None

    def _cancel(self, number: int) -> None:
        with self._lock:
            self._callbacks.pop(number, None)
