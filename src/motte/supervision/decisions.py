"""The rules of supervisors: who is started again with whom, and when it is enough.  No thread, no process."""

from collections import deque
from collections.abc import Sequence
from typing import Literal, TypeVar, get_args

Strategy = Literal["one_for_one", "one_for_all", "rest_for_one", "simple_one_for_one"]
"""With one child that ended: only it; all; it and those that were started after it; only it, among equals."""

Each = TypeVar("Each")


def checked_strategy(strategy: str) -> Strategy:
    """Raises ``ValueError`` for an unknown one."""
    for known in get_args(Strategy):
        if strategy == known:
            return known  # type: ignore[no-any-return]
    raise ValueError(f"strategy: {strategy!r} is not one of {', '.join(get_args(Strategy))}")


def affected(strategy: Strategy, children: Sequence[Each], ended: Each) -> list[Each]:
    """Whom the end of one child concerns, in the order in which they are started; they are stopped in reverse."""
    match strategy:
        case "one_for_all":
            return list(children)
        case "rest_for_one":
            return list(children[children.index(ended) :])
        case _:
            return [ended]


class Intensity:
    """At most so many restarts in any period; one more, and the supervisor gives up."""

    def __init__(self, restarts: int, period: float) -> None:
        """``period`` in seconds.  Raises ``ValueError`` unless it is positive, and the number not negative."""
        if restarts < 0 or period <= 0:
            raise ValueError(f"intensity: {restarts} restarts in {period} s can be kept by nobody")
        self.restarts = restarts
        self.period = period
        self._latest: deque[float] = deque()

    def allows(self, now: float) -> bool:
        """Count a restart at this time; whether there were not too many."""
        self._latest.append(now)
        while now - self._latest[0] > self.period:
            self._latest.popleft()
        return len(self._latest) <= self.restarts
