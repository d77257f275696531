"""``motte run``: compile if needed, verify, run under limits, and say how it ended."""

import os
from contextlib import ExitStack
from typing import Any

import click

from motte.abi.faults import EXIT_INTERRUPTED, StopReason
from motte.abi.limits import DEFAULT_LIMITS
from motte.build_options import BuildOptions
from motte.cli.meta import Meta
from motte.cli.options import (
    build_options,
    directory,
    duration_option,
    random_numbers,
    scratch_directory,
    size_option,
    variable,
)
from motte.cli.progress import progress_on_terminal
from motte.directories import Directory
from motte.frame import frame_lines
from motte.isolation import ISOLATIONS, Isolation
from motte.machine import Machine
from motte.run_limits import MOST_CALLS


@click.command("run", context_settings={"allow_interspersed_args": False})
@click.argument("file", metavar="FILE")
@click.argument("arguments", nargs=-1, metavar="[ARGS]...", type=click.UNPROCESSED)
@click.option("-s", "sources", multiple=True, metavar="FILE", help="A further source of the program (repeatable).")
@size_option("--memory", DEFAULT_LIMITS.memory, "Storage; beyond it malloc returns NULL.")
@duration_option("--time", DEFAULT_LIMITS.cpu_time, "CPU time.")
@duration_option("--extra-time", None, "CPU time beyond --time before the program is stopped, to see what it needs.")
@duration_option("--wall-time", DEFAULT_LIMITS.wall_time, "Time by the clock on the wall.")
@size_option("--stack", DEFAULT_LIMITS.native_stack, "Native stack: return addresses and spilled registers.")
@size_option("--data-stack", DEFAULT_LIMITS.data_stack, "Data stack: local arrays and other addressable variables.")
@size_option("--output-limit", DEFAULT_LIMITS.output, "Bytes written to standard output and standard error together.")
@click.option("--open-files", type=click.IntRange(3, 1 << 16), default=DEFAULT_LIMITS.open_files, show_default=True)
@click.option(
    "--backtrace",
    type=click.IntRange(0, MOST_CALLS),
    default=DEFAULT_LIMITS.backtrace,
    show_default=True,
    help="Calls to tell of where the program is stopped.",
)
@click.option(
    "--dir",
    "directories",
    type=directory,
    multiple=True,
    metavar="HOST[::GUEST][:ro][:quota=SIZE][:files=N]",
    help="Grant a directory, under its own name or as GUEST (repeatable).",
)
@click.option(
    "--scratch",
    "scratch",
    type=scratch_directory,
    multiple=True,
    metavar="GUEST[:quota=SIZE]",
    help="Grant an empty directory in memory, which is gone at the end (repeatable).  [quota: 64MiB]",
)
@click.option(
    "--clock",
    type=click.Choice(["real", "coarse", "none"]),
    default="real",
    show_default=True,
    help="The time: as it is, in whole milliseconds, or not at all.",
)
@click.option(
    "--random",
    type=random_numbers,
    metavar="real|none|SEED",
    default="real",
    show_default=True,
    help="Random numbers: the host's, none, or the same each time that follow from a number.",
)
@click.option(
    "--isolation",
    type=click.Choice(ISOLATIONS),
    default="fault",
    show_default=True,
    help="Where the code runs: in this OS process, confined and verified; so and in a separate one (both); not "
    "confined, in a separate one (os); confined if that is possible, else os (auto).",
)
@click.option("--env", type=variable, multiple=True, metavar="NAME=VALUE", help="Set a variable (repeatable).")
@click.option("--stdin", "stdin_file", metavar="FILE", help="Read standard input from FILE.")
@click.option("--stdout", "stdout_file", metavar="FILE", help="Write standard output to FILE.")
@click.option("--stderr", "stderr_file", metavar="FILE", help="Write standard error to FILE.")
@click.option("--trace", "trace_file", metavar="FILE", help="Write what happens to FILE, for Perfetto.")
@click.option("--observable", is_flag=True, help="Let motte top look at it meanwhile.")
@click.option("--meta", "meta_file", metavar="FILE", help="Write how it ended to FILE, as JSON.")
@build_options
def run_command(
    *,
    file: str,
    arguments: tuple[str, ...],
    sources: tuple[str, ...],
    memory: int | None,
    directories: tuple[Directory, ...],
    scratch: tuple[Directory, ...],
    env: tuple[tuple[str, str], ...],
    stdin_file: str | None,
    stdout_file: str | None,
    stderr_file: str | None,
    trace_file: str | None,
    observable: bool,
    meta_file: str | None,
    build: BuildOptions,
    isolation: Isolation,
    **limits: Any,
) -> int:
    """Run FILE (.c .cc .cpp .ll .bc .motte) with ARGS; options go before FILE.

    The program sees its arguments, standard input and output, and nothing else that is
    not granted: no environment, no files, no network.

    \b
      motte run hello.c
      motte run --time 2s --memory 64M solve.c < input.txt
      motte run --dir data:ro --dir out::/out:quota=1G convert.c data/in.csv /out/result.csv
      motte run --scratch /tmp sort.c < big.txt
      motte run -s list.c -s hash.c -I include -O2 main.c --option-of-the-program
      motte run --meta result.json untrusted.motte

    \b
    Exit status: the program's own, or
      124  limit on CPU or wall time      125  wrong usage, unreadable file, Motte failed
      126  does not compile or verify     130  Ctrl-C
      132  illegal instruction or trap    134  abort()
      136  division by zero or overflow   137  killed
      139  bad memory access, stack overflow, bad function pointer, bad longjmp, bad cast
      153  output limit                   159  system call of its own (--isolation)
    """
    with ExitStack() as stack:
        meta = stack.enter_context(Meta(meta_file))
        streams: dict[str, Any] = {
            "stdin": _open(stack, stdin_file, os.O_RDONLY, 0),
            "stdout": _open(stack, stdout_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 1),
            "stderr": _open(stack, stderr_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 2),
        }
        machine = stack.enter_context(Machine(memory=memory, isolation=isolation, observable=observable or None))
        with progress_on_terminal() as progress:
            program = machine.load([file, *sources], build, progress=progress)
            program.require_main()
        if program.isolation_note is not None:
            click.echo(f"motte: {program.isolation_note}", err=True)
        if trace_file is not None:
            stack.enter_context(machine.record(trace_file))
        process = stack.enter_context(
            machine.spawn(program, arguments, env=dict(env), directories=(*directories, *scratch), **streams, **limits)
        )
        try:
            end = process.wait()
        except KeyboardInterrupt:
            process.kill()
            meta.interrupted(process.wait())
            return EXIT_INTERRUPTED
        meta.ended(end)
        if end.message is not None:
            click.echo(f"motte: {end.message}", err=True)
        if end.reason in (StopReason.FAULTED, StopReason.SIGNALLED):
            for line in frame_lines(end.backtrace):
                click.echo(f"  {line}", err=True)
        return end.returncode


def _open(stack: ExitStack, path: str | None, flags: int, inherited: int) -> int:
    if path is None:
        return inherited
    descriptor = os.open(path, flags | os.O_CLOEXEC, 0o666)
    stack.callback(os.close, descriptor)
    return descriptor
