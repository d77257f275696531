"""Others that do the same: Linux by its primitives, Python's subprocess, wasmtime, Erlang's BEAM.

One that is not installed answers nothing.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from motte.benchmark.kernel_guests import GUESTS
from motte.benchmark.measure import BenchmarkError

_EMPTY_MODULE = '(module (memory 1) (func (export "run")))'

_BEAM = """
Time = fun(F) -> S = erlang:monotonic_time(nanosecond), F(), erlang:monotonic_time(nanosecond) - S end,
Least = fun(N, F) -> lists:min([F() || _ <- lists:seq(1, N)]) end,
Spawn = fun() -> Time(fun() -> [begin {_, R} = spawn_monitor(fun() -> ok end), receive {'DOWN', R, _, _, _} -> ok end
    end || _ <- lists:seq(1, 1000)] end) / 1000 end,
Burst = fun() -> Time(fun() -> Rs = [element(2, spawn_monitor(fun() -> ok end)) || _ <- lists:seq(1, 1000)],
    [receive {'DOWN', R, _, _, _} -> ok end || R <- Rs] end) / 1000 end,
Yield = fun Y(0) -> ok; Y(N) -> erlang:yield(), Y(N - 1) end,
Switch = fun() -> Time(fun() -> {_, R} = spawn_monitor(fun() -> Yield(10000) end), Yield(10000),
    receive {'DOWN', R, _, _, _} -> ok end end) / 20000 end,
Idle = spawn(fun() -> receive stop -> ok end end),
erlang:yield(), timer:sleep(10),
{memory, Bytes} = process_info(Idle, memory),
io:format("spawn ~f~nburst ~f~nswitch ~f~nidle_bytes ~p~n",
    [Least(20, Spawn), Least(20, Burst), Least(50, Switch), Bytes]),
halt().
"""


def linux() -> dict[str, float]:
    """``call``, ``switch``, ``fork`` and ``posix_spawn``, and ``timer_ns``; empty without a C compiler."""
    with tempfile.TemporaryDirectory(prefix="motte-bench-") as scratch:
        executable = Path(scratch) / "linux"
        compiler = _host_compiler()
        if compiler is None:
            return {}
        command = [*compiler, "-O2", "-o", str(executable), str(GUESTS / "linux.c")]
        built = subprocess.run(command, capture_output=True, text=True, check=False)
        if built.returncode:
            raise BenchmarkError(f"linux.c does not compile: {built.stderr.strip()[-500:]}")
        output = subprocess.run([executable], capture_output=True, text=True, check=True, timeout=300).stdout
    return _named_numbers(output)


def _host_compiler() -> list[str] | None:
    if compiler := os.environ.get("CC") or shutil.which("cc"):
        return [compiler]
    return [sys.executable, "-m", "ziglang", "cc"] if importlib.util.find_spec("ziglang") else None


def _named_numbers(output: str) -> dict[str, float]:
    return {name: float(number) for name, number in (line.split() for line in output.splitlines())}


def beam() -> dict[str, float]:
    """Nanoseconds of ``spawn``, ``burst`` and ``switch`` on one scheduler, and ``idle_bytes``; empty without BEAM."""
    if shutil.which("erl") is None:
        return {}
    command = ["erl", "+S", "1", "-noshell", "-eval", _BEAM]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise BenchmarkError(f"erl failed: {(done.stderr or done.stdout).strip()[-500:]}")
    return _named_numbers(done.stdout)


def shortest_ns(operation: Callable[[], object], count: int) -> float:
    """Of ``count`` calls."""
    best = 1 << 62
    for _ in range(count):
        start = time.perf_counter_ns()
        operation()
        best = min(best, time.perf_counter_ns() - start)
    return float(best)


def subprocess_ns(count: int) -> float:
    """``subprocess.run`` of ``/bin/true``."""
    return shortest_ns(lambda: subprocess.run(["/bin/true"], check=True), count)


def wasmtime_ns(count: int) -> float | None:
    """A store, an instance of a module with one page of memory, and its empty function, called from Python."""
    if importlib.util.find_spec("wasmtime") is None:
        return None
    import wasmtime

    engine = wasmtime.Engine()
    module = wasmtime.Module(engine, _EMPTY_MODULE)

    def instantiate() -> None:
        store = wasmtime.Store(engine)
        run = wasmtime.Instance(store, module, []).exports(store)["run"]
        assert isinstance(run, wasmtime.Func)
        run(store)

    return shortest_ns(instantiate, count)
