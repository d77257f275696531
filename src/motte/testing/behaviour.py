"""What a simulated process does: any iterable of acts, which it performs one after the other until the last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Run:
    """Use the processor for so many ticks, at least 1; ``None``: for ever."""

    ticks: int | None = None


@dataclass(frozen=True, slots=True)
class Sleep:
    """Want nothing for so many ticks, at least 1."""

    ticks: int


Act = Run | Sleep


def spin() -> Iterator[Act]:
    """An endless loop."""
    yield Run()


def repeat(*acts: Act) -> Iterator[Act]:
    """The same acts again and again."""
    while True:
        yield from acts
