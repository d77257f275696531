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


def linux() -> dict[str, float]:
    """``call``, ``switch``, ``fork`` and ``posix_spawn``, and ``timer_ns``; empty without a C compiler."""
    with tempfile.TemporaryDirectory(prefix="motte-bench-") as scratch:
        executable = str(Path(scratch) / "linux")
        compiler = _host_compiler()
        if compiler is None:
            return {}
        _output([*compiler, "-O2", "-o", executable, str(GUESTS / "linux.c")])
        return _named_numbers(_output([executable]))


def _host_compiler() -> list[str] | None:
    if compiler := os.environ.get("CC") or shutil.which("cc"):
        return [compiler]
    return [sys.executable, "-m", "ziglang", "cc"] if importlib.util.find_spec("ziglang") else None


def _named_numbers(output: str) -> dict[str, float]:
    return {name: float(number) for name, number in (line.split() for line in output.splitlines())}


def beam() -> dict[str, float]:
    """Nanoseconds of ``spawn``, ``burst`` and ``switch`` on one scheduler, and ``idle_bytes``; empty without BEAM."""
    if shutil.which("erl") is None or shutil.which("erlc") is None:
        return {}
    with tempfile.TemporaryDirectory(prefix="motte-bench-") as scratch:
        _output(["erlc", "-o", scratch, str(GUESTS / "beam.erl")])
        return _named_numbers(_output(["erl", "+S", "1", "-noshell", "-pa", scratch, "-s", "beam", "main"]))


def _output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise BenchmarkError(f"{command[0]} failed: {(done.stderr or done.stdout).strip()[-500:]}")
    return done.stdout


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
