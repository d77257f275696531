"""Before optimisation: constructs that code generation could only serve from the native stack.

Variadic functions, structures by value and thread-local variables become plain
calls, pointers and globals here, so that the optimiser works on the final form.
"""

from __future__ import annotations

import re
from typing import Final

from motte.compiler.calling_convention import CallingConvention
from motte.compiler.ir.calls import CALL_LINE, Call, parse_call
from motte.compiler.ir.functions import Function, parse_header
from motte.compiler.ir.module import Module
from motte.compiler.legalise.byval import ByvalCopies
from motte.compiler.legalise.intrinsics import REPLACED, REPLACED_CLUES, replace_intrinsic
from motte.compiler.legalise.va_arg import expand_va_arg
from motte.compiler.legalise.variadic import VariadicCalls

_CLUES: Final = ("...)", "byval(", "@llvm.va_", " va_arg ", *REPLACED_CLUES)
_AFFECTED: Final = re.compile(r"\.\.\.\)|\bbyval\(|@llvm\.va_| = va_arg |" + REPLACED.pattern)


def legalise(module: Module, convention: CallingConvention) -> None:
    """Rewrite the module in place."""
    variadics = VariadicCalls(module, convention)
    copies = ByvalCopies(module)
    stage = _Legaliser(module, convention, variadics, copies)
    for function in module.functions():
        stage.function(function)
    for index, line in enumerate(module.items):
        if isinstance(line, str) and line.startswith("declare "):
            module.items[index] = stage.declaration(line)


class _Legaliser:
    """One walk over the lines that matter."""

    def __init__(
        self, module: Module, convention: CallingConvention, variadics: VariadicCalls, copies: ByvalCopies
    ) -> None:
        self._module = module
        self._convention = convention
        self._variadics = variadics
        self._copies = copies

    def function(self, function: Function) -> None:
        header = function.header
        own_area = f"%{function.stem}.arguments" if header.variadic else ""
        if header.variadic:
            self._variadics.header(header, own_area)
        if function.mentions(*_CLUES):
            lines: list[str] = []
            for line in function.lines:
                if _AFFECTED.search(line):
                    lines += self._instruction(function, line, own_area)
                else:
                    lines.append(line)
            function.lines = lines
            self._variadics.finish(function)
        if any(parameter.byval_type for parameter in header.parameters):
            self._copies.header(header)

    def declaration(self, line: str) -> str:
        if "byval(" not in line and "...)" not in line:
            return line
        header = parse_header(line)
        if header.variadic:
            self._variadics.declaration(header)
        self._copies.header(header)
        return str(header)

    def _instruction(self, function: Function, line: str, own_area: str) -> list[str]:
        if not CALL_LINE.match(line):
            return expand_va_arg(function, line, self._convention) if " = va_arg " in line else [line]
        call = parse_call(line)
        match call.callee.split(".p0")[0]:
            case "@llvm.va_start":
                return self._variadics.start(function, function.header, own_area, call.arguments[0].value)
            case "@llvm.va_copy":
                return [_copy_va_list(self._module, *(argument.value for argument in call.arguments))]
            case "@llvm.va_end":
                return []
        if REPLACED.match(call.callee):
            return replace_intrinsic(self._module, function, call)
        return self._call(function, call, own_area)

    def _call(self, function: Function, call: Call, own_area: str) -> list[str]:
        lines: list[str] = []
        if call.is_variadic:
            lines, call = self._variadics.call(function, call, own_area)
        before, call, after = self._copies.call(function, call)
        return [*lines, *before, str(call), *after]


def _copy_va_list(module: Module, target: str, source: str) -> str:
    module.require("declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)")
    return f"  call void @llvm.memcpy.p0.p0.i64(ptr align 8 {target}, ptr align 8 {source}, i64 24, i1 false)"
