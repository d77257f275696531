"""The ``motte`` command: its table of contents, and how errors become exit statuses.

Each command lives in its own file, which is imported when the command is used.  Commands
parse and print; what they do is in the package proper.
"""

import importlib
import os
import sys
import traceback
import warnings
from contextlib import suppress
from itertools import groupby
from typing import Final

import click

from motte import __version__
from motte.abi.faults import EXIT_INTERRUPTED, EXIT_REFUSED, EXIT_USAGE
from motte.errors import CompileError, LimitReached, MotteError, Refused

_LAST_STANDARD_STREAM: Final = 2

COMMANDS: Final = ("run", "compile", "verify", "inspect", "doctor", "demo", "top", "bench")
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
      motte run --time 2s app.c --its-own-option   limits go before the file
      motte compile app.c -o app.motte     an artifact that can be carried elsewhere
      motte demo                           the tour: what stops hostile programs
    """


def main() -> None:
    """Entry point of the ``motte`` command; does not return.

    Leaves without the interpreter's farewell, which takes a tenth of a cached run's time: whatever
    a command owns, it has closed by then.
    """
    _occupy_closed_streams()
    warnings.showwarning = lambda message, *_place, **_named: _tell(f"warning: {message}")
    status = run_command_line(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with suppress(OSError):  # whoever read this has gone
                stream.flush()
    os._exit(status)


def run_command_line(arguments: list[str]) -> int:
    """Run one command line and return its exit status; what went wrong is told on standard error."""
    try:
        status = motte.main(args=arguments, prog_name="motte", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except click.ClickException as error:
        error.show()
    except (KeyboardInterrupt, click.Abort):
        return EXIT_INTERRUPTED
    except CompileError as error:
        _tell(_with_diagnostics(error))
        return EXIT_REFUSED
    except (Refused, LimitReached) as error:
        _tell(str(error))
        return EXIT_REFUSED
    except OSError as error:
        _tell(f"{os.fsdecode(error.filename)}: {error.strerror}" if error.filename is not None else str(error))
    except (MotteError, ValueError) as error:
        _tell(str(error))
    except Exception:  # a bug of ours: everything about it, and the status that means us
        traceback.print_exc()
        _tell("this is a bug in Motte: please report it")
    return EXIT_USAGE


def _occupy_closed_streams() -> None:
    """Open what our caller has closed (``<&-``), so that no file of ours becomes the guest's standard stream."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _LAST_STANDARD_STREAM:
        pass
    os.close(descriptor)


def _with_diagnostics(error: CompileError) -> str:
    """The message, below it what the compiler said, without repeated lines, and what to do."""
    message = str(error)
    lines = [line for line, _repeated in groupby(error.diagnostics.strip().split("\n"))]
    if message.endswith(lines[0]):
        del lines[0]
    if error.native_only is not None:
        lines.append("motte: it can run in an OS process of its own: motte run --isolation auto")
    return "\n".join([message, *lines]).rstrip()


def _tell(message: str) -> None:
    click.echo(f"motte: {message}", err=True)
