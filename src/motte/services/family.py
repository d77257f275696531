"""How many processes may come of one: a process that Python started, and all that are started by it and by those."""

import threading
from typing import TYPE_CHECKING

from motte.errors import LimitReached

if TYPE_CHECKING:
    from motte.population import Population
    from motte.process import Process


class Family:
    """Those who descend from one process, itself included."""

    def __init__(self, first: int, limit: int) -> None:
        """All come of the process with the identity ``first``; at most so many at once."""
        self.first = first
        self.limit = limit
        self.members = 1


class Families:
    """Who belongs to which family.  Those who have no family yet have started nobody."""

    def __init__(self, population: "Population") -> None:
        """Nobody has."""
        self._population = population
        self._lock = threading.Lock()
        self._of: dict[int, Family] = {}

    def reserve(self, parent: "Process") -> Family:
        """A place for a child.  Raises ``LimitReached`` if the family has none."""
        with self._lock:
            family = self._of.setdefault(parent.identity, Family(parent.identity, parent.limits.processes))
            if family.members >= family.limit:
                raise LimitReached(f"{family.limit} processes at once have come of one: that is its limit")
            family.members += 1
            return family

    def enter(self, family: Family, child: "Process") -> None:
        """The place is taken."""
        with self._lock:
            self._of[child.identity] = family

    def leave(self, family: Family, child: "Process | None") -> None:
        """The place is free again."""
        with self._lock:
            family.members -= 1
            if child is not None:
                self._of.pop(child.identity, None)
            if family.members == 1:
                self._of.pop(family.first, None)
