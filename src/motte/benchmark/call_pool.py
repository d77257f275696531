"""What a fresh instance costs: from a pool, made at the moment, and an instance of wasmtime's from a compiled module.

All of them can be called, and remember nobody; ctypes and cffi have no such thing.  Times are of a
clock on the wall, in turns: a pool's processes are made by a thread of its own.
"""

from __future__ import annotations

import importlib
import importlib.util
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any, Final

import motte
from motte.benchmark.calls import SOURCE, WAT, twice
from motte.benchmark.kernel_figures import Figure, median, percentile

READY: Final = 64
CHECKOUTS_EACH_ROUND: Final = 200

CHECKOUT: Final = "checkout of a ready process"
POOLED: Final = "checkout, one call, close"
SPAWNED: Final = "without a pool: spawn, one call, close"

_CHECKOUT_GOAL_US: Final = 20.0


def pool_figures(rounds: int, progress: Callable[[str], None]) -> list[Figure]:
    """Microseconds; medians over all rounds."""
    samples: dict[str, list[float]] = {CHECKOUT: [], POOLED: [], SPAWNED: [], "wasmtime": []}
    with ExitStack() as stack:
        machine = stack.enter_context(motte.Machine())
        program = machine.load(SOURCE, motte.BuildOptions(define=["__MOTTE__"]))
        grants = {"twice": motte.host_function(twice)}

        def bind(process: motte.Process) -> None:
            process.function("add")

        pool = stack.enter_context(machine.pool(program, warm=READY, prepare=bind, grants=grants))
        makers: Mapping[str, Callable[[], None]] = {
            POOLED: lambda: _use(pool.checkout()),
            SPAWNED: lambda: _use(machine.spawn(program, start=False, grants=grants)),
            **_wasmtime(),
        }
        for number in range(rounds):
            progress(f"fresh instances: round {number + 1} of {rounds}")
            samples[CHECKOUT] += _checkouts(pool)
            for name, make in makers.items():
                pool.fill()
                samples[name] += [_microseconds(make) for _ in range(CHECKOUTS_EACH_ROUND)]
    wasmtime = {"wasmtime": median(samples["wasmtime"]) if samples["wasmtime"] else None}
    return [
        _figure(CHECKOUT, samples[CHECKOUT], _CHECKOUT_GOAL_US, {}),
        _figure(POOLED, samples[POOLED], None, wasmtime),
        _figure(SPAWNED, samples[SPAWNED], None, wasmtime),
    ]


def _figure(name: str, samples: list[float], goal: float | None, peers: Mapping[str, float | None]) -> Figure:
    note = f"median; p99 {percentile(samples, 99):.1f}"
    return Figure(name, median(samples), "µs", goal, peers=peers, note=note, samples=samples)


def _microseconds(action: Callable[[], object]) -> float:
    start = time.perf_counter_ns()
    action()
    return (time.perf_counter_ns() - start) / 1000


def _checkouts(pool: motte.Pool) -> list[float]:
    taken: list[motte.Process] = []
    times = []
    for number in range(CHECKOUTS_EACH_ROUND):
        if number % (READY // 4) == 0:
            pool.fill()  # who waits for one to be made is what `POOLED` has in it
        times.append(_microseconds(lambda: taken.append(pool.checkout())))
    for process in taken:
        process.close()
    return times


def _use(process: motte.Process) -> None:
    with process:
        process.function("add")(2, 3)


def _wasmtime() -> dict[str, Callable[[], None]]:
    if importlib.util.find_spec("wasmtime") is None:
        return {}
    wasmtime: Any = importlib.import_module("wasmtime")
    engine = wasmtime.Engine()
    module = wasmtime.Module(engine, WAT)
    integer = wasmtime.ValType.i32()
    kind = wasmtime.FuncType([integer], [integer])

    def use() -> None:
        store = wasmtime.Store(engine)
        instance = wasmtime.Instance(store, module, [wasmtime.Func(store, kind, twice)])
        instance.exports(store)["add"](store, 2, 3)

    return {"wasmtime": use}
