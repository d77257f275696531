"""Processes that were made before anybody wants them: a pool hands out a fresh one each time, at once.

A process costs some ten microseconds to make, and a library in it as long as its initialisers take.  A pool has a few
made, by a thread of its own that is woken when half of them are gone, so that it makes several at a time.  None is used
twice: whoever checks one out closes it, and what the guest has left behind in it goes with it.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from motte.errors import BadState, Closed
from motte.forks import generation
from motte.unique import Unique

if TYPE_CHECKING:
    from types import TracebackType

    from motte.makers import Makers
    from motte.process import Process


MOST_WARM: Final = 1024
"""Processes that one pool keeps ready at most."""


@dataclass(frozen=True, slots=True)
class PoolStatistics:
    """A pool at one moment.

        print(pool.statistics().missed)

    ``ready`` processes wait to be checked out; ``made`` is how many there were in all; ``missed`` is how often somebody
    came while none was ready, and had to wait until one was made.
    """

    ready: int
    made: int
    missed: int


class Pool(Unique):
    """Fresh processes of one program; made by :meth:`motte.Machine.pool`.

        with machine.pool(library, warm=8) as pool:
            with pool.checkout() as process:
                print(process.function("adler")(b"Wikipedia", 9))

    Safe to use from several threads.  Closing it ends those that wait, and none of those that were checked out.
    """

    def __init__(self, make: "Callable[[], Process]", warm: int, closed: "Callable[[Pool], None]") -> None:
        """``make`` makes one that does not run yet; ``closed`` is called at the end."""
        self._tell_closed = closed
        self._make_one = make
        self._warm = warm
        self._changed = threading.Condition()  # guards everything below
        self._ready: deque[Process] = deque()
        self._made = 0
        self._missed = 0
        self._closed = False
        self._generation = generation()
        self._refused = False  # the last attempt to make one has failed; who comes next tries it again
        self._thread = threading.Thread(target=self._fill, name="motte-pool", daemon=True)
        self._thread.start()

    def checkout(self) -> "Process":
        """A process that nobody has used, and that is the caller's: to be started or called, and to be closed.

        It never waits for another one to come back.  Where none is ready one is made: raises what
        :meth:`motte.Machine.spawn` raises.  Raises ``Closed``.
        """
        self._require_here()
        while True:
            with self._changed:
                self._check_open()
                self._refused = False
                process = self._ready.popleft() if self._ready else None
                if process is None:
                    self._missed += 1
                if 2 * len(self._ready) <= self._warm:
                    self._changed.notify()
            if process is None:
                return self._make()
            if process.returncode is None:
                return process
            process.close()  # it ended while it waited: its bank was destroyed

    def fill(self) -> None:
        """Wait until as many are ready as there are to be.  Raises what ``spawn`` raises, and ``Closed``."""
        self._require_here()
        while True:
            with self._changed:
                self._check_open()
                if len(self._ready) >= self._warm:
                    return
            self._keep(self._make())

    def statistics(self) -> PoolStatistics:
        """How many there are: a frozen record."""
        with self._changed:
            return PoolStatistics(len(self._ready), self._made, self._missed)

    def close(self) -> None:
        """End those that nobody has checked out; harmless when repeated, and in a child of a fork."""
        if self._generation != generation():
            return
        with self._changed:
            self._closed = True
            ready, self._ready = self._ready, deque()
            self._changed.notify()
        if self._thread is not threading.current_thread():
            self._thread.join()
        for process in ready:
            process.close()
        self._tell_closed(self)

    def __enter__(self) -> "Pool":
        """The pool itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: "TracebackType | None"
    ) -> None:
        """Close."""
        self.close()

    def __repr__(self) -> str:
        """For people."""
        return f"<Pool: {len(self._ready)} of {self._warm} ready>"

    def _require_here(self) -> None:
        """Before the lock, which is held for ever in some children."""
        if self._generation != generation():
            raise BadState("this pool belongs to the parent of a fork")

    def _check_open(self) -> None:
        if self._closed:
            raise Closed("the pool is closed")

    def _make(self) -> "Process":
        process = self._make_one()
        with self._changed:
            self._made += 1
        return process

    def _keep(self, process: "Process") -> None:
        with self._changed:
            if not self._closed and len(self._ready) < self._warm:
                self._ready.append(process)
                return
        process.close()

    # --- the pool's own thread ---------------------------------------------------------------------------------------

    def _fill(self) -> None:
        while self._wait_until_wanted():
            while self._lacks_one():
                try:
                    self._keep(self._make())
                except Exception:  # whoever finds none ready is told, by the one that is made then
                    with self._changed:
                        self._refused = True

    def _wait_until_wanted(self) -> bool:
        with self._changed:
            while not self._closed and (self._refused or 2 * len(self._ready) > self._warm):
                self._changed.wait()
            return not self._closed

    def _lacks_one(self) -> bool:
        with self._changed:
            return not self._closed and not self._refused and len(self._ready) < self._warm


def _prepared(spawn: "Callable[[], Process]", prepare: "Callable[[Process], object]") -> "Process":
    process = spawn()
    try:
        prepare(process)
    except BaseException:
        process.close()
        raise
    return process


def create_pool(
    spawn: "Callable[[], Process]", warm: int, prepare: "Callable[[Process], object] | None", machine: "Makers"
) -> Pool:
    """A pool that ends with its machine.  Raises ``ValueError`` and ``TypeError`` for a wrong ``warm``, ``Closed``."""
    if not isinstance(warm, int) or isinstance(warm, bool):
        raise TypeError(f"warm: expected a number of processes; got {type(warm).__name__}")
    if not 1 <= warm <= MOST_WARM:
        raise ValueError(f"warm: expected 1 to {MOST_WARM:,} processes; got {warm:,}")
    pool = Pool(partial(_prepared, spawn, prepare) if prepare else spawn, warm, machine.not_at_close)
    try:
        machine.at_close(pool, pool.close)
    except Closed:
        pool.close()
        raise
    return pool
