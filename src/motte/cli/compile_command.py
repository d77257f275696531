"""``motte compile``: sources to an artifact, or to what one of the stages on the way makes of them."""

from pathlib import Path

import click

from motte.build import STAGES, artifact_of, stage_of
from motte.build_options import BuildOptions
from motte.cli.options import build_options
from motte.cli.progress import progress_on_terminal

ARTIFACT_SUFFIX = ".motte"


@click.command("compile")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("-o", "output", metavar="FILE", help="Where the result goes (default: the first FILE with a new suffix).")
@click.option(
    "--emit",
    type=click.Choice(STAGES),
    help="Stop at a stage: LLVM assembly, bitcode, confined machine assembly, or a confined object. Takes one FILE.",
)
@build_options
def compile_command(files: tuple[str, ...], output: str | None, emit: str | None, build: BuildOptions) -> None:
    """Compile and link C, C++, LLVM assembly or bitcode FILEs into one artifact.

    An artifact (.motte) holds confined machine code for CPUs like this one. It may be
    carried elsewhere and comes from nobody in particular: it is verified each time it is loaded.

    \b
      motte compile filter.c                    filter.motte
      motte compile -O2 -I include main.c list.c -o program.motte
      motte compile --emit=s filter.c           filter.s: what the verifier will see, as text
    """
    if emit is not None and len(files) != 1:
        raise click.UsageError("--emit takes one FILE at a time")
    target = Path(output) if output else Path(Path(files[0]).stem + (f".{emit}" if emit else ARTIFACT_SUFFIX))
    warnings: list[str] = []
    with progress_on_terminal() as progress:
        if emit is None:
            content = artifact_of(files, build, progress=progress, messages=warnings.append)
        else:
            content = stage_of(files[0], emit, build, messages=warnings.append)
    click.echo("".join(warnings), err=True, nl=False)
    target.write_bytes(content)
