"""``motte demo``: the tour.

Hostile programs side by side, each stopped by what should stop it, and honest ones, unharmed.
"""

import sys
import time
from dataclasses import dataclass

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from motte.build import artifact_of
from motte.build_options import BuildOptions
from motte.cli.progress import ProgressCallback, progress_on_terminal
from motte.cli.tour_programs import HONEST, HOSTILE, Visit
from motte.completed import Completed
from motte.quantities import format_duration
from motte.running import run

EXIT_DIFFERENT = 1

PIPED_WIDTH = 140
"""Columns of the tables where there is no terminal to ask."""

_BUILD = BuildOptions(debug=True)


@dataclass(frozen=True, slots=True)
class _Visited:
    visit: Visit
    done: Completed
    differences: list[str]
    elapsed_ns: int


@click.command("demo")
def demo_command() -> int:
    """Take the tour: what hostile programs try, and what stops each of them.

    Compiles and runs fourteen small C programs and compares how each ended with how it
    must end. Exits with 1 if any of them differs.
    """
    console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)
    with progress_on_terminal() as progress:
        hostile = _take("hostile programs", HOSTILE, progress)
        honest = _take("honest programs", HONEST, progress)
    console.print(_table("Hostile programs, and what stopped each", hostile))
    console.print(_table("Honest programs, unharmed", honest))
    different = [visited for visited in (*hostile, *honest) if visited.differences]
    for visited in different:
        console.print(f"[bold red]{visited.visit.name}[/]: {escape('; '.join(visited.differences))}")
    if different:
        return EXIT_DIFFERENT
    count = len(hostile) + len(honest)
    console.print(f"All {count} ended as they must, in one process of the host, which is still here.")
    return 0


def _take(title: str, visits: tuple[Visit, ...], progress: ProgressCallback | None) -> list[_Visited]:
    results = []
    for number, visit in enumerate(visits):
        if progress is not None:
            progress(title, number, len(visits))
        artifact = artifact_of([visit.source], _BUILD, progress=progress)
        start = time.perf_counter_ns()
        done = run(artifact, **visit.options)
        elapsed = time.perf_counter_ns() - start
        results.append(_Visited(visit, done, visit.differences(done), elapsed))
    return results


def _table(title: str, results: list[_Visited]) -> Table:
    table = Table(title=title, title_justify="left", expand=False)
    table.add_column("program", no_wrap=True)
    table.add_column("what it does")
    table.add_column("what came of it", overflow="fold")
    table.add_column("status", justify="right")
    table.add_column("CPU", justify="right")
    table.add_column("load + run", justify="right")
    for result in results:
        done = result.done
        style = "red" if result.differences else "green"
        table.add_row(
            result.visit.name,
            result.visit.does,
            f"[{style}]{escape(_outcome(result))}[/]",
            str(done.returncode),
            format_duration(round(done.usage.cpu_time * 10**9)),
            format_duration(result.elapsed_ns),
        )
    return table


def _outcome(result: _Visited) -> str:
    """What stopped it, or what it said; the tour's own directory is left out of places."""
    done = result.done
    if done.message is None:
        return done.stdout.decode("utf-8", "replace").rstrip("\n")
    return done.message.replace(f"{result.visit.source.parent}/", "")
