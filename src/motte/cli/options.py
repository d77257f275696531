"""Options that several commands share, and what their texts mean."""

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from typing import Any, TypeVar

import click

from motte.abi.limits import DEFAULT_LIMITS
from motte.build_options import CHECKED_MODES, BuildOptions
from motte.directories import Directory, rooted
from motte.errors import LimitReached
from motte.quantities import duration_ns, format_size, size_bytes
from motte.time_and_chance import Random, time_and_chance

_Command = TypeVar("_Command", bound=Callable[..., Any])


def size(text: str) -> int | None:
    """Bytes; ``None`` for no limit."""
    try:
        return size_bytes(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def duration(text: str) -> float | None:
    """Seconds; ``None`` for no limit."""
    try:
        nanoseconds = duration_ns(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    return None if nanoseconds is None else nanoseconds / 10**9


def directory(text: str) -> Directory:
    """A granted directory."""
    try:
        return Directory.parse(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def random_numbers(text: str) -> Random:
    """``real``, ``none``, or a seed."""
    chosen: Random = int(text) if text.isdecimal() else text  # type: ignore[assignment]
    try:
        time_and_chance(None, chosen)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    return chosen


def scratch_directory(text: str) -> Directory:
    """A granted directory in memory."""
    from motte.file_tree import DEFAULT_LIMIT, FileTree

    guest, _, limit = text.partition(":quota=")
    try:
        return FileTree(limit=limit or DEFAULT_LIMIT).at(rooted(guest))
    except (ValueError, LimitReached) as error:
        raise click.BadParameter(str(error)) from error


def variable(text: str) -> tuple[str, str]:
    """A variable of the environment."""
    name, separator, value = text.partition("=")
    if not name or not separator:
        raise click.BadParameter(f"expected NAME=VALUE, got {text!r}")
    return name, value


def size_option(name: str, default: int | None, text: str) -> Callable[[_Command], _Command]:
    """An option with a size."""
    shown = "none" if default is None else format_size(default).replace(" ", "")
    return click.option(name, type=size, metavar="SIZE", default=shown, show_default=True, help=text)


def duration_option(name: str, default: float | None, text: str) -> Callable[[_Command], _Command]:
    """An option with a duration."""
    shown = "none" if default is None else f"{default:g}s"
    return click.option(name, type=duration, metavar="TIME", default=shown, show_default=True, help=text)


_BUILD_OPTIONS = (
    click.option(
        "-O",
        "optimization",
        type=click.IntRange(0, 3),
        default=3,
        show_default=True,
        metavar="LEVEL",
        help="How hard to optimise: 0 to 3.",
    ),
    click.option("-I", "include", multiple=True, metavar="DIR", help="Search DIR for headers (repeatable)."),
    click.option("-D", "define", multiple=True, metavar="NAME[=VALUE]", help="Define a macro (repeatable)."),
    click.option(
        "--cpu", default="native", show_default=True, metavar="NAME", help="native, or a level that travels: x86-64-v3."
    ),
    click.option("-g", "debug", is_flag=True, help="Debug information: faults name file and line."),
    click.option(
        "--checked",
        is_flag=False,
        flag_value="use",
        type=click.Choice(CHECKED_MODES),
        help="Test pointers made from integers: where they are first dereferenced (use), or made (cast).",
    ),
    duration_option("--compile-time", DEFAULT_LIMITS.compile_time, "Limit on the CPU time of each compiler process."),
    size_option("--compile-memory", DEFAULT_LIMITS.compile_memory, "Limit on the memory of each compiler process."),
)
"""Their names are fields of :class:`motte.BuildOptions`."""


def build_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds everything that says how to compile; the command gets it as the one argument ``build``."""

    @wraps(command)
    def with_build_options(**values: Any) -> Any:
        chosen = {field.name: values.pop(field.name) for field in fields(BuildOptions) if field.name in values}
        return command(build=BuildOptions(**chosen), **values)

    for option in reversed(_BUILD_OPTIONS):
        with_build_options = option(with_build_options)
    return with_build_options
