"""All figures of ``motte bench kernel``, by groups, each measured in a process of its own.

In one process, what a group leaves behind (windows that wait for the next process, page tables, heap) would be in the
figures of the next.  ``python -m motte.benchmark.kernel_groups GROUP SCALE`` measures one group and prints it as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

from motte.benchmark.kernel_blocks import blocks
from motte.benchmark.kernel_calls import calls
from motte.benchmark.kernel_cells import cells
from motte.benchmark.kernel_crowd import idle_in_core, idle_processes, many
from motte.benchmark.kernel_deep_sleep import deep_sleepers
from motte.benchmark.kernel_figures import Figure, Scale
from motte.benchmark.kernel_limits import budgets, ends
from motte.benchmark.kernel_messages import fan_in, messages
from motte.benchmark.kernel_preemption import preempted_programs, preemption_cost
from motte.benchmark.kernel_services import services
from motte.benchmark.kernel_sharing import share_error, two_workers, wake_ups
from motte.benchmark.kernel_spawn import spawns
from motte.benchmark.measure import BenchmarkError
from motte.errors import MotteError

GROUPS: Final[dict[str, Callable[[Scale], list[Figure]]]] = {
    "calls": calls,
    "messages": messages,
    "fan-in": fan_in,
    "services": services,
    "blocks": blocks,
    "spawn": spawns,
    "idle": idle_in_core,
    "idle-python": idle_processes,
    "deep-sleep": deep_sleepers,
    "many": many,
    "preemption": preemption_cost,
    "programs": preempted_programs,
    "workers": two_workers,
    "shares": share_error,
    "wake-ups": wake_ups,
    "budgets": budgets,
    "ends": ends,
    "cells": cells,
}

_ONE_CROWD_EACH: Final = ("idle", "idle-python", "deep-sleep")


def measure_groups(names: Sequence[str], scale: Scale, progress: Callable[[str], None]) -> Iterator[Figure]:
    """Each figure as soon as its group is measured.  Raises :class:`BenchmarkError` for a group that fails."""
    for name in names:
        scales = [replace(scale, idle=(count,)) for count in scale.idle] if name in _ONE_CROWD_EACH else [scale]
        for part in scales:
            progress(name)
            yield from _measured_apart(name, part)


def _measured_apart(name: str, scale: Scale) -> list[Figure]:
    command = [sys.executable, "-m", "motte.benchmark.kernel_groups", name, json.dumps(asdict(scale))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchmarkError(f"{name}: {done.stderr.strip()[-1500:]}")
    return [_figure(fields) for fields in json.loads(done.stdout)]


def _figure(fields: dict[str, Any]) -> Figure:
    interval = fields.pop("interval")
    return Figure(**fields, interval=None if interval is None else tuple(interval))


def main() -> int:
    """Entry of the process that measures one group."""
    name, scale = sys.argv[1], json.loads(sys.argv[2])
    numbers = {field: tuple(scale[field]) for field in ("crowds", "bursts", "idle")}
    try:
        figures = GROUPS[name](Scale(**{**scale, **numbers}))
    except (MotteError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps([asdict(figure) for figure in figures]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
