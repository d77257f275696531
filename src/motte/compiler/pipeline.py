"""The compiler: every stage by name, in order."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from motte.compiler.accept import accept
from motte.compiler.assemble import assemble
from motte.compiler.calling_convention import CallingConvention
from motte.compiler.checked_casts import expand_checks, mark_casts
from motte.compiler.confine import confine
from motte.compiler.emit import emit
from motte.compiler.function_classes import FunctionClasses, function_facts
from motte.compiler.ir.module import Module
from motte.compiler.legalise import legalise
from motte.compiler.lower import lower
from motte.compiler.lower.blocks import use_segment
from motte.compiler.optimise import optimise
from motte.compiler.options import CompileOptions
from motte.compiler.parallel import run_forked
from motte.compiler.partition import parts_of
from motte.compiler.prototypes import prototype_section
from motte.compiler.read import parse, read, vector_bits
from motte.compiler.unit import CompileRequest, ConfinedUnit

Progress = Callable[[str], None]


def compile_unit(request: CompileRequest, progress: Progress) -> ConfinedUnit:
    """Bitcode or text of one or several modules → confined objects.  Runs in a limited child."""
    target = request.options.target()
    progress("reading")
    module = accept(read(request.modules), request.options)
    legalise(module, CallingConvention(module.types, vector_bits(target)))
    if request.options.checked:
        mark_casts(module, request.options.checked)
    prototypes = module.prototypes
    parts = parts_of(module, b"".join(request.modules)) if request.stage == "object" else [str(module)]
    progress("optimising")
    sections = [prototype_section(prototypes), *([""] * (len(parts) - 1))]
    jobs = zip(parts, sections, strict=True)
    results = run_forked([partial(_compile_part, part, section, request, progress) for part, section in jobs])
    return ConfinedUnit(request.name, tuple(results), target.required)


def _compile_part(text: str, section: str, request: CompileRequest, progress: Progress) -> bytes:
    """The second half, which is the slow one: one part of a module → an object, or the text of an earlier stage.

    ``section`` is assembly that goes into the object as it is.
    """
    options, stage = request.options, request.stage
    module = parse(text)
    if stage == "accepted":
        return str(module).encode()
    optimise(module, options)
    module = expand_checks(module, options) if options.checked else module
    if stage == "optimised":
        return str(module).encode()
    lowered = Module(str(module))
    classes = FunctionClasses(CallingConvention(lowered.types, vector_bits(options.target())), options)
    lower(lowered, classes)
    module = parse(use_segment(str(lowered)))
    if stage == "lowered":
        return str(module).encode()
    progress("generating code")
    assembly = emit(module, options)
    if stage == "assembly":
        return assembly.encode()
    confined = confine(assembly, function_facts(lowered, classes))
    if stage == "confined":
        return confined.encode()
    return _object(confined + section, options)


def _object(confined: str, options: CompileOptions) -> bytes:
    finished = assemble(confined, options.target().features)
    if not options.debug:
        return finished
    from motte.compiler.inlined_functions import with_inlined_functions  # a large parser, which few runs need

    return with_inlined_functions(finished)
