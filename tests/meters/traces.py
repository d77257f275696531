"""What traces say: how far anybody was from its share, and how much was used in any window of time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping

from motte.testing import SimulatedProcess, Stretch


def worst_share_error(trace: Iterable[Stretch], weights: Mapping[SimulatedProcess, float], workers: int = 1) -> float:
    """The largest distance, in ticks, between anybody's use and its share, at any instant.

    Use and share are straight lines between the ends of stretches, so the worst is at one of these.
    """
    changes = sorted(
        [(stretch.start, 1, stretch.process) for stretch in trace]
        + [(stretch.end, -1, stretch.process) for stretch in trace],
        key=lambda change: change[0],
    )
    total = sum(weights.values())
    used: dict[SimulatedProcess, int] = dict.fromkeys(weights, 0)
    running: dict[SimulatedProcess, int] = dict.fromkeys(weights, 0)
    worst, before = 0.0, 0
    for time, change, process in changes:
        for one, count in running.items():
            used[one] += count * (time - before)
        running[process] += change
        before = time
        for one, weight in weights.items():
            worst = max(worst, abs(used[one] - time * workers * weight / total))
    return worst


def most_in_a_window(stretches: Iterable[tuple[int, int]], length: int) -> int:
    """The most use in any window of that length.

    As a window moves, the use in it can stop growing only where its end meets the end of a stretch, or its start the
    start of one.
    """
    stretches = list(stretches)
    changes = sorted([(start, 1) for start, _ in stretches] + [(end, -1) for _, end in stretches])
    times, used, slopes = [0], [0], [0]
    for time, change in changes:
        used.append(used[-1] + slopes[-1] * (time - times[-1]))
        times.append(time)
        slopes.append(slopes[-1] + change)

    def used_by(time: int) -> int:
        last = max(0, bisect_right(times, time) - 1)
        return used[last] + slopes[last] * (max(time, 0) - times[last])

    windows = [start for start, _ in stretches] + [end - length for _, end in stretches]
    return max((used_by(window + length) - used_by(window) for window in windows), default=0)
