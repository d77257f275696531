"""Confined text → object file, in this process.

LLVM's assembler is reached through ``module asm``: a module that contains nothing else is emitted as an
object.  A mistake in the text ends the whole process, because LLVM reports it that way, so callers run this in
a child.  The object is then finished by :mod:`motte.compiler.confined_object`.
"""

import re

import llvmlite.binding as llvm

from motte.compiler.confined_object import finish_object

TRIPLE = "x86_64-unknown-linux-musl"

_ESCAPED = re.compile(r'[\\"\n\t]')


def assemble(confined: str, cpu_features: str = "") -> bytes:
    """The confined object for a text from :func:`motte.compiler.confine.confine`.

    ``cpu_features`` is LLVM's feature string (``+avx2,…``).  Raises ``CompileError`` if the object
    breaks the contract of confined objects; text that LLVM cannot assemble kills the process.
    """
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    llvm.initialize_native_asmparser()
    escaped = _ESCAPED.sub(lambda character: f"\\{ord(character.group()):02X}", confined)
    module = llvm.parse_assembly(f'target triple = "{TRIPLE}"\nmodule asm "{escaped}"\n')
    machine = llvm.Target.from_triple(TRIPLE).create_target_machine(
        features=cpu_features, reloc="static", codemodel="small"
    )
    return finish_object(machine.emit_object(module))
