"""Processor time that this thread has spent and nobody has paid for yet.

A fault costs its process a few microseconds, and the host fifty: somebody hears of it, wakes somebody else, asks a
keeper, and tells the core.  If nobody paid for that, faults would be a way to have the host work for nothing.  So
whoever takes a question on takes the time since the last one: all of it counts, waking up included.
"""

import threading
from time import thread_time_ns


class UnpaidTime(threading.local):
    """Of the thread that looks."""

    def __init__(self) -> None:
        """Runs once in each thread."""
        self._paid_until = thread_time_ns()

    def take_ns(self) -> int:
        """All of it, in nanoseconds; from now on it is paid for, or forgiven."""
        now = thread_time_ns()
        unpaid, self._paid_until = now - self._paid_until, now
        return unpaid


unpaid_time = UnpaidTime()
