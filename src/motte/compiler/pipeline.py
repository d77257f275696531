"""The compiler: every stage by name, in order."""

from __future__ import annotations

from collections.abc import Callable

from motte.compiler.accept import accept
from motte.compiler.calling_convention import CallingConvention
from motte.compiler.function_classes import FunctionClasses, function_facts
from motte.compiler.generate import generate
from motte.compiler.ir.module import Module
from motte.compiler.legalise import legalise
from motte.compiler.lower import lower
from motte.compiler.optimise import optimise
from motte.compiler.read import parse, read, vector_bits
from motte.compiler.unit import CompileRequest, ConfinedUnit

Progress = Callable[[str], None]


def compile_unit(request: CompileRequest, progress: Progress) -> ConfinedUnit:
    """Bitcode or text of one or several modules → confined objects.  Runs in a limited child."""
    options, target = request.options, request.options.target()

    def unit(*contents: bytes) -> ConfinedUnit:
        return ConfinedUnit(request.name, contents, target.required)

    progress("reading")
    module = accept(read(request.modules), options)
    legalise(module, CallingConvention(module.types, vector_bits(target)))
    if request.stage == "accepted":
        return unit(str(module).encode())
    progress("optimising")
    optimised = parse(str(module))
    optimise(optimised, options)
    if request.stage == "optimised":
        return unit(str(optimised).encode())
    lowered = Module(str(optimised))
    classes = FunctionClasses(CallingConvention(lowered.types, vector_bits(target)), options)
    lower(lowered, classes)
    if request.stage == "lowered":
        return unit(str(parse(str(lowered))).encode())
    progress("generating code")
    return unit(*generate(lowered, function_facts(lowered, classes), options, request.stage))
