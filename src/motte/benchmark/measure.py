"""Interleaved timing: every contender runs once in each round, and the minimum counts.

Machines are noisy and drift.  Running A A A B B B would give the drift to one
side; A B A B gives it to both, and the minimum over rounds drops what the noise
added.  The order within a round is rotated, so that nobody always follows the
same neighbour.
"""

from __future__ import annotations

import math
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from motte.errors import MotteError


class BenchmarkError(MotteError):
    """A contender failed, or computed something else than the others."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One contender's way to run one program: ``command`` prints ``<checksum> <nanoseconds>`` last."""

    contender: str
    command: Sequence[str]


@dataclass(slots=True)
class Timing:
    """Shortest time seen, in nanoseconds, and every sample behind it."""

    samples: list[int] = field(default_factory=list)
    checksum: str = ""

    @property
    def best_ns(self) -> int:
        """The shortest."""
        return min(self.samples)


@dataclass(frozen=True, slots=True)
class Result:
    """Timings of one program by contender name."""

    program: str
    timings: dict[str, Timing]

    def ratio(self, contender: str, baseline: str = "native") -> float | None:
        """Time relative to the baseline; ``None`` if either did not run."""
        if contender not in self.timings or baseline not in self.timings:
            return None
        return self.timings[contender].best_ns / self.timings[baseline].best_ns


def measure(program: str, entries: Sequence[Entry], rounds: int, progress: Callable[[str], None]) -> Result:
    """Time all entries in interleaved rounds.  Raises :class:`BenchmarkError` on failure or differing checksums."""
    timings = {entry.contender: Timing() for entry in entries}
    for turn in range(rounds):
        rotated = [*entries[turn % len(entries) :], *entries[: turn % len(entries)]]
        for entry in rotated:
            progress(f"{program}: round {turn + 1} of {rounds}, {entry.contender}")
            checksum, nanoseconds = _run(program, entry)
            timing = timings[entry.contender]
            timing.samples.append(nanoseconds)
            timing.checksum = checksum
    checksums = {contender: timing.checksum for contender, timing in timings.items()}
    if len(set(checksums.values())) != 1:
        raise BenchmarkError(f"{program}: the contenders disagree: {checksums}")
    return Result(program, timings)


def _run(program: str, entry: Entry) -> tuple[str, int]:
    done = subprocess.run(entry.command, capture_output=True, text=True, timeout=600, check=False)
    try:
        checksum, nanoseconds = done.stdout.splitlines()[-1].split()
        if done.returncode == 0:
            return checksum, int(nanoseconds)
    except (IndexError, ValueError):
        pass
    said = (done.stderr or done.stdout).strip()[-500:]
    raise BenchmarkError(f"{program}: {entry.contender} ended with status {done.returncode}: {said}")


def geometric_mean(values: Sequence[float]) -> float:
    """The mean for ratios.

    >>> geometric_mean([0.5, 2.0])
    1.0
    """
    return math.exp(sum(map(math.log, values)) / len(values))
