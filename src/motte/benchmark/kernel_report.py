"""The table of ``motte bench kernel`` and ``motte bench calls``, and their figures as JSON."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from motte.benchmark.kernel_figures import Figure

_COLUMNS: Final = ("figure", "value", "goal", "", "others")
_WIDTH_OF_FILES: Final = 132


def number(value: float) -> str:
    """Three digits that count, and no exponent.

    >>> [number(value) for value in (0.1234, 12.34, 123456.7)]
    ['0.123', '12.3', '123,457']
    """
    decimals = 3 if abs(value) < 2 else 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:,.{decimals}f}"


def _row(figure: Figure) -> list[str]:
    value = f"{number(figure.value)} {figure.unit}".strip()
    if figure.interval is not None:
        low, high = figure.interval
        value += f" ({number(low)} … {number(high)})"
    goal = "" if figure.goal is None else f"{'≥' if figure.at_least else '≤'} {number(figure.goal)}"
    mark = {None: "", True: "✓", False: "✗"}[figure.met]
    others = (f"{name} {'absent' if its is None else number(its)}" for name, its in figure.peers.items())
    name = f"{figure.name}\n  [dim]{figure.note}[/]" if figure.note else figure.name
    return [name, value, goal, mark, ", ".join(others)]


def print_figures(figures: Sequence[Figure], where: str) -> None:
    """The table on standard output; a figure's note stands below its name."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH_OF_FILES)
    table = Table(*_COLUMNS, box=None, pad_edge=False)
    table.columns[0].no_wrap = table.columns[1].no_wrap = True
    table.columns[1].justify = table.columns[2].justify = "right"
    for figure in figures:
        table.add_row(*_row(figure))
    console.print(table)
    console.print(where)


def circumstances() -> str:
    """Where and beside what this was measured, in a line."""
    processor = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    load = ", ".join(f"{average:.2f}" for average in os.getloadavg())
    cpus = len(os.sched_getaffinity(0))
    return f"{processor}, {cpus} CPUs, Linux {platform.release()}; load average {load}"


def write_json(figures: Sequence[Figure], where: str, path: Path) -> None:
    """Every figure with its samples, and the circumstances ``where``."""
    content = {"circumstances": where, "figures": [{**asdict(figure), "met": figure.met} for figure in figures]}
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
