"""``motte verify``: the verdict on an artifact, without running any of it."""

from pathlib import Path

import click

from motte.image import Artifact
from motte.program import claims_of
from motte.verifier import verify

EXIT_NOT_OK = 1


@click.command("verify")
@click.argument("file", metavar="FILE")
def verify_command(file: str) -> int:
    """Say whether FILE (.motte) obeys every rule of confinement.

    Prints one line and exits with 0 if it does; else prints every violation with its rule and
    place, and exits with 1. Nothing is executed.

    \b
      motte verify program.motte
    """
    verdict = verify(claims_of(Artifact.read(Path(file).read_bytes())))
    if verdict.ok:
        click.echo(f"ok: {verdict.functions} functions, {verdict.instructions} instructions")
        return 0
    for violation in verdict.violations:
        click.echo(str(violation))
    return EXIT_NOT_OK
