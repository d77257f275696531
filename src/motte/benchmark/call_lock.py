"""``motte bench lock``: when it is worth giving the interpreter's lock up for the call of a guest's function.

To give the lock up, and to take it again, costs the caller something; and if another thread computes meanwhile, the
caller gets it back only when that is asked to let go of it (``sys.getswitchinterval()``, 5 ms).  To keep it costs other
threads their time.  So functions of many lengths are called both ways, and as the core decides by itself: alone, beside
a thread that computes in Python, and in two threads at once.  The best of the rounds counts, for whatever else the
machine does makes all of it worse.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import motte

if TYPE_CHECKING:
    from motte.core import Function

SOURCE: Final = Path(__file__).parent / "guests" / "steps.c"
LENGTHS_US: Final = (0.1, 0.3, 1, 3, 10, 20, 30, 50, 100, 300, 1000)
POLICIES: Final = {"given up": 0, "kept": 1_000_000_000, "as it is": None}
"""From how many nanoseconds on a function is called without the lock; ``None``: as the core has it."""

_MANY: Final = 100_000


@dataclass(frozen=True, slots=True)
class LockFigures:
    """Functions of one length under one policy.

    ``alone_ns`` is what a call takes beyond the function itself; ``beside_us`` what it takes beside a thread that
    computes, and ``share`` how much of what it does alone that thread still does; ``two_per_second`` are the calls of
    two threads together.
    """

    length_us: float
    policy: str
    alone_ns: float
    beside_us: float
    share: float
    two_per_second: float


def measure_lock(rounds: int, seconds: float, progress: Callable[[str], None]) -> list[LockFigures]:
    """All lengths under all policies; ``seconds`` for each measurement."""
    figures = []
    with motte.Machine() as machine:
        program = machine.load(SOURCE)
        processes = [machine.spawn(program, start=False, time=None) for _ in range(2)]
        functions = [process.function("steps") for process in processes]
        per_us = _steps_per_us(functions[0])
        computing = max(_computed_alone(seconds) for _ in range(rounds))
        for length in LENGTHS_US:
            progress(f"functions of {length} µs")
            calls = [_call(function, round(length * per_us)) for function in functions]
            for policy, patience in POLICIES.items():
                _set(functions, patience, calls)
                alone = min(_processor_ns(calls[0], seconds) for _ in range(rounds))
                works = partial(_work_done, alone / 1e9 / seconds, 1 / computing)
                count, other = max((_beside(calls[0], seconds) for _ in range(rounds)), key=works)
                two = max(_together(calls, seconds / 5) * 5 / seconds for _ in range(5 * rounds))
                figures.append(
                    LockFigures(
                        length,
                        policy,
                        alone - 1000 * length,
                        1e6 * seconds / max(count, 1),
                        other / computing,
                        two,
                    )
                )
        for process in processes:
            process.close()
    return figures


def _call(function: Function, steps: int) -> Callable[[], object]:
    return lambda: function(steps)


def _set(functions: list[Function], patience: int | None, calls: list[Callable[[], object]]) -> None:
    for function, call in zip(functions, calls, strict=True):
        function.patience_ns = patience
        for _ in range(100):  # how long it usually takes is found out
            call()


def _steps_per_us(function: Function) -> float:
    def timed() -> float:
        start = time.perf_counter()
        function(_MANY)
        return time.perf_counter() - start

    return _MANY / (1e6 * min(timed() for _ in range(1000)))


def _count(call: Callable[[], object], seconds: float) -> int:
    """Calls in so much time on the clock."""
    count, batch, end = 0, 1, time.perf_counter() + seconds
    while (now := time.perf_counter()) < end:
        for _ in range(batch):
            call()
        count += batch
        if time.perf_counter() - now < seconds / 100:
            batch *= 2
    return count


def _processor_ns(call: Callable[[], object], seconds: float) -> float:
    """Of the calling thread, for one call."""
    start = time.thread_time_ns()
    count = _count(call, seconds)
    return (time.thread_time_ns() - start) / count


def _compute(stop: threading.Event) -> int:
    count = 0
    while not stop.is_set():
        for _ in range(1000):
            pass
        count += 1
    return count


@contextmanager
def _thread(work: Callable[[], int], results: list[int]) -> Iterator[None]:
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _computed_alone(seconds: float) -> int:
    stop, results = threading.Event(), list[int]()
    with _thread(partial(_compute, stop), results):
        time.sleep(seconds)
        stop.set()
    return results[0]


def _beside(call: Callable[[], object], seconds: float) -> tuple[int, int]:
    """Calls beside a thread that computes, and how much that does."""
    stop, results = threading.Event(), list[int]()
    with _thread(partial(_compute, stop), results):
        count = _count(call, seconds)
        stop.set()
    return count, results[0]


def _work_done(of_call: float, of_other: float, round_: tuple[int, int]) -> float:
    """By both threads, in parts of what each could do alone: most in the round that was disturbed least."""
    return round_[0] * of_call + round_[1] * of_other


def _together(calls: list[Callable[[], object]], seconds: float) -> int:
    results: list[int] = []
    start = threading.Barrier(2)

    def count(call: Callable[[], object]) -> int:
        start.wait()
        return _count(call, seconds)

    with _thread(partial(count, calls[1]), results):
        counted = count(calls[0])
    return counted + results[0]
