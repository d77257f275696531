"""What ends with the process that it belongs to, before anybody is told of that end."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from motte.errors import Closed, InvalidCap

if TYPE_CHECKING:
    from motte.process import Process


class Owners:
    """Processes to which something belongs."""

    def __init__(self, forget: Callable[[int], object]) -> None:
        """``forget`` is called with the identity of one that has ended."""
        self._forget = forget
        self._lock = threading.Lock()
        self._watched: set[int] = set()

    def watch(self, owner: "Process") -> None:
        """Something belongs to it now.  If it has ended, that is forgotten at once."""
        with self._lock:
            if owner.identity in self._watched:
                return
            self._watched.add(owner.identity)
        try:
            owner.on_end(lambda process, _end: self._ended(process.identity))
        except (Closed, InvalidCap):
            self._ended(owner.identity)

    def _ended(self, owner: int) -> None:
        with self._lock:
            self._watched.discard(owner)
        self._forget(owner)
