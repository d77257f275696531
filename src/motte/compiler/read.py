"""LLVM's own readers and linker: untrusted bytes in, one verified module out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import llvmlite.binding as llvm

from motte.compiler.ir.types import DATA_LAYOUT, TRIPLE
from motte.compiler.optimise import prepare_llvm, target_machine
from motte.compiler.options import Target
from motte.errors import CompileError

_BITCODE_MAGIC: Final = (b"BC\xc0\xde", b"\xde\xc0\x17\x0b")
_TRIPLE: Final = re.compile(r"(x86_64|amd64)-[\w.]+-linux(-\w+)?")


def parse(text: str) -> Any:
    """A module from text that one of our passes wrote, checked by LLVM's verifier."""
    module = llvm.parse_assembly(text)
    module.verify()
    return module


def read(sources: Sequence[bytes]) -> str:
    """Bitcode or text of one or several modules, linked into one, as LLVM prints it."""
    prepare_llvm()
    modules = [_read_one(source) for source in sources]
    first = modules[0]
    for other in modules[1:]:
        try:
            first.link_in(other)
        except RuntimeError as error:
            raise CompileError(f"cannot link the modules: {error}") from error
    return str(first)


def _read_one(source: bytes) -> Any:
    try:
        if source.startswith(_BITCODE_MAGIC):
            module = llvm.parse_bitcode(source)
        else:
            module = llvm.parse_assembly(source.decode("utf-8", "strict"))
        module.verify()
    except (RuntimeError, UnicodeDecodeError) as error:
        raise CompileError("not a valid LLVM module", str(error)) from error
    _check_target(module)
    return module


def _check_target(module: Any) -> None:
    triple, layout = module.triple, module.data_layout
    if triple and not _TRIPLE.fullmatch(triple):
        raise CompileError(f"the module is for {triple}; only x86-64 Linux is supported")
    if layout and layout != DATA_LAYOUT:
        raise CompileError(f"the module has a foreign data layout: {layout}")
    module.triple = TRIPLE
    module.data_layout = DATA_LAYOUT


@cache
def vector_bits(target: Target) -> int:
    """The widest vector register of a CPU, asked from the code generator itself."""
    probe = parse(
        f'target triple = "{TRIPLE}"\ntarget datalayout = "{DATA_LAYOUT}"\n'
        "define void @f(ptr %p, ptr %q) {\n  %v = load <16 x float>, ptr %p\n"
        "  store <16 x float> %v, ptr %q\n  ret void\n}\n"
    )
    text = target_machine(target, 2).emit_assembly(probe)
    return next((bits for name, bits in (("%zmm", 512), ("%ymm", 256)) if name in text), 128)
