"""Runs native programs in a bare process, which maps their plan and serves the few kernel calls that they need.

What isolates native programs is not here; this is for what the toolchain makes.
"""

from __future__ import annotations

import os
import struct
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from motte.build import artifact_of
from motte.build_options import BuildOptions
from motte.image.native import NativeArtifact, NativePlan, native_plan

SOURCE: Final = Path(__file__).with_suffix(".c")
STACK_BYTES: Final = 8 << 20
BLOCK_ADDRESS: Final = 0xE000_0000
"""Of argc, argv and so on: anywhere in the window that is free."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a program ended: exit status, or the negative number of a signal."""

    status: int
    stdout: bytes
    stderr: bytes
    results: tuple[int, ...] = ()
    """Of the functions that were called."""


@cache
def _executable() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="motte-bare-"))
    executable = folder / "bare_process"
    command = [os.environ.get("CC", "cc"), "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-o", executable, SOURCE]
    subprocess.run(command, check=True)
    return executable


def built(*sources: str | Path | bytes, options: BuildOptions | None = None) -> NativePlan:
    """The plan of a native program."""
    options = options or BuildOptions(native=True)
    return native_plan(NativeArtifact.read(artifact_of(sources, options)))


def run(plan: NativePlan, *arguments: str, stdin: bytes = b"") -> Done:
    """Start it, and wait for its end."""
    return _run(plan, ("program", *arguments), stdin, called=None)


def call(plan: NativePlan, *calls: tuple[str, Sequence[int]]) -> Done:
    """Prepare it, and call exported functions by name, with integers."""
    prototypes = plan.artifact.claimed_prototypes
    words = []
    for name, values in calls:
        words += [plan.function_address(prototypes[name][0]), *values, *([0] * (6 - len(values)))]
    return _run(plan, ("library",), b"", called=words)


def _run(plan: NativePlan, arguments: tuple[str, ...], stdin: bytes, called: list[int] | None) -> Done:
    stack = plan.data_stack(STACK_BYTES)
    mappings = [
        (plan.code_base, len(plan.code), 1, 0, plan.code),
        *((each.address, each.size, 0, int(each.writable), bytes(each.contents)) for each in plan.segments),
        (BLOCK_ADDRESS, 1 << 16, 0, 1, _block(arguments)),
    ]
    head = (plan.entry, stack.low, stack.high, BLOCK_ADDRESS, called is not None, len(mappings), len(called or ()) // 7)
    content = struct.pack("<7Q", *head)
    content += b"".join(struct.pack("<5Q", *each[:4], len(each[4])) + each[4] for each in mappings)
    content += struct.pack(f"<{len(called or ())}Q", *((value & (1 << 64) - 1) for value in called or ()))
    with tempfile.TemporaryFile() as plan_file, tempfile.TemporaryFile() as results:
        plan_file.write(content)
        plan_file.seek(0)
        done = subprocess.run(
            [_executable(), str(plan_file.fileno()), str(results.fileno())],
            input=stdin,
            capture_output=True,
            pass_fds=(plan_file.fileno(), results.fileno()),
            timeout=120,
            check=False,
        )
        results.seek(0)
        answers = results.read()
    return Done(done.returncode, done.stdout, done.stderr, struct.unpack(f"<{len(answers) // 8}q", answers))


def _block(arguments: tuple[str, ...]) -> bytes:
    """argc, argv, NULL, no environment, NULL, an auxiliary vector with nothing in it; then the strings."""
    words = 1 + len(arguments) + 1 + 1 + 2
    pointers, strings = [], b""
    for argument in arguments:
        pointers.append(BLOCK_ADDRESS + 8 * words + len(strings))
        strings += os.fsencode(argument) + b"\0"
    return struct.pack(f"<{words}Q", len(arguments), *pointers, 0, 0, 0, 0) + strings
