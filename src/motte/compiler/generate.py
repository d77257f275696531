"""Last stages: assembly, confinement, object; the slow half of a compilation."""

from __future__ import annotations

from collections.abc import Mapping

from motte.compiler.assemble import assemble
from motte.compiler.confine import FunctionFacts, confine
from motte.compiler.emit import emit
from motte.compiler.ir.module import Module
from motte.compiler.options import CompileOptions
from motte.compiler.read import parse
from motte.compiler.unit import Stage


def generate(module: Module, facts: Mapping[str, FunctionFacts], options: CompileOptions, stage: Stage) -> list[bytes]:
    """The files of one unit, or the text of an earlier stage."""
    assembly = emit(parse(str(module)), options)
    if stage == "assembly":
        return [assembly.encode()]
    confined = confine(assembly, facts)
    if stage == "confined":
        return [confined.encode()]
    return [assemble(confined)]
