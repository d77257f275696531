"""``motte verify``: the verdict on an artifact, without running any of it."""

from pathlib import Path

import click

from motte.abi.layout import CODE_REGION_BASE, GATE_REGION_SIZE
from motte.abi.limits import DEFAULT_LIMITS
from motte.errors import Refused
from motte.image import Artifact, load_plan
from motte.verdicts import verify_twice

EXIT_NOT_OK = 1

_BASE = CODE_REGION_BASE + GATE_REGION_SIZE
"""Where the code is placed to be verified; nothing is mapped there."""


@click.command("verify")
@click.argument("file", metavar="FILE")
def verify_command(file: str) -> int:
    """Say whether FILE (.motte) obeys every rule of confinement.

    Prints one line and exits with 0 if both verifiers say so; else prints every violation with its
    rule and place, and exits with 1. Nothing is executed.

    \b
      motte verify program.motte
    """
    content = Path(file).read_bytes()
    try:
        artifact = Artifact.read(content, DEFAULT_LIMITS)
    except Refused as refusal:
        click.echo(str(refusal))
        return EXIT_NOT_OK
    verdict = verify_twice(load_plan(artifact, _BASE, _BASE + artifact.code_size).claimed)
    if verdict.ok:
        click.echo(verdict.summary)
        return 0
    for violation in verdict.violations:
        click.echo(str(violation))
    return EXIT_NOT_OK
