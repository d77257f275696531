"""What supervisors know of time; tests put another clock in its place (``motte.testing.ManualClock``)."""

import threading
import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """Seconds that never go backwards, and calls at a later time."""

    def now(self) -> float:
        """Seconds since some moment."""

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Callable[[], None]:
        """Call ``callback`` after that time, on any thread.  Returns what prevents it."""


class MonotonicClock:
    """The host's."""

    def now(self) -> float:
        """``time.monotonic()``."""
        return time.monotonic()

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Callable[[], None]:
        """On a thread of its own."""
        timer = threading.Timer(seconds, callback)
        timer.daemon = True
        timer.start()
        return timer.cancel
