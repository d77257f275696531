"""What a guest waits for that asks the host: a look, a change, a timer, a process that is made and waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from motte.benchmark.kernel_figures import Figure, Scale, median, percentile
from motte.benchmark.kernel_guests import Bench, bench
from motte.services.offering import HostService

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Way(NamedTuple):
    """One thing that guests ask for."""

    name: str
    mode: str
    goal: float | None
    requests: int
    """That it takes."""


_WAYS = (
    _Way("a guest looks at its bank", "figures", 15, 1),
    _Way("a guest changes a meter's weight", "change", 15, 1),
    _Way("a guest sets a timer and cancels it", "timer", None, 2),
    _Way("a guest starts a process, and waits for its end", "spawn", 60, 3),
)


def services(scale: Scale) -> list[Figure]:
    """On one worker."""
    with bench(workers=1) as here, here.machine.bank.sub() as bank:
        grants = {
            "bank": bank,
            "meter": here.machine.meter.sub(),
            "timers": HostService.TIMERS,
            "program": here.program("empty"),
        }
        return [_figure(here, way, scale.requests, grants) for way in _WAYS]


def _figure(here: Bench, way: _Way, count: int, grants: Mapping[str, object]) -> Figure:
    arguments = [way.mode, str(count)]
    process = here.machine.spawn(
        here.program("services"), arguments, time=None, stderr=None, grants=grants, processes=2
    )
    taken = [nanoseconds / 1000 for nanoseconds in here.numbers(process)]
    process.close()
    warm = taken[len(taken) // 10 :]
    requests = f"{way.requests} request{'s' if way.requests > 1 else ''}"
    note = f"{requests}; the shortest {min(warm):.1f}, of a hundred 99 below {percentile(warm, 99):.1f}"
    return Figure(way.name, median(warm), "µs", way.goal, note=note, samples=warm)
