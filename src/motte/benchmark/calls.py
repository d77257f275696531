"""``motte bench calls``: what calls between Python and compiled code cost, beside ctypes, cffi and wasmtime.

All contenders are called in the same process, in turns: each round times every contender once, so that what else the
machine does hits all of them alike.  The minimum over the rounds counts.  Times are of the calling thread's processor.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import motte
from motte.benchmark.kernel_figures import Figure

SOURCE: Final = Path(__file__).parent / "guests" / "called.c"
CALLBACKS: Final = 200
PAGE: Final = bytes(4096)

Call = Callable[[], object]
Calls = Mapping[str, Call]
"""By what is measured."""

MEASURED: Final = ("add(2, 3)", "multiply(2.0, 3.0)", "sum(4096 bytes)", "call of a Python function")
OTHERS: Final = ("ctypes", "cffi", "wasmtime")
CALL_GOAL_NS: Final = 300.0
"""Beyond a call of an empty Python function with as many arguments."""

HOST_CALL_GOAL_NS: Final = 500.0

WAT: Final = """(module
  (import "host" "twice" (func $twice (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)
  (func (export "multiply") (param f64 f64) (result f64) local.get 0 local.get 1 f64.mul)
  (func (export "sum") (param $p i32) (param $n i32) (result i64) (local $t i64)
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get $n)))
      (local.set $t (i64.add (local.get $t) (i64.load8_u (local.get $p))))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $next)))
    local.get $t)
  (func (export "call_back") (param $n i32) (result i32) (local $i i32) (local $t i32)
    (block $done (loop $next
      (br_if $done (i32.eq (local.get $i) (local.get $n)))
      (local.set $t (i32.add (local.get $t) (call $twice (local.get $i))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $next)))
    local.get $t))"""


@dataclass
class CallFigures:
    """Nanoseconds per call: the shortest of all rounds, by contender and by what was called."""

    shortest: dict[str, dict[str, float]] = field(default_factory=dict)

    def note(self, contender: str, what: str, nanoseconds: float) -> None:
        """One round's."""
        known = self.shortest.setdefault(contender, {})
        known[what] = min(nanoseconds, known.get(what, nanoseconds))

    def figures(self) -> list[Figure]:
        """Of Motte, with the others beside it."""
        return [self._figure(what) for what in MEASURED]

    def _figure(self, what: str) -> Figure:
        python, own = self.shortest["Python"][what], self.shortest["motte"][what]
        goal = {MEASURED[0]: python + CALL_GOAL_NS, MEASURED[1]: python + CALL_GOAL_NS, MEASURED[3]: HOST_CALL_GOAL_NS}
        peers = {name: self.shortest.get(name, {}).get(what) for name in OTHERS}
        note = f"an empty Python function: {python:.0f}; beyond that: {own - python:.0f}"
        return Figure(what, own, "ns", goal.get(what), peers=peers, note=note)


def twice(value: motte.i32) -> motte.i32:
    """What guests call."""
    return 2 * value


def measure_calls(
    rounds: int, directory: Path, progress: Callable[[str], None], warn: Callable[[str], None]
) -> CallFigures:
    """All contenders that are installed; of others ``warn`` is told."""
    figures = CallFigures()
    with ExitStack() as stack:
        contenders = {"Python": _python()}
        progress("building")
        for name, make in (("motte", _motte), ("ctypes", _ctypes), ("cffi", _cffi), ("wasmtime", _wasmtime)):
            if name in {"cffi", "wasmtime"} and importlib.util.find_spec(name) is None:
                warn(f"{name} is not installed: its column is empty")
                continue
            contenders[name] = stack.enter_context(make(directory))
        for number in range(rounds):
            progress(f"round {number + 1} of {rounds}")
            for what in MEASURED:
                for name, calls in contenders.items():
                    figures.note(name, what, _nanoseconds(calls[what], CALLBACKS if what == MEASURED[-1] else 1))
    return figures


def _nanoseconds(call: Call, calls_in_one: int) -> float:
    """Of one call, in a batch of a few milliseconds."""
    batch = 1
    while True:
        start = time.thread_time_ns()
        for _ in range(batch):
            call()
        spent = time.thread_time_ns() - start
        if spent > 5_000_000:
            return spent / batch / calls_in_one
        batch *= 4


def _python() -> Calls:
    def empty(_a: object = 0, _b: object = 0) -> None:
        """Nothing."""

    def loop() -> None:
        for value in range(CALLBACKS):
            twice(value)

    return {
        MEASURED[0]: lambda: empty(2, 3),
        MEASURED[1]: lambda: empty(2.0, 3.0),
        MEASURED[2]: lambda: empty(PAGE, 4096),
        MEASURED[3]: loop,
    }


def _calls(add: Any, multiply: Any, total: Any, call_back: Any) -> Calls:
    return {
        MEASURED[0]: lambda: add(2, 3),
        MEASURED[1]: lambda: multiply(2.0, 3.0),
        MEASURED[2]: lambda: total(PAGE, 4096),
        MEASURED[3]: lambda: call_back(CALLBACKS),
    }


@contextmanager
def _motte(_directory: Path) -> Iterator[Calls]:
    with motte.Machine() as machine:
        program = machine.load(SOURCE, motte.BuildOptions(define=["__MOTTE__"]))
        with machine.spawn(program, start=False, grants={"twice": motte.host_function(twice)}) as process:
            yield _calls(*map(process.function, ("add", "multiply", "sum", "call_back")))


def _native(directory: Path) -> Path:
    library = directory / "calls.so"
    if not library.exists():
        command = [sys.executable, "-m", "ziglang", "cc", "-O3", "-shared", "-fPIC", str(SOURCE), "-o", str(library)]
        subprocess.run(command, check=True)
    return library


@contextmanager
def _ctypes(directory: Path) -> Iterator[Calls]:
    library = ctypes.CDLL(str(_native(directory)))
    library.add.argtypes = [ctypes.c_int, ctypes.c_int]
    library.multiply.argtypes, library.multiply.restype = [ctypes.c_double, ctypes.c_double], ctypes.c_double
    library.sum.argtypes, library.sum.restype = [ctypes.c_char_p, ctypes.c_size_t], ctypes.c_uint64
    callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(twice)
    library.set_callback(callback)
    yield _calls(library.add, library.multiply, library.sum, library.call_back)


@contextmanager
def _cffi(directory: Path) -> Iterator[Calls]:
    ffi = importlib.import_module("cffi").FFI()
    ffi.cdef(
        "int add(int, int); double multiply(double, double); uint64_t sum(const char *, size_t); int call_back(int);"
        "void set_callback(int (*)(int));"
    )
    library = ffi.dlopen(str(_native(directory)))
    callback = ffi.callback("int(int)", twice)
    library.set_callback(callback)
    yield _calls(library.add, library.multiply, library.sum, library.call_back)


@contextmanager
def _wasmtime(_directory: Path) -> Iterator[Calls]:
    wasmtime: Any = importlib.import_module("wasmtime")
    store = wasmtime.Store()
    integer = wasmtime.ValType.i32()
    host = wasmtime.Func(store, wasmtime.FuncType([integer], [integer]), twice)
    instance = wasmtime.Instance(store, wasmtime.Module(store.engine, WAT), [host])
    exports = instance.exports(store)
    memory, total = exports["memory"], exports["sum"]

    def sum_of(data: bytes, size: int) -> object:
        memory.write(store, data, 1024)
        return total(store, 1024, size)

    yield {
        MEASURED[0]: lambda: exports["add"](store, 2, 3),
        MEASURED[1]: lambda: exports["multiply"](store, 2.0, 3.0),
        MEASURED[2]: lambda: sum_of(PAGE, 4096),
        MEASURED[3]: lambda: exports["call_back"](store, CALLBACKS),
    }
