"""``motte inspect``: what an artifact holds, for people; nothing is executed."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from motte.abi.kernel_calls import KERNEL_CALLS
from motte.abi.layout import CODE_REGION_BASE, GATE_REGION_SIZE
from motte.abi.limits import DEFAULT_LIMITS
from motte.image import Artifact, load_plan
from motte.image.names import printable
from motte.quantities import format_size

_BASE = CODE_REGION_BASE + GATE_REGION_SIZE
"""Where the code is placed to be shown; any place would do."""

_ALL_FUNCTIONS = ""


@click.command("inspect")
@click.argument("file", metavar="FILE")
@click.option(
    "--disassemble",
    is_flag=False,
    flag_value=_ALL_FUNCTIONS,
    metavar="[FUNCTION]",
    help="Show machine code with source lines: of one function (--disassemble main), or of all.",
)
def inspect_command(file: str, disassemble: str | None) -> None:
    """Show what FILE (.motte) holds: sizes, segments, imports, functions, machine code.

    \b
      motte inspect program.motte
      motte inspect program.motte --disassemble main
    """
    artifact = Artifact.read(Path(file).read_bytes(), DEFAULT_LIMITS)
    if disassemble is None:
        # An artifact's names come from strangers: they are shown, and never interpreted.
        console = Console(highlight=False, markup=False, emoji=False)
        console.print(_summary(artifact))
        console.print(_functions(artifact))
        return
    for line in _disassembly(artifact, disassemble):
        click.echo(line)


def _summary(artifact: Artifact) -> Table:
    table = Table(title="artifact", title_justify="left", show_header=False)
    table.add_row("code", f"{format_size(len(artifact.blobs['code']))}, {artifact.function_count} functions")
    table.add_row("tables", format_size(artifact.tables_size))
    for segment in artifact.segments():
        end = segment.address + segment.size
        table.add_row(segment.name, f"{format_size(segment.size)}, [{segment.address:#x}, {end:#x})")
    table.add_row("imports", ", ".join(artifact.imports) or "none")
    table.add_row("CPU features", ", ".join(artifact.cpu_features) or "none")
    for name, value in artifact.metadata.items():
        table.add_row(printable(name), printable(value))
    return table


def _functions(artifact: Artifact) -> Table:
    table = Table(title="functions", title_justify="left")
    table.add_column("offset", justify="right")
    table.add_column("size", justify="right")
    table.add_column("A", justify="right")
    table.add_column("name")
    for function in artifact.functions():
        table.add_row(f"{function.offset:#x}", str(function.size), str(function.stack_arguments), function.name)
    return table


def _disassembly(artifact: Artifact, wanted: str) -> Iterator[str]:
    plan = load_plan(artifact, _BASE, _BASE + artifact.code_size)
    functions = artifact.functions()
    names = {_BASE + function.offset: function.name for function in functions}
    names.update((call.gate(artifact.reaches_blocks), call.name) for call in KERNEL_CALLS)
    chosen = [function for function in functions if wanted in (_ALL_FUNCTIONS, function.name)]
    if not chosen:
        raise click.UsageError(f"there is no function {wanted!r}")
    for function in chosen:
        yield f"{function.name}:"
        code = bytes(plan.claimed.code[function.offset : function.offset + function.size])
        yield from _instructions(artifact, function.offset, code, names)
        yield ""


def _instructions(artifact: Artifact, start: int, code: bytes, names: Mapping[int, str]) -> Iterator[str]:
    from iced_x86 import Decoder, Formatter, FormatterSyntax

    formatter = Formatter(FormatterSyntax.GAS)
    formatter.uppercase_hex = False
    place = None
    for instruction in Decoder(64, code, ip=_BASE + start):
        offset = instruction.ip - _BASE
        location = artifact.locate(offset)
        if location.line is not None and (location.file, location.line) != place:
            place = (location.file, location.line)
            yield f"  # {location.file}:{location.line}"
        content = code[offset - start : offset - start + instruction.len].hex(" ")
        name = names.get(instruction.near_branch_target)
        yield f"  {offset:6x}:  {content:<32} {formatter.format(instruction)}{f'  # {name}' if name else ''}"
