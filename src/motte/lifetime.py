"""Giving something back that others may be using at this moment.

The problem: an object of the core's is used by many threads, and given back by any of them, perhaps by two at once,
perhaps by a callback that is called in the middle of a use.  Giving it back under a user is a crash in C; waiting for
all users is a deadlock if one of them is the thread that waits.

The answer: users are counted by thread.  The end closes the door, and whoever is to give back waits for the users; if
it is one of them, or does not want to wait, the last user that leaves does it.
"""

import threading
from collections.abc import Callable
from enum import Enum
from typing import Generic, TypeVar

from motte.errors import MotteError

Object = TypeVar("Object")
Refusal = Callable[[], MotteError]


class _Phase(Enum):
    OPEN = 1
    ENDING = 2  # as soon as nobody uses it
    GIVING_BACK = 3  # one thread does
    ENDED = 4


class Lifetime(Generic[Object]):
    """Counts the uses of one object, and gives it back once; ``with`` is a use."""

    def __init__(
        self,
        used: Object,
        give_back: Callable[[], None],
        tell: Callable[[], None],
        later: Callable[[Callable[[], None]], None],
    ) -> None:
        """``give_back`` is called once, when nobody uses the object ``used``; then ``tell``.

        If that happens where the last user leaves, both are called by ``later``: a user holds who knows which locks.
        """
        self._object = used
        self._give_back = give_back
        self._tell = tell
        self._later = later
        self._changed = threading.Condition()  # guards all below
        self._users: dict[int, int] = {}  # thread: uses
        self._phase = _Phase.OPEN
        self._waiting = 0  # threads that wait for the users, and give back then
        self._refusal: Refusal | None = None

    @property
    def has_ended(self) -> bool:
        """Whether everything was given back."""
        return self._phase is _Phase.ENDED

    def __enter__(self) -> Object:
        """The object, which is not given back meanwhile.  Raises what ``end`` was given."""
        thread = threading.get_ident()
        with self._changed:
            if self._refusal is not None:
                raise self._refusal()
            self._users[thread] = self._users.get(thread, 0) + 1
        return self._object

    def __exit__(self, *_error: object) -> None:
        """It is not used any more."""
        self._leave(threading.get_ident())

    def end(self, refusal: Refusal, *, wait: bool) -> None:
        """From now on uses are refused, and it is given back as soon as there are none.

        With ``wait`` that is done when this returns, unless this thread is a user itself.
        """
        thread = threading.get_ident()
        with self._changed:
            self._refusal = refusal
            if self._phase is _Phase.OPEN:
                self._phase = _Phase.ENDING
            if wait and thread not in self._users:
                self._waiting += 1
                self._changed.wait_for(lambda: not self._users and self._phase is not _Phase.GIVING_BACK)
                self._waiting -= 1
            if self._users or self._phase is not _Phase.ENDING:
                return
            self._phase = _Phase.GIVING_BACK
        self._finish()

    def _leave(self, thread: int) -> None:
        with self._changed:
            self._users[thread] -= 1
            if not self._users[thread]:
                del self._users[thread]
            self._changed.notify_all()
            if self._users or self._waiting or self._phase is not _Phase.ENDING:
                return
            self._phase = _Phase.GIVING_BACK
        self._later(self._finish)

    def _finish(self) -> None:
        try:
            self._give_back()
        finally:
            with self._changed:
                self._phase = _Phase.ENDED
                self._changed.notify_all()
        self._tell()
