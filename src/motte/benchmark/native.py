"""The native contender: the same bitcode through the same optimiser, without confinement.

``python -m motte.benchmark.native OUTPUT.o MODULE.bc…`` reads, accepts and optimises as
the confined compiler does, then lets LLVM write an ordinary object with a red zone and its
own stack frames.  The system's linker and C library do the rest.
"""

from __future__ import annotations

import sys
from pathlib import Path

from motte.compiler.accept import accept
from motte.compiler.optimise import optimise, target_machine
from motte.compiler.options import CompileOptions
from motte.compiler.read import parse, read

CONFINEMENT_ATTRIBUTES = (" noredzone", ' "no-realign-stack"')
"""What acceptance adds for the native stack's sake; a native program does without."""


def native_object(modules: list[bytes], options: CompileOptions) -> bytes:
    """One relocatable object of all modules."""
    text = str(accept(read(modules), options))
    for attribute in CONFINEMENT_ATTRIBUTES:
        text = text.replace(attribute, "")
    module = parse(text)
    optimise(module, options)
    code: bytes = target_machine(options.target(), options.optimization).emit_object(module)
    return code


def main() -> None:
    """Entry of the child process."""
    output, *modules = sys.argv[1:]
    code = native_object([Path(module).read_bytes() for module in modules], CompileOptions())
    Path(output).write_bytes(code)


if __name__ == "__main__":
    main()
