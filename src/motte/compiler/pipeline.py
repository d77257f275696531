"""The compiler: every stage by name, in order.

Native code takes the same way as far as the optimiser, and then the short one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from motte.abi.native_only import NativeOnly
from motte.compiler.accept import accept
from motte.compiler.accept.barriers import assembly_texts
from motte.compiler.assemble import assemble
from motte.compiler.calling_convention import CallingConvention
from motte.compiler.checked_casts import expand_checks, mark_casts
from motte.compiler.confine import confine
from motte.compiler.emit import emit, emit_native, give_up_files
from motte.compiler.function_classes import FunctionClasses, function_facts
from motte.compiler.ir.module import Module
from motte.compiler.legalise import legalise
from motte.compiler.legalise.host_functions import define_host_functions
from motte.compiler.legalise.native import legalise_native
from motte.compiler.lower import lower
from motte.compiler.lower.blocks import use_segment
from motte.compiler.optimise import choose_code_generation, optimise
from motte.compiler.parallel import run_forked
from motte.compiler.partition import parts_of
from motte.compiler.prototypes import prototype_section
from motte.compiler.read import parse, read, vector_bits
from motte.compiler.unit import CompileRequest, ConfinedUnit
from motte.errors import CompileError

Progress = Callable[[str], None]


def compile_unit(request: CompileRequest, progress: Progress) -> ConfinedUnit:
    """Bitcode or text of one or several modules → confined objects.  Runs in a limited child."""
    options = request.options
    target = options.target()
    choose_code_generation(native=options.native)
    progress("reading")
    module = accept(read(request.modules), options)
    define_host_functions(module)
    if options.native:
        legalise_native(module)
    else:
        with _as_native_only():
            legalise(module, CallingConvention(module.types, vector_bits(target)))
    if options.checked:
        mark_casts(module, options.checked)
    prototypes = module.prototypes
    is_divided = request.stage == "object" and not (options.native and assembly_texts(module))
    parts = parts_of(module, b"".join(request.modules)) if is_divided else [str(module)]
    progress("optimising")
    jobs = [
        partial(_compile_part, part, () if number else prototypes, request, progress)
        for number, part in enumerate(parts)
    ]
    return ConfinedUnit(request.name, tuple(run_forked(jobs, always=_gives_up_files(request))), target.required)


def _gives_up_files(request: CompileRequest) -> bool:
    """Whether it is made of a stranger's assembly: see :mod:`motte.compiler.emit`."""
    is_generated = request.stage in ("assembly", "confined", "object")
    return request.options.native and request.options.is_of_a_program and is_generated


def _compile_part(text: str, prototypes: tuple[str, ...], request: CompileRequest, progress: Progress) -> bytes:
    """The second half, which is the slow one: one part of a module → an object, or the text of an earlier stage.

    ``prototypes`` are what the object says of the functions that the host may call.
    """
    options, stage = request.options, request.stage
    module = parse(text)
    if stage == "accepted":
        return str(module).encode()
    optimise(module, options)
    module = expand_checks(module, options) if options.checked else module
    if stage == "optimised":
        return str(module).encode()
    if options.native:
        return _native(module, prototypes, request, progress)
    with _as_native_only():
        return _confined(module, prototypes, request, progress)


def _confined(module: Any, prototypes: tuple[str, ...], request: CompileRequest, progress: Progress) -> bytes:
    """Lower, emit, confine, assemble."""
    options, stage = request.options, request.stage
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
    finished = assemble(confined + prototype_section(prototypes), options.target().features)
    if not options.debug:
        return finished
    from motte.compiler.inlined_functions import with_inlined_functions  # a large parser, which few runs need

    return with_inlined_functions(finished)


def _native(module: Any, prototypes: tuple[str, ...], request: CompileRequest, progress: Progress) -> bytes:
    """What LLVM makes of it."""
    options, stage = request.options, request.stage
    if stage == "lowered":
        return str(module).encode()
    progress("generating code")
    if options.debug:  # while files can be opened
        from motte.compiler.inlined_functions import with_inlined_functions
    if _gives_up_files(request):
        give_up_files()
    if stage in ("assembly", "confined"):
        return emit(module, options).encode()
    finished = emit_native(module, options, prototypes)
    return with_inlined_functions(finished) if options.debug else finished


@contextmanager
def _as_native_only() -> Iterator[None]:
    """What these stages refuse, they refuse for the sake of confinement."""
    try:
        yield
    except CompileError as error:
        error.native_only = error.native_only or NativeOnly.GENERATED
        raise
