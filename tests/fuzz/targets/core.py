"""The core's loading and spawning, and the system calls of a hostile guest, under the sanitizers.

An input is JSON: options of a spawn that differ from good ones, the sizes of a code region, system calls that the
guest makes, and windows of memory that the host looks at afterwards.  Every step may be refused with an
exception that its documentation names; whatever happens, the process stops and closes.
"""

from __future__ import annotations

import json
import os
import struct
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from core.snippets import DATA, DATA_SIZE, DATA_STACK, SCRIPT, SCRIPT_END, Program, publish
from fuzz.mutations import EDGES, Mutator
from fuzz.target import Outcome
from motte import core
from motte.abi.layout import PAGE_SIZE
from motte.errors import MotteError

MEMORY = None
MILLISECOND = 1_000_000
REFUSALS = (MotteError, ValueError, OverflowError, TypeError, OSError, MemoryError)
GOOD: dict[str, Any] = {
    "region": [PAGE_SIZE, PAGE_SIZE],
    "options": {
        "entry": 0,
        "segments": [[DATA, "", PAGE_SIZE + DATA_SIZE, True]],
        "data_stack": list(DATA_STACK),
        "data_stack_variables": [0, 0],
        "arguments": ["program"],
        "environment": ["A=b"],
        "native_stack": 1 << 20,
        "cpu_ns": 20 * MILLISECOND,
        "wall_ns": 20 * MILLISECOND,
        "output_limit": 4096,
        "open_files": 16,
    },
    "bank": 4096,
    "calls": [[39], [1, 1, DATA, 16], [257, 3, DATA, 0o102, 0o600], [9, 0, 8192, 3, 0x22, -1, 0]],
    "looks": [[DATA, 64]],
}
MOST_CALLS = 12
CALL_NUMBERS = 335
CALLS_AT_ONCE = 7


def seeds() -> list[bytes]:
    return [json.dumps(GOOD).encode()]


def mutate(mutator: Mutator) -> bytes:
    random = mutator.random
    case = json.loads(mutator.pick())
    for _ in range(random.randint(1, 3)):
        part = random.choice(["options", "region", "bank", "looks", *["calls"] * 8])
        if part == "calls":
            case["calls"] = [_call(mutator) for _ in range(random.randint(1, MOST_CALLS))]
        elif part == "bank":
            case["bank"] = random.choice(EDGES)
        elif part == "looks":
            case["looks"] = [[_number(mutator), _number(mutator) % (1 << 20)] for _ in range(3)]
        elif part == "region":
            case["region"] = [_number(mutator) % (1 << 33), _number(mutator) % (1 << 33)]
        else:
            _change_option(case["options"], mutator)
    return json.dumps(case).encode()


def _number(mutator: Mutator) -> int:
    near = (DATA, DATA_STACK[0], DATA_STACK[0] + DATA_STACK[1], 1 << 32, 0x8000_0000)
    if mutator.random.random() < 0.4:
        return mutator.random.choice(near) + mutator.random.choice((-PAGE_SIZE, -8, -1, 0, 1, 8, PAGE_SIZE))
    return mutator.random.choice(EDGES)


def _call(mutator: Mutator) -> list[int]:
    number = mutator.random.randrange(CALL_NUMBERS)
    small = [0, 1, 2, 3, 4, 5, 8, 16, 64, 0o102, -1, -100]
    arguments = [mutator.random.choice(small) if mutator.random.random() < 0.5 else _number(mutator) for _ in range(6)]
    return [number, *arguments]


def _change_option(options: dict[str, Any], mutator: Mutator) -> None:
    random = mutator.random
    name = random.choice(list(options))
    number = _number(mutator) * random.choice((1, 1, 1, -1))
    if name == "segments":
        count = random.randint(0, 4)
        segments = [[_number(mutator), "x" * random.choice((0, 1, 5000)), _number(mutator), True] for _ in range(count)]
        options[name] = sorted(segments) if random.random() < 0.7 else segments
    elif name in {"data_stack", "data_stack_variables"}:
        options[name] = [random.choice((number, *options[name])), _number(mutator)]
    elif name in {"arguments", "environment"}:
        options[name] = ["x" * random.choice((0, 1, 100, 100_000)) for _ in range(random.choice((0, 1, 3, 1000)))]
    else:
        options[name] = random.choice((number, None))


@cache
def _program() -> Program:
    return publish(SCRIPT)


@cache
def _meter() -> core.Meter:
    return core.Scheduler(2).root


@cache
def _directory() -> int:
    return os.open(tempfile.mkdtemp(prefix="motte-fuzz-"), os.O_PATH | os.O_DIRECTORY)


def _try_region(sizes: list[int]) -> None:
    try:
        region = core.CodeRegion(*sizes)
    except REFUSALS:
        return
    try:
        if sum(sizes) <= 1 << 24:
            region.fill(b"\xcc" * sizes[0], bytes(sizes[1]))
            with region.code_view() as code, region.tables_view() as tables:
                assert (len(code), len(tables)) == (sizes[0], sizes[1])
    except REFUSALS:
        pass
    finally:
        region.close()


def run(data: bytes) -> Outcome:
    case = json.loads(data)
    _try_region(case["region"])
    options = dict(case["options"])
    options["segments"] = [(at, text.encode(), size, writable) for at, text, size, writable in options["segments"]]
    words = [word % 2**64 for call in case["calls"] for word in (*call, *[0] * (CALLS_AT_ONCE - len(call)))]
    script = struct.pack(f"<{len(words)}Q", *words) + SCRIPT_END
    if options["segments"] and options["segments"][0][0] == DATA:
        options["segments"][0] = (DATA, script, *options["segments"][0][2:])
    for name in ("arguments", "environment"):
        options[name] = [text.encode() for text in options[name]]
    for name in ("data_stack", "data_stack_variables"):
        options[name] = tuple(options[name])
    null = os.open(os.devnull, os.O_RDWR)
    try:
        bank = core.Bank(case["bank"])
        granted = [(b"/desk", _directory(), True, None)]
        process = core.spawn(
            _program().region, bank=bank, meter=_meter(), streams=(null, null, -1), directories=granted, **options
        )
    except REFUSALS as refusal:
        return Outcome(False, f"{type(refusal).__name__}: {refusal}")
    finally:
        os.close(null)
    try:
        process.start()
        assert process.wait(20_000 * MILLISECOND), "the process has not stopped"
        stop, statistics = process.stop(), process.statistics()
        for address, size in case["looks"]:
            with suppress(*REFUSALS):
                assert len(process.read_memory(address, size)) == size
    finally:
        process.close()
    assert bank.used == 0
    assert statistics.pages <= case["bank"]
    return Outcome(True, f"{stop.reason.name} {stop.fault}")


def finish() -> None:
    """Remove what the guests wrote."""
    path = Path(f"/proc/self/fd/{_directory()}").resolve()
    for root, folders, files in os.walk(path, topdown=False):
        for name in files:
            Path(root, name).unlink()
        for name in folders:
            inner = Path(root, name)
            inner.unlink() if inner.is_symlink() else inner.rmdir()
    path.rmdir()
