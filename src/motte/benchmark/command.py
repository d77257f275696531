"""``motte bench code``: build, measure, print the table, write the plot and the raw figures."""

from __future__ import annotations

import importlib.util
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from motte.benchmark.contenders import CONTENDERS, entries_for
from motte.benchmark.measure import Result, measure
from motte.benchmark.programs import KERNELS, REAL_PROGRAMS, Program
from motte.benchmark.report import rows, write_svg


def select(names: Sequence[str], kernels_only: bool) -> list[Program]:
    """The programs to measure.  Raises ``ValueError`` naming an unknown one."""
    known = {program.name: program for program in (*KERNELS, *(() if kernels_only else REAL_PROGRAMS))}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"unknown benchmark {', '.join(unknown)}; there are {', '.join(known)}")
    return [known[name] for name in names] if names else list(known.values())


def run_benchmark(
    programs: Sequence[Program],
    rounds: int,
    output: Path | None,
    progress: Callable[[str], None],
    warn: Callable[[str], None],
) -> list[list[str]]:
    """Table rows; the last is the geometric mean.

    With ``output``, writes ``code.svg`` and ``code.json`` (every sample) there.
    """
    wasm = importlib.util.find_spec("wasmtime") is not None
    if not wasm:
        warn("wasmtime is not installed: its columns are empty (pip install 'motte[bench]')")
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="motte-bench-") as scratch:
        for program in programs:
            progress(f"{program.name}: building")
            entries = entries_for(program, Path(scratch), wasm, warn)
            results.append(measure(program.name, entries, rounds, progress))
    if output:
        output.mkdir(parents=True, exist_ok=True)
        write_svg(results, CONTENDERS, output / "code.svg")
        samples = {result.program: {name: t.samples for name, t in result.timings.items()} for result in results}
        (output / "code.json").write_text(json.dumps({"unit": "ns", "samples": samples}, indent=1) + "\n")
    return rows(results, CONTENDERS)
