"""Runs programs natively, untouched and through our IR stages, and prints both results as JSON.

A program is C that defines ``int run(long *results)``.  The second run happens on
the host, too: the data stack is then an ordinary buffer, and indirect calls go
unchecked, because their check belongs to the assembly half.  Started as a process
of its own, since a wrong transformation may well crash it.
"""

import ctypes
import json
import re
import sys
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm

from motte.compiler.accept import accept
from motte.compiler.calling_convention import CallingConvention
from motte.compiler.function_classes import FunctionClasses
from motte.compiler.ir.module import Module
from motte.compiler.legalise import legalise
from motte.compiler.lower import lower
from motte.compiler.optimise import optimise
from motte.compiler.options import CompileOptions
from motte.compiler.read import parse, read, vector_bits

RESULTS = 4096
DATA_STACK_BYTES = 1 << 22


def transformed(bitcode: bytes, options: CompileOptions) -> Any:
    """The module that code generation would get, made fit for the host."""
    bits = vector_bits(options.target())
    module = accept(read([bitcode]), options)
    legalise(module, CallingConvention(module.types, bits))
    optimised = parse(str(module))
    optimise(optimised, options)
    lowered = Module(str(optimised))
    lower(lowered, FunctionClasses(CallingConvention(lowered.types, bits), options))
    text = re.sub(r' \[ "kcfi"\(i32 \d+\) \]', "", str(lowered)).replace('!"kcfi", i32 1', '!"unchecked", i32 1')
    for name in ("pointer", "limit"):
        variable = f"@__motte_data_stack_{name} = "
        text = text.replace(f"{variable}external dso_local global ptr", f"{variable}global ptr null")
    return parse(text)


def untouched(bitcode: bytes, options: CompileOptions) -> Any:
    """The same module through the same optimiser, and nothing else."""
    module = parse(read([bitcode]))
    optimise(module, options)
    return module


def execute(module: Any, options: CompileOptions) -> list[int]:
    """Call ``run`` in this process."""
    target = options.target()
    machine = llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine(
        cpu=target.cpu, features=target.features, opt=max(1, options.optimization), jit=True
    )
    with llvm.create_mcjit_compiler(module, machine) as engine:
        engine.finalize_object()
        stack = ctypes.create_string_buffer(DATA_STACK_BYTES)
        base = ctypes.addressof(stack)
        for name, value in (("pointer", (base + 15) & -16), ("limit", base + DATA_STACK_BYTES - 65536)):
            variable = engine.get_global_value_address(f"__motte_data_stack_{name}")
            if variable:
                ctypes.c_uint64.from_address(variable).value = value
        results = (ctypes.c_long * RESULTS)()
        run = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_long))(engine.get_function_address("run"))
        return list(results[: run(results)])


def main() -> None:
    """Arguments: bitcode file, optimisation level, CPU, ``native`` or ``confined``."""
    file, level, cpu, side = sys.argv[1:]
    options = CompileOptions(optimization=int(level), cpu=cpu, internalize=("run",))
    make = transformed if side == "confined" else untouched
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    for library in ("libm.so.6", "libgcc_s.so.1"):  # frexp; division of 128-bit integers
        llvm.load_library_permanently(library)
    print(json.dumps(execute(make(Path(file).read_bytes(), options), options)))


if __name__ == "__main__":
    main()
