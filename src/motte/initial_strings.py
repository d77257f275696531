"""What a process is told at its start, as the bytes that C sees: arguments and environment."""

import os
from collections.abc import Iterable, Mapping

from motte.expected import expect

Argument = str | bytes | os.PathLike[str]
"""An argument of a program; text is encoded as the host encodes file names."""


def program_string(name: str) -> bytes:
    """A program's own name, the first of its arguments.  Raises ``ValueError`` for a NUL character."""
    return _c_string(name, "name")


def argument_strings(program: bytes, arguments: Iterable[Argument]) -> list[bytes]:
    """``argv``: the program's name, then its arguments.  Raises ``ValueError`` for a NUL character."""
    if not isinstance(arguments, list | tuple):  # to ask whether it is Iterable takes longer than all the rest
        if isinstance(arguments, str | bytes):
            raise TypeError(f"args: expected a list, got the single {arguments!r}")
        expect("args", arguments, Iterable)
    return [program, *[_c_string(argument, "args") for argument in arguments]]


def environment_strings(variables: Mapping[str, str]) -> list[bytes]:
    """``environ``.  Raises ``ValueError`` for what cannot be a variable."""
    expect("env", variables, Mapping)
    for name in variables:
        if not name or "=" in name:
            raise ValueError(f"env: {name!r} is not the name of a variable")
    return [_c_string(f"{name}={value}", "env") for name, value in variables.items()]


def _c_string(value: Argument, what: str) -> bytes:
    encoded = os.fsencode(value)
    if b"\0" in encoded:
        raise ValueError(f"{what}: {value!r} contains a NUL character")
    return encoded
