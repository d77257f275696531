"""Modules to confined objects: which are compiled together, and which of them are known already.

The problem: optimising all modules of a program as one gives the best code, but then a changed
line costs as much as the whole program, and the largest programs cost the most.

The answer: neighbouring small modules make one unit, in which functions are inlined across sources; a large
module is a unit of its own, whose objects are cached by its content, the options and the CPU.
Each unit has a compiler process of its own: what a hostile module could make of the compiler
reaches no object that is stored under another module's name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

from motte.build_options import BuildOptions
from motte.cache import Cache, digest
from motte.compiler.parent import run_child
from motte.compiler.unit import CompileRequest, ConfinedUnit, Stage
from motte.compiler_identity import compiler_identity, cpu_identity

LARGE_MODULE_BYTES: Final = 512 << 10
"""Bitcode from this size on is a unit of its own, if the program has other sources: some 15,000 lines of C."""

_LENGTH_SIZE: Final = 8


def compile_modules(
    name: str,
    modules: Sequence[bytes],
    options: BuildOptions,
    cache: Cache,
    *,
    progress: Callable[[str], None] | None = None,
    stage: Stage = "object",
) -> list[ConfinedUnit]:
    """The units of one program, compiled or from the cache.  Raises :class:`~motte.errors.CompileError`."""
    requests = _requests(name, modules, options, stage)
    if len(requests) == 1:  # the caller stores the whole program
        return [_compiled(requests[0], options, progress)]
    units = []
    for request in requests:
        key = _key(request)
        stored = cache.get(key)
        unit = None if stored is None else _decoded(name, stored)
        if unit is None:
            unit = _compiled(request, options, progress)
            cache.put(key, _encoded(unit))
        units.append(unit)
    return units


def _requests(name: str, modules: Sequence[bytes], options: BuildOptions, stage: Stage) -> list[CompileRequest]:
    """One for each unit, in the order of the sources, which static constructors keep.

    Only a program that is one unit can hide all names but ``main``.
    """
    chosen = options.compiler_options()
    units = [
        unit
        for is_large, run in groupby(modules, lambda module: len(module) >= LARGE_MODULE_BYTES)
        for unit in ([(module,) for module in run] if is_large else [tuple(run)])
    ]
    if len(units) > 1:
        chosen = replace(chosen, internalize=None)
    return [CompileRequest(name, unit, chosen, stage) for unit in units]


def _compiled(request: CompileRequest, options: BuildOptions, progress: Callable[[str], None] | None) -> ConfinedUnit:
    (unit,) = run_child(
        [request], cpu_seconds=options.compile_seconds, memory_bytes=options.compile_bytes, progress=progress
    )
    return unit


def _key(request: CompileRequest) -> str:
    cpu = cpu_identity() if request.options.cpu == "native" else ""
    choices = json.dumps(request.options.to_json(), sort_keys=True)
    return digest(["unit", compiler_identity(), choices, cpu, request.stage, *request.modules])


def _encoded(unit: ConfinedUnit) -> bytes:
    """A description of known length, then the objects end to end."""
    sizes = [len(content) for content in unit.objects]
    description = json.dumps({"sizes": sizes, "required_features": unit.required_features}).encode()
    return len(description).to_bytes(_LENGTH_SIZE, "little") + description + b"".join(unit.objects)


def _decoded(name: str, stored: bytes) -> ConfinedUnit:
    """The inverse of :func:`_encoded`; the cache has checked that what it gives is what it was given."""
    place = _LENGTH_SIZE + int.from_bytes(stored[:_LENGTH_SIZE], "little")
    description = json.loads(stored[_LENGTH_SIZE:place])
    objects = []
    for size in description["sizes"]:
        objects.append(stored[place : place + size])
        place += size
    return ConfinedUnit(name, tuple(objects), tuple(description["required_features"]))
