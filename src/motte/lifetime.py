"""Giving something back that others may be using at this moment.

The problem: an object of the core's is used by many threads, and given back by any of them, perhaps by two at once,
perhaps by a callback that is called in the middle of a use.  Giving it back under a user is a crash in C; waiting for
all users is a deadlock if one of them is the thread that waits.

The answer: users are counted by thread.  The end closes the door, and whoever is to give back waits for the users; if
it is one of them, or does not want to wait, the last user that leaves does it.

Ordinary uses take no lock: the core writes them down (:class:`motte.core.Uses`), after a look at the door, and for
Python code the two are one step.  Whoever ends closes the door, and then looks who is written down.  From then on all
happens under the lock.
"""

import threading
from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from motte.core import Uses
from motte.errors import MotteError

Object = TypeVar("Object")
Refusal = tuple[type[MotteError], str]
"""What is raised: the error, and its words."""


class Holder(Protocol):
    """Who has the object, and gives it back."""

    def give_back(self) -> None:
        """Called once, when nobody uses the object any more."""

    def tell_given_back(self) -> None:
        """Called afterwards."""

    def later(self, action: Callable[[], None]) -> None:
        """Do it on another thread: a user that leaves holds who knows which locks."""


_OPEN: Final = 1
_ENDING: Final = 2  # as soon as nobody uses it
_GIVING_BACK: Final = 3  # one thread does
_ENDED: Final = 4


class Ends:
    """What any number of lifetimes have in common: a lock, which is held for a moment, and only at an end."""

    def __init__(self) -> None:
        """Nothing ends yet."""
        self.lock = threading.Lock()
        self.changed = threading.Condition(self.lock)


class Lifetime(Uses[Object]):
    """Counts the uses of one object, and gives it back once.

    ``with`` is a use: the object, which is not given back meanwhile.  It raises what ``end`` was given, the latest.
    """

    __slots__ = ("_ends", "_holder", "_phase", "_waiting")

    def __init__(self, _used: Object, holder: Holder, ends: Ends) -> None:
        """``holder`` gives ``_used`` back."""
        self._holder: Holder | None = holder  # until the end: nothing refers to itself for longer than it must
        self._ends = ends
        self._phase = _OPEN
        self._waiting = 0  # threads that wait for the users, and give back then

    @property
    def has_ended(self) -> bool:
        """Whether everything was given back."""
        return self._phase == _ENDED

    def end(self, refusal: Refusal, *, wait: bool) -> None:
        """From now on uses are refused, and it is given back as soon as there are none.

        With ``wait`` that is done when this returns, unless this thread is a user itself.
        """
        with self._ends.lock:
            self.refusal = refusal
            if self._phase == _OPEN:
                self._phase = _ENDING
            if wait and (self.uses or self._phase == _GIVING_BACK):
                self._wait_for_users()
            if not self._takes_it_on():
                return
        self._finish()

    def _wait_for_users(self) -> None:
        if self.is_used_here():
            return
        self._waiting += 1
        self._ends.changed.wait_for(lambda: not self.uses and self._phase != _GIVING_BACK)
        self._waiting -= 1

    def _takes_it_on(self) -> bool:
        """Whether the calling thread is the one that gives it back.  Under the lock."""
        if self.uses or self._phase != _ENDING:
            return False
        self._phase = _GIVING_BACK
        return True

    def left(self) -> None:
        """For the core: a use has ended after the door was closed."""
        holder = self._holder
        with self._ends.lock:
            self._ends.changed.notify_all()
            if self._waiting or not self._takes_it_on():
                return
        assert holder is not None
        holder.later(self._finish)

    def _finish(self) -> None:
        holder = self._holder
        assert holder is not None
        try:
            holder.give_back()
        finally:
            with self._ends.lock:
                self._phase = _ENDED
                self._holder = None
                if self._waiting:
                    self._ends.changed.notify_all()
        holder.tell_given_back()
