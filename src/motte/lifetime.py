"""Giving something back that others may be using at this moment.

The problem: an object of the core's is used by many threads, and given back by any of them, perhaps by two at once,
perhaps by a callback that is called in the middle of a use.  Giving it back under a user is a crash in C; waiting for
all users is a deadlock if one of them is the thread that waits.

The answer: users are counted by thread.  The end closes the door, and whoever is to give back waits for the users; if
it is one of them, or does not want to wait, the last user that leaves does it.

Ordinary uses take no lock.  Whoever enters writes itself down and then looks whether the door is closed; whoever ends
closes the door and then looks who is written down: one of the two sees the other.  From then on all happens under the
lock.
"""

import threading
from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

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


class Lifetime(Generic[Object]):
    """Counts the uses of one object, and gives it back once; ``with`` is a use."""

    _phase = _OPEN
    _waiting = 0  # threads that wait for the users, and give back then
    _refusal: Refusal | None = None  # the door: written under the lock, and read without

    def __init__(self, used: Object, holder: Holder, ends: Ends) -> None:
        """``holder`` gives ``used`` back."""
        self._object = used
        self._holder: Holder | None = holder  # until the end: nothing refers to itself for longer than it must
        self._ends = ends
        self._users: list[int] = []  # a thread for each use

    @property
    def has_ended(self) -> bool:
        """Whether everything was given back."""
        return self._phase == _ENDED

    def __enter__(self) -> Object:
        """The object, which is not given back meanwhile.  Raises what ``end`` was given."""
        self._users.append(threading.get_ident())
        if self._refusal is not None:
            self.__exit__()
            error, words = self._refusal
            raise error(words)
        return self._object

    def __exit__(self, *_error: object) -> None:
        """It is not used any more."""
        self._users.remove(threading.get_ident())
        if self._refusal is not None:
            self._leave()

    def end(self, refusal: Refusal, *, wait: bool) -> None:
        """From now on uses are refused, and it is given back as soon as there are none.

        With ``wait`` that is done when this returns, unless this thread is a user itself.
        """
        with self._ends.lock:
            self._refusal = refusal
            if self._phase == _OPEN:
                self._phase = _ENDING
            if wait and (self._users or self._phase == _GIVING_BACK):
                self._wait_for_users()
            if not self._takes_it_on():
                return
        self._finish()

    def _wait_for_users(self) -> None:
        if threading.get_ident() in self._users:
            return
        self._waiting += 1
        self._ends.changed.wait_for(lambda: not self._users and self._phase != _GIVING_BACK)
        self._waiting -= 1

    def _takes_it_on(self) -> bool:
        """Whether the calling thread is the one that gives it back.  Under the lock."""
        if self._users or self._phase != _ENDING:
            return False
        self._phase = _GIVING_BACK
        return True

    def _leave(self) -> None:
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
