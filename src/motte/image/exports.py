"""Functions that the host may call: those of all objects, joined; and read again from an artifact.

The lines of a ``.motte.prototypes`` section name functions of their own object, or of another one of the same unit.
What a name leads to is decided like for any other reference; a line whose name leads to no function is dropped.

A program that exports anything gets an allocator, and exports that as well: objects that outlive a call have to be
somewhere, and what its functions hand out has to be given back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from motte.abi.prototypes import LONGEST_PROTOTYPE
from motte.errors import Refused
from motte.image.program import Export
from motte.image.sections import SectionKind

if TYPE_CHECKING:
    from motte.image.objects import InputObject

_SIZE: Final = ["Q", "size", "size_t"]
_MEMORY: Final = ["P", "memory", "void *"]
_PROTOTYPES: Final = (
    {"name": "malloc", "result": ["P", "void *"], "parameters": [_SIZE]},
    {"name": "calloc", "result": ["P", "void *"], "parameters": [["Q", "count", "size_t"], _SIZE]},
    {"name": "realloc", "result": ["P", "void *"], "parameters": [_MEMORY, _SIZE]},
    {"name": "free", "result": ["v", "void"], "parameters": [_MEMORY]},
)
ALLOCATOR: Final = {str(each["name"]): json.dumps(each, separators=(",", ":")) for each in _PROTOTYPES}
"""The lines of the C library's own."""


def exports(objects: Sequence[InputObject], function_of: Callable[[str], int | None]) -> list[Export]:
    """What the host may call, in the order of the objects, each function by each of its names once.

    ``function_of`` gives the index of the function that a name leads to, if it leads to one.
    Raises :class:`~motte.errors.CompileError` for a malformed section.
    """
    found: dict[str, Export] = {}

    def add(name: str, line: str) -> None:
        function = function_of(name)
        if function is not None:
            found.setdefault(name, Export(function, line))

    for each in objects:
        for name, line in _lines(each):
            add(name, line)
    if found:
        for name, line in ALLOCATOR.items():
            add(name, line)
    return list(found.values())


def read_prototypes(functions: Sequence[int], claimed: bytes) -> dict[str, tuple[int, str]]:
    """By name, from the blobs of an artifact.  Raises :class:`~motte.errors.Refused`."""
    lines = claimed.decode("utf-8", "surrogateescape").split("\0")
    if lines.pop() or len(lines) != len(functions):
        raise Refused(f"artifact: prototypes: {len(lines)} where {len(functions)} belong")
    named = {}
    for function, line in zip(functions, lines, strict=True):
        name = _name_in(line)
        if name is None or name in named:
            raise Refused("artifact: a prototype is malformed, or there twice")
        named[name] = (function, line)
    return named


def _lines(owner: InputObject) -> Iterator[tuple[str, str]]:
    section = owner.section_of(SectionKind.PROTOTYPES)
    if section is None:
        return
    lines = bytes(section.data).decode("utf-8", "surrogateescape").split("\0")
    if lines.pop():
        raise owner.error("section .motte.prototypes ends inside a line")
    for line in lines:
        name = _name_in(line)
        if name is None:
            raise owner.error("section .motte.prototypes has a malformed line")
        yield name, line


def _name_in(line: str) -> str | None:
    if len(line) > LONGEST_PROTOTYPE:
        return None
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return None
    name = fields.get("name") if isinstance(fields, dict) else None
    return name if isinstance(name, str) else None
