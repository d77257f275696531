"""Last stages: assembly, confinement, object; the slow half of a compilation, divided if it is long."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from motte.compiler.assemble import assemble
from motte.compiler.confine import FunctionFacts, confine
from motte.compiler.emit import emit
from motte.compiler.ir.module import Module
from motte.compiler.options import CompileOptions
from motte.compiler.parallel import run_forked
from motte.compiler.partition import split
from motte.compiler.read import parse
from motte.compiler.unit import Stage


def generate(module: Module, facts: Mapping[str, FunctionFacts], options: CompileOptions, stage: Stage) -> list[bytes]:
    """The files of one unit, or the texts of an earlier stage."""
    parts = split(module)
    facts = {parts.renamed.get(name, name): fact for name, fact in facts.items()}
    tasks = [partial(_generate_part, text, facts, options, stage) for text in parts.texts]
    return run_forked(tasks) if len(tasks) > 1 else [tasks[0]()]


def _generate_part(text: str, facts: Mapping[str, FunctionFacts], options: CompileOptions, stage: Stage) -> bytes:
    assembly = emit(parse(text), options)
    if stage == "assembly":
        return assembly.encode()
    confined = confine(assembly, facts)
    if stage == "confined":
        return confined.encode()
    return assemble(confined, options.target().features)
