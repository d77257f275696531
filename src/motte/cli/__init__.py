"""The ``motte`` command: its table of contents, and how errors become exit statuses.

Each command lives in its own file, which is imported when the command is used.  Commands
parse and print; what they do is in the package proper.
"""

import importlib
import sys
from typing import Final

import click

from motte import __version__
from motte.abi.faults import EXIT_INTERRUPTED, EXIT_REFUSED, EXIT_USAGE
from motte.errors import CompileError, LimitReached, MotteError, Refused

COMMANDS: Final = ("run", "compile", "verify", "inspect", "doctor", "demo", "bench")
"""Every command NAME is the function ``NAME_command`` in ``motte.cli.NAME_command``."""


class Commands(click.Group):
    """A group whose commands are imported one by one, as they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        name = f"{cmd_name}_command"
        command: click.Command = getattr(importlib.import_module(f"motte.cli.{name}"), name)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="motte")
def motte() -> None:
    """Run code that nobody trusts: at native speed, inside its own memory, under hard limits.

    \b
      motte run hello.c                    compile, verify, run
      motte run --time 2s --memory 64M app.c -- --its-own-option
      motte compile app.c -o app.motte     an artifact that can be carried elsewhere
      motte demo                           the tour: what stops hostile programs
    """


def main() -> None:
    """Entry point of the ``motte`` command."""
    sys.exit(run_command_line(sys.argv[1:]))


def run_command_line(arguments: list[str]) -> int:
    """Run one command line and return its exit status; what went wrong is told on standard error."""
    try:
        status = motte.main(args=arguments, prog_name="motte", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return EXIT_USAGE
    except (KeyboardInterrupt, click.Abort):
        return EXIT_INTERRUPTED
    except CompileError as error:
        return _failed(error.diagnostics, EXIT_REFUSED)
    except (Refused, LimitReached) as error:
        return _failed(str(error), EXIT_REFUSED)
    except (MotteError, OSError, ValueError) as error:
        return _failed(str(error), EXIT_USAGE)
    return status if isinstance(status, int) else 0


def _failed(message: str, status: int) -> int:
    click.echo(f"motte: {message}", err=True)
    return status
