"""The command line of ``motte bench``: arguments in, table out."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from motte.abi.faults import EXIT_INTERRUPTED, EXIT_USAGE
from motte.benchmark.command import run_benchmark, select
from motte.benchmark.contenders import CONTENDERS
from motte.benchmark.kernel_figures import FULL, QUICK
from motte.benchmark.kernel_groups import GROUPS, measure_groups
from motte.benchmark.kernel_report import circumstances, print_figures, write_json
from motte.benchmark.programs import KERNELS, REAL_PROGRAMS
from motte.benchmark.verification import STEPS, measure_loading, python_bytes_per_second
from motte.errors import MotteError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def bench() -> None:
    """Measure Motte on this machine."""


@bench.command()
@click.argument("names", nargs=-1)
@click.option("--rounds", type=click.IntRange(1, 1000), default=5, show_default=True, help="Runs of each contender.")
@click.option("--kernels-only", is_flag=True, help="Leave the real programs out; nothing is fetched then.")
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), help="Write code.svg and code.json there.")
@click.option("--list", "listing", is_flag=True, help="Name the benchmarks and stop.")
def code(names: tuple[str, ...], rounds: int, kernels_only: bool, output: Path | None, listing: bool) -> None:
    """Compare the speed of code: native, confined, and wasmtime with and without epoch interruption.

    All start from the same C.  Each round runs every contender once; the minimum over the
    rounds counts.  NAMES selects some benchmarks; real programs are fetched, pinned
    and checked, from their registries on first use.
    """
    if listing:
        click.echo("\n".join(program.name for program in (*KERNELS, *REAL_PROGRAMS)))
        return
    try:
        programs = select(names, kernels_only)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    errors = Console(stderr=True)
    with errors.status("…") as status:
        body = run_benchmark(
            programs, rounds, output, status.update, lambda text: errors.print(f"motte bench: {text}", style="yellow")
        )
    table = Table("program", "native ms", *(name for name in CONTENDERS if name != "native"), title="time / native")
    for column in table.columns[1:]:
        column.justify = "right"
    for index, row in enumerate(body):
        table.add_row(*row, style="bold" if index == len(body) - 1 else "")
    Console().print(table)


@bench.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--rounds", type=click.IntRange(1, 1000), default=10, show_default=True, help="How often to load it.")
def verify(file: Path, rounds: int) -> None:
    """Measure how fast an artifact (.motte) is loaded, and how fast each of the two verifiers reads its code."""
    content = file.read_bytes()
    loading = measure_loading(content, rounds)
    table = Table(*(f"{step} ms" for step in STEPS), "all ms", "in C MB/s", "in Python MB/s")
    for column in table.columns:
        column.justify = "right"
    milliseconds = (1000 * second for second in (*loading.seconds, sum(loading.seconds)))
    rates = (loading.verified_per_second / 1e6, python_bytes_per_second(content) / 1e6)
    table.add_row(*(f"{number:.1f}" for number in (*milliseconds, *rates)))
    Console().print(table)
    click.echo(f"{loading.code_bytes} bytes of code, {loading.instructions} instructions")


@bench.command()
@click.argument("groups", nargs=-1, type=click.Choice(sorted(GROUPS)))
@click.option("--processes", type=click.IntRange(1), help="How many to start and wake in group many  [default: 10000]")
@click.option("--pairs", type=click.IntRange(1), help="Pairs of each comparison  [default: 15]")
@click.option("--real-programs", is_flag=True, help="Preempt the real programs, too; they are fetched on first use.")
@click.option("--quick", is_flag=True, help="Least work: whether everything runs; the figures mean nothing then.")
@click.option(
    "--json", "output", type=click.Path(dir_okay=False, path_type=Path), help="Write figures and samples there."
)
def kernel(  # noqa: PLR0917 (click calls it by keyword)
    groups: tuple[str, ...],
    processes: int | None,
    pairs: int | None,
    real_programs: bool,
    quick: bool,
    output: Path | None,
) -> None:
    """Measure processes: calls, switches, starts, preemption, shares, limits, memory.

    Each figure has its goal and, where others do the same, theirs beside it.  Cycles are ticks of the time-stamp
    counter.  GROUPS selects some of the figures; all of them take some minutes.
    """
    least = QUICK if quick else FULL
    scale = replace(
        least, processes=processes or least.processes, pairs=pairs or least.pairs, real_programs=real_programs
    )
    errors = Console(stderr=True)
    before = circumstances()
    with errors.status("…") as status:
        figures = list(measure_groups(groups or list(GROUPS), scale, status.update))
    where = f"{before} before, {circumstances().rsplit(' average ')[-1]} after"
    print_figures(figures, where)
    if output:
        write_json(figures, where, output)


@bench.command()
@click.option(
    "--rounds", type=click.IntRange(1, 1000), default=20, show_default=True, help="Rounds over all contenders."
)
@click.option(
    "--json", "output", type=click.Path(dir_okay=False, path_type=Path), help="Write figures and samples there."
)
def calls(rounds: int, output: Path | None) -> None:
    """Compare calls between Python and compiled code: confined, ctypes, cffi and wasmtime; and fresh instances.

    Calls are nanoseconds of processor time, the shortest of all rounds; instances are medians on the clock.
    """
    from motte.benchmark.call_pool import pool_figures
    from motte.benchmark.calls import measure_calls

    errors = Console(stderr=True)
    before = circumstances()
    with errors.status("…") as status, tempfile.TemporaryDirectory(prefix="motte-bench-") as scratch:
        warn = partial(errors.print, style="yellow")
        measured = measure_calls(rounds, Path(scratch), status.update, lambda text: warn(f"motte bench: {text}"))
        figures = [*measured.figures(), *pool_figures(rounds, status.update)]
    where = f"{before} before, {circumstances().rsplit(' average ')[-1]} after"
    print_figures(figures, where)
    if output:
        write_json(figures, where, output)


@bench.command()
@click.option("--rounds", type=click.IntRange(1, 1000), default=5, show_default=True, help="Of which the best counts.")
@click.option("--seconds", type=click.FloatRange(0.001, 10), default=0.05, show_default=True, help="Per measurement.")
def lock(rounds: int, seconds: float) -> None:
    """Compare keeping the interpreter's lock during calls with giving it up, for functions of many lengths.

    What a call costs its caller, alone and beside a thread that computes; what is left to that; and how many calls two
    threads make together.
    """
    from motte.benchmark.call_lock import measure_lock

    errors = Console(stderr=True)
    where = circumstances()
    with errors.status("…") as status:
        figures = measure_lock(rounds, seconds, status.update)
    table = Table("function µs", "lock", "alone, beyond it, ns", "beside, µs", "left to that %", "two threads, calls/s")
    for column in table.columns[2:]:
        column.justify = "right"
    for each in figures:
        length, share, calls = f"{each.length_us:g}", f"{100 * each.share:.0f}", f"{each.two_per_second:,.0f}"
        table.add_row(length, each.policy, f"{each.alone_ns:,.0f}", f"{each.beside_us:,.1f}", share, calls)
    Console().print(table)
    click.echo(where)


def main(arguments: list[str]) -> int:
    """Run the command; the exit status, 125 for wrong usage or a failed benchmark."""
    try:
        bench.main(arguments, prog_name="motte bench", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return EXIT_USAGE
    except MotteError as error:
        print(f"motte bench: {error}", file=sys.stderr)
        return EXIT_USAGE
    except (KeyboardInterrupt, click.Abort):
        return EXIT_INTERRUPTED
    return 0
