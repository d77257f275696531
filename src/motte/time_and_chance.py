"""Time and chance: what a process may know of the one, and gets of the other.

Both are grants.  A program finds them under the names ``clock`` and ``random``, and its C library uses what is there: a
process without a clock cannot tell the time, and one without random numbers computes the same thing each time.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from motte.abi.capabilities import ClockRight, RandomRight

Clock = Literal["real", "coarse", "none"] | None
"""``"real"``: the host's; ``"coarse"``: the same in whole milliseconds; ``"none"`` or ``None``: there is none."""

Random = Literal["real", "none"] | int | None
"""``"real"``: the host's; a seed below 2^64: the same ones follow from it each time; ``"none"`` or ``None``: none."""

_SEEDS: Final = 1 << 64
_CLOCKS: Final[dict[object, int]] = {
    "real": ClockRight.READ | ClockRight.EXACT,
    "coarse": int(ClockRight.READ),
    "none": 0,
    None: 0,
}


class TimeAndChance(NamedTuple):
    """As the core takes them: rights, and the seed of the random numbers if they have one."""

    clock: int
    random: int
    seed: int | None


NEITHER: Final = TimeAndChance(0, 0, None)


@dataclass(frozen=True, slots=True)
class Seed:
    """Random numbers to be granted under any name: those of ``spawn(random=number)``."""

    number: int

    def __post_init__(self) -> None:
        """Raises ``TypeError`` and ``ValueError`` unless it is a number from 0 to 2^64 - 1."""
        _check_seed(self.number)


def time_and_chance(clock: Clock, random: Random, granted: Collection[str] = ()) -> TimeAndChance:
    """What a process begins with; what is granted by one of their names takes its place.

    Raises ``ValueError`` and ``TypeError`` for what is none of them.
    """
    try:
        ambient = _read_before(clock, random)
    except TypeError:  # one of them cannot be looked up; which one is wrong, reading says
        ambient = _read(clock, random)
    if granted and "clock" in granted:
        ambient = ambient._replace(clock=0)
    if granted and "random" in granted:
        ambient = ambient._replace(random=0, seed=None)
    return ambient


def _read(clock: Clock, random: Random) -> TimeAndChance:
    if not isinstance(clock, str | None):
        raise TypeError(f"clock: expected 'real', 'coarse' or None; got {type(clock).__name__}")
    if clock not in _CLOCKS:
        raise ValueError(f"clock: expected 'real', 'coarse' or 'none'; got {clock!r}")
    return TimeAndChance(_CLOCKS[clock], *_random_numbers(random))


# Most processes of a machine have the same ones.  By type, because True is no seed, and 1 is.
_read_before = lru_cache(maxsize=32, typed=True)(_read)


def _random_numbers(random: Random) -> tuple[int, int | None]:
    if random is None or random == "none":
        return 0, None
    if random == "real":
        return int(RandomRight.DRAW), None
    if isinstance(random, str):
        raise ValueError(f"random: expected 'real', 'none' or a seed; got {random!r}")
    return int(RandomRight.DRAW), _check_seed(random)


def _check_seed(seed: object) -> int:
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise TypeError(f"random: a seed is an int; got {type(seed).__name__}")
    if not 0 <= seed < _SEEDS:
        raise ValueError(f"random: a seed is a number from 0 to 2^64 - 1; got {seed}")
    return seed


ONE_OF_EACH: Final = (time_and_chance("real", None), time_and_chance(None, "real"), time_and_chance(None, 0))
"""A clock, the host's random numbers, and those of a seed."""
