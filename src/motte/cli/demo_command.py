"""``motte demo``: the tour.

Honest programs, unharmed; then hostile ones side by side, each stopped by what should stop it, beside an honest one
that keeps its share.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from motte.build_options import BuildOptions
from motte.cli.progress import ProgressCallback, progress_on_terminal
from motte.cli.siege import DUE, Siege, besiege
from motte.cli.tour_programs import HONEST, HOSTILE, NEIGHBOUR, Visit
from motte.exit import Exit
from motte.machine import Machine
from motte.program import Program
from motte.quantities import format_duration, format_size

EXIT_DIFFERENT = 1

PIPED_WIDTH: Final = 140
"""Columns of the tables where there is no terminal to ask."""

WORKERS: Final = 1

_BUILD = BuildOptions(debug=True)
_WIDE: Final = 120


@click.command("demo")
@click.option(
    "--seconds",
    type=click.FloatRange(0.5, 60),
    default=5.0,
    show_default=True,
    metavar="N",
    help="How long the hostile programs are at work.",
)
def demo_command(seconds: float) -> int:
    """Take the tour: what hostile programs try, and what stops each of them.

    Runs four honest C programs, then fourteen hostile ones at once, again and again, beside an
    honest one that has work to do. Exits with 1 if anything did not end as it must, or
    the honest one had less than 90 % of its share.
    """
    console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)
    with Machine(workers=WORKERS) as machine:
        with progress_on_terminal() as progress:
            loaded = _load(machine, progress)
        failures = _honest(console, machine, loaded[: len(HONEST)])
        with _shown(console) as watch:
            siege = besiege(machine, loaded[len(HONEST) : -1], loaded[-1][1], seconds, watch)
        failures += siege.failures
    console.print(_scene(siege, wide=console.width >= _WIDE))
    for failure in failures:
        console.print(f"[bold red]not as it must be:[/] {escape(failure)}")
    if failures:
        return EXIT_DIFFERENT
    stopped = sum(attacker.stopped for attacker in siege.attackers)
    console.print(
        f"{len(HOSTILE)} hostile programs were stopped {stopped} times, each by its rule. All their memory is back "
        f"({format_size(siege.memory_peak)} at most), and the host is still here."
    )
    return 0


def _load(machine: Machine, progress: ProgressCallback | None) -> list[tuple[Visit, Program]]:
    loaded = []
    visits = (*HONEST, *HOSTILE, NEIGHBOUR)
    for number, visit in enumerate(visits):
        if progress is not None:
            progress("loading programs", number, len(visits))
        loaded.append((visit, machine.load(visit.source, _BUILD, progress=progress)))
    return loaded


def _honest(console: Console, machine: Machine, loaded: list[tuple[Visit, Program]]) -> list[str]:
    """Run them one after the other; what was not as it must be."""
    table = Table(title="Honest programs, unharmed", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for column in ("program", "what it does", "what it said"):
        table.add_column(column, overflow="fold")
    table.add_column("CPU", justify="right")
    failures = []
    for visit, program in loaded:
        with machine.spawn(program, **visit.options) as process:
            end = process.wait()
            found = visit.differences(end, process.stdout)
            failures += [f"{visit.name}: {each}" for each in found]
            said = Text(process.stdout.decode("utf-8", "replace").rstrip(), style="red" if found else "green")
            table.add_row(visit.name, visit.does, said, format_duration(round(end.usage.cpu_time * 10**9)))
    console.print(table)
    return failures


@contextmanager
def _shown(console: Console) -> Iterator[Callable[[Siege], None]]:
    """The scene as it changes, on a terminal; nothing anywhere else."""
    if not console.is_terminal:
        yield lambda _siege: None
        return
    from rich.live import Live

    with Live(console=console, refresh_per_second=10, transient=True) as live:
        yield lambda siege: live.update(_scene(siege, wide=False))


def _scene(siege: Siege, *, wide: bool) -> RenderableType:
    table = Table(
        title="Hostile programs, and what stopped each", title_justify="left", box=SIMPLE_HEAD, pad_edge=False
    )
    for column in ("program", "what it does", "what stops it"):
        table.add_column(column, no_wrap=True)
    table.add_column("times", justify="right")
    if wide:
        table.add_column("the last time", overflow="fold")
    for attacker in siege.attackers:
        style = "red" if attacker.differences else "green" if attacker.stopped else "dim"
        cells: list[RenderableType] = [attacker.visit.name, attacker.visit.does]
        cells += [Text(attacker.visit.rule, style=style), str(attacker.stopped)]
        table.add_row(*cells, *([_last(attacker.visit, attacker.end)] if wide else []))
    return Group(table, _of_the_honest_one(siege))


def _last(visit: Visit, end: Exit | None) -> str:
    if end is None:
        return ""
    if end.message is None:
        return escape((visit.stdout or "").split("\n")[0])
    return escape(end.message.replace(f"{visit.source.parent}/", ""))


def _of_the_honest_one(siege: Siege) -> Text:
    return Text(
        f"The honest one beside them had {siege.share:.1%} of the time; its share is {DUE:.0%}.\n"
        f"It did {siege.rounds_a_second:.0f} rounds a second for {siege.seconds:.1f} s, and "
        f"{siege.rounds_alone:.0f} when it was alone.\n",
        style="bold",
    )
