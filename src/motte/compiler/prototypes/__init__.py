"""What the host may call, and with what: the prototypes of exported functions.

A program without ``main`` is a library: all its external functions are exported.  Of a program with one, those are that
are marked as used (``MOTTE_EXPORT`` in ``motte.h``), or all if that is asked for.  Hidden ones never are.

A prototype is a line of JSON: the function's name, and for its result and each parameter a letter that says what a
register carries (:mod:`motte.abi.prototypes`), a name and a C type for people.  Debug information has both, and knows
what is signed; without it, the types of LLVM have to do.  The lines travel in a section of the object, and in the
artifact; nothing about them is trusted, and nothing depends on them but what a call is made with.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from motte.abi.prototypes import LONGEST_PROTOTYPE, SECTION
from motte.compiler.ir.functions import Function
from motte.compiler.ir.module import Module
from motte.compiler.options import CompileOptions
from motte.compiler.prototypes.debug_types import DebugTypes
from motte.compiler.prototypes.machine_types import problem_of, shape_of

_STRUCTURE: Final = "it takes or returns a structure by value: pass a pointer to it"
_MAIN: Final = "@main"
_LISTS: Final = ("@llvm.used = ", "@llvm.compiler.used = ")
_NAME: Final = re.compile(r"@[-\w$.]+")
_LOCAL: Final = frozenset(("internal", "private", "available_externally", "linkonce", "linkonce_odr", "hidden"))


def exported_functions(module: Module, options: CompileOptions) -> list[Function]:
    """The definitions that the host may call, in order; of a module whose functions are as they came."""
    if not options.exports and any(function.header.name == _MAIN for function in module.functions()):
        marked = {name for line in module.lines() if line.startswith(_LISTS) for name in _NAME.findall(line)}
        return [function for function in _external(module) if function.header.name in marked]
    return list(_external(module))


def prototypes_of(module: Module, functions: list[Function]) -> tuple[str, ...]:
    """A line for each; one that cannot be called from outside says why, unless its name is too long for that."""
    debug = DebugTypes(module)
    lines = (_line(_prototype(module, debug, function)) for function in functions)
    return tuple(line for line in lines if len(line) <= LONGEST_PROTOTYPE)


def _line(prototype: dict[str, object]) -> str:
    line = json.dumps(prototype, separators=(",", ":"))
    if len(line) <= LONGEST_PROTOTYPE:
        return line
    problem = f"its prototype takes {len(line)} bytes, and {LONGEST_PROTOTYPE} is the most"
    return json.dumps({"name": prototype["name"], "problem": problem}, separators=(",", ":"))


def prototype_section(prototypes: tuple[str, ...]) -> str:
    """Assembly for the section that carries them."""
    if not prototypes:
        return ""
    texts = (line.replace("\\", "\\\\").replace('"', '\\"') for line in prototypes)
    return "\n".join([f'\t.section {SECTION},"",@progbits', *(f'\t.asciz "{text}"' for text in texts), ""])


def _external(module: Module) -> Iterator[Function]:
    for function in module.functions():
        header = function.header
        if _LOCAL.isdisjoint(header.prefix.split()) and header.name != _MAIN:
            yield function


def _prototype(module: Module, debug: DebugTypes, function: Function) -> dict[str, object]:
    header = function.header
    name = header.name[1:]
    problem = problem_of(module.types, header)
    known = debug.of(function)
    shapes = [shape_of(module.types, item.type, item.attributes) for item in header.parameters]
    result = shape_of(module.types, header.result, tuple(header.prefix.split()))
    if known is not None and (len(known.parameters) != len(shapes) or known.passes_structures):
        problem = _STRUCTURE if not header.variadic else problem
    if problem is not None:
        return {"name": name, "problem": problem}
    if known is None:
        parameters = [[code, "", text] for code, text in shapes]
        return {"name": name, "result": list(result), "parameters": parameters}
    described = zip(shapes, known.parameters, strict=True)
    return {
        "name": name,
        "result": list(debug.joined(result, known.result)),
        "parameters": [[debug.joined(shape, item)[0], item.name, item.text] for shape, item in described],
    }
