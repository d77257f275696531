"""``motte top``: a machine that lets itself be looked at, as it is and as it changes."""

import json
import sys
import time
from pathlib import Path

import click
from rich.console import Console

from motte.cli.top_view import SORTS, Look, view
from motte.errors import MotteError
from motte.observation import VARIABLE, ask_machine, observed_machines

EXIT_NOTHING_THERE = 1

PIPED_WIDTH = 100
"""Columns where there is no terminal to ask."""


@click.command("top")
@click.argument("target", required=False, metavar="[PID|SOCKET]")
@click.option("--once", is_flag=True, help="Show it once; always so where standard output is no terminal.")
@click.option("--json", "as_json", is_flag=True, help="With --once: as JSON.")
@click.option("--sort", type=click.Choice(list(SORTS)), default="cpu", show_default=True, help="Processes by this.")
@click.option(
    "--interval", type=click.FloatRange(0.1, 60), default=1.0, show_default=True, metavar="N", help="Seconds."
)
@click.option("--kill", "victim", type=int, metavar="ID", help="Kill this process of the machine, where allowed.")
def top_command(
    *, target: str | None, once: bool, as_json: bool, sort: str, interval: float, victim: int | None
) -> int:
    """Look at a running machine: its processes, banks and meters.

    The machine must have been asked to be looked at: motte run --observable, or in Python
    Machine(observable=True), or with MOTTE_OBSERVABLE=1 in the environment of any program that has machines.

    \b
      motte top                    the only machine there is
      motte top 1234               that of this process
      motte top --once --json      for programs
      motte top 1234 --kill 7      where the machine is observable="kill"
    """
    path = _chosen(target)
    if victim is not None:
        killed = ask_machine(path, ask="kill", process=victim)["killed"]
        click.echo(f"process {victim} is killed" if killed else f"there is no process {victim}")
        return 0 if killed else EXIT_NOTHING_THERE
    if as_json:
        click.echo(json.dumps(ask_machine(path, ask="look"), indent=2))
        return 0
    before = ask_machine(path, ask="look")
    if once or not sys.stdout.isatty():
        time.sleep(min(interval, 0.5))
        console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)
        console.print(view(ask_machine(path, ask="look"), before, sort))
        return 0
    return _watch(path, before, sort, interval)


def _watch(path: Path, before: Look, sort: str, interval: float) -> int:
    """Until Ctrl-C, or the end of the machine."""
    from rich.live import Live

    console = Console(highlight=False)
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            time.sleep(interval)
            try:
                look = ask_machine(path, ask="look")
            except (OSError, MotteError):
                break
            live.update(view(look, before, sort, lines=console.height), refresh=True)
            before = look
    click.echo("the machine has ended")
    return 0


def _chosen(target: str | None) -> Path:
    """The socket that is meant.  Raises ``click.UsageError`` with what there is."""
    if target is not None and not target.isdecimal():
        return Path(target)
    machines = observed_machines()
    found = [path for path in machines if target is None or path.name.startswith(f"{target}-")]
    if len(found) == 1:
        return found[0]
    if not machines:
        raise click.UsageError(
            f"no machine is to be looked at: motte run --observable, Machine(observable=True), or {VARIABLE}=1"
        )
    there = "\n".join(f"  {path.name.partition('-')[0]:>8}  {path}" for path in found or machines)
    raise click.UsageError(f"{'which machine' if found else 'not there'}? There are:\n{there}")
