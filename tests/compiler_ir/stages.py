"""Runs single stages on small modules, for the tests."""

from collections.abc import Callable

from motte.compiler.accept import accept
from motte.compiler.calling_convention import CallingConvention
from motte.compiler.emit import emit
from motte.compiler.function_classes import FunctionClasses
from motte.compiler.ir.module import Module
from motte.compiler.legalise import legalise
from motte.compiler.lower import lower
from motte.compiler.optimise import optimise
from motte.compiler.options import CompileOptions
from motte.compiler.read import parse, read, vector_bits

LIBRARY = CompileOptions(optimization=2, cpu="x86-64-v3", internalize=None)


def legalised(text: str, options: CompileOptions = LIBRARY) -> str:
    """After accept and legalise, as LLVM reads it."""
    module = accept(read([text.encode()]), options)
    legalise(module, CallingConvention(module.types, vector_bits(options.target())))
    return str(parse(str(module)))


def optimised(text: str, options: CompileOptions = LIBRARY) -> str:
    """After optimisation."""
    module = parse(legalised(text, options))
    optimise(module, options)
    return str(module)


def lowered(
    text: str, options: CompileOptions = LIBRARY, before: Callable[[str, CompileOptions], str] = legalised
) -> str:
    """After lowering; by default without optimisation, so that the text under test is what is lowered."""
    module = Module(before(text, options))
    lower(module, FunctionClasses(CallingConvention(module.types, vector_bits(options.target())), options))
    return str(parse(str(module)))


def assembly(
    text: str, options: CompileOptions = LIBRARY, before: Callable[[str, CompileOptions], str] = legalised
) -> str:
    """What the code generator makes of it."""
    return emit(parse(lowered(text, options, before)), options)


def lines_of(text: str, function: str) -> list[str]:
    """The instructions and labels of one function, stripped."""
    lines = iter(text.splitlines())
    next(line for line in lines if line.startswith("define ") and f"@{function}(" in line)
    body = []
    for line in lines:
        if line == "}":
            break
        if line.strip():
            body.append(line.strip())
    return body
