"""Compiles in a limited child process; the only entry for the rest of the package.

The problem: LLVM's readers, passes and code generator meet hostile input, and are
not written to survive it; they abort, recurse without bound, or loop.

The answer: one private directory with the request, one child that can read and
write nothing else, limits on its time and memory, and :class:`CompileError` for
however it ends.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import motte
from motte.abi.limits import DEFAULT_LIMITS
from motte.abi.native_only import NativeOnly
from motte.compiler.unit import CompileRequest, ConfinedUnit
from motte.errors import CompileError
from motte.toolchain.sandbox import ChildResult, launch_child

REQUEST_FILE: Final = "request.json"
RESULT_FILE: Final = "result.json"
_WALL_FACTOR: Final = 5
_START: Final = "import sys; sys.path.insert(0, sys.argv[1]); from motte.compiler.child import main; main(sys.argv[2])"


def run_child(
    requests: Sequence[CompileRequest],
    *,
    cpu_seconds: float = DEFAULT_LIMITS.compile_time,
    memory_bytes: int = DEFAULT_LIMITS.compile_memory,
    wall_seconds: float | None = None,
    progress: Callable[[str], None] | None = None,
) -> list[ConfinedUnit]:
    """Compile units one after the other in one child; results in the order of the requests.

    ``progress`` gets lines ``unit name: what is being done``.  Raises :class:`CompileError` if any unit is
    refused, or if the child crashes, hangs, or reaches a limit.  ``cpu_seconds`` and ``memory_bytes`` hold for
    each process of the child; ``wall_seconds`` is there for a child that sleeps, not for a slow machine.
    """
    with tempfile.TemporaryDirectory(prefix="motte-compile-") as private:
        directory = Path(private)
        _write_request(directory, requests)
        root = Path(motte.__file__).parent.parent
        child = launch_child(
            [sys.executable, "-I", "-B", "-c", _START, str(root), private],
            readable=[root],
            writable=[directory],
            cpu_seconds=cpu_seconds,
            memory_bytes=memory_bytes,
            wall_seconds=_WALL_FACTOR * cpu_seconds if wall_seconds is None else wall_seconds,
            progress=progress,
        )
        return _read_result(directory, requests, child)


def _write_request(directory: Path, requests: Sequence[CompileRequest]) -> None:
    units = []
    for number, request in enumerate(requests):
        files = [f"{number}.{part}.module" for part in range(len(request.modules))]
        for file, module in zip(files, request.modules, strict=True):
            (directory / file).write_bytes(module)
        units.append(
            {"name": request.name, "modules": files, "options": request.options.to_json(), "stage": request.stage}
        )
    (directory / REQUEST_FILE).write_text(json.dumps(units))


def _read_result(directory: Path, requests: Sequence[CompileRequest], child: ChildResult) -> list[ConfinedUnit]:
    """What the child claims is checked only as far as reading it goes: its objects will be verified."""
    result = directory / RESULT_FILE
    if child.returncode != 0 or not result.exists():
        message = f"the compiler {child.describe()}{_last_words(child.stderr)}"
        raise CompileError(message, _text(child.stderr), crashed=True)
    claimed: dict[str, Any] = json.loads(result.read_text())
    if "error" in claimed:
        reason = claimed["native_only"]
        raise CompileError(
            str(claimed["error"]),
            str(claimed["diagnostics"]),
            native_only=None if reason is None else NativeOnly(reason),
        )
    return [
        ConfinedUnit(
            request.name,
            tuple((directory / f"{number}.{part}.object").read_bytes() for part in range(int(unit["objects"]))),
            tuple(map(str, unit["required_features"])),
        )
        for number, (request, unit) in enumerate(zip(requests, claimed["units"], strict=True))
    ]


def _text(stderr: bytes) -> str:
    return stderr.decode("utf-8", "replace").strip()


def _last_words(stderr: bytes) -> str:
    """LLVM's last complaint, which names the reason of an abort."""
    lines = [line for line in _text(stderr).splitlines() if line.strip()]
    complaints = [line for line in lines if line.startswith("LLVM ERROR")] or lines[-1:]
    return f": {complaints[-1].strip()[:300]}" if complaints else ""
