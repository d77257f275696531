"""Structures passed by value: the caller copies, the callee gets a plain pointer.

Code generation would put the copy on the native stack, at an address that the
callee takes.  The copy is an ordinary local variable of the caller instead, one
for each argument, so that inlining and scalar replacement can make it vanish.
"""

from __future__ import annotations

from dataclasses import replace

from motte.compiler.ir.calls import Argument, Call
from motte.compiler.ir.functions import Function, Header
from motte.compiler.ir.module import Module
from motte.errors import CompileError


class ByvalCopies:
    """Rewrites the by-value parameters and arguments of one module."""

    def __init__(self, module: Module) -> None:
        """Nothing is read before it is asked for."""
        self._module = module

    def header(self, header: Header) -> None:
        """Make by-value parameters plain pointers that nothing else points to."""
        header.parameters = [self._pointer(parameter) for parameter in header.parameters]
        header.suffix = self._module.attributes.without(header.suffix, "memory")

    def call(self, function: Function, call: Call) -> tuple[list[str], Call, list[str]]:
        """Instructions that copy, the call, and the end of the copies' lives."""
        before: list[str] = []
        after: list[str] = []
        arguments: list[Argument] = []
        for argument in call.arguments:
            pointer = self._pointer(argument)
            if argument.byval_type is not None and call.tail == "musttail":
                _check_forwarded(function, argument)
            elif argument.byval_type is not None:
                copy = self._copy(function, argument, before, after)
                pointer = replace(pointer, value=copy)
            arguments.append(pointer)
        tail = call.tail if not before else ""
        suffix = self._module.attributes.without(call.suffix, "memory")
        return before, replace(call, arguments=tuple(arguments), tail=tail, suffix=suffix), after

    def _pointer(self, argument: Argument) -> Argument:
        if argument.byval_type is None:
            return argument
        shape = self._module.types.shape(argument.byval_type)
        plain = argument.without("byval", "align", "noalias", "nonnull", "dereferenceable", "readonly", "readnone")
        known = ("noalias", "nonnull", f"align {argument.alignment(shape.align)}", f"dereferenceable({shape.stride})")
        return replace(plain, attributes=(*plain.attributes, *(known if shape.stride else ())))

    def _copy(self, function: Function, argument: Argument, before: list[str], after: list[str]) -> str:
        assert argument.byval_type is not None
        shape = self._module.types.shape(argument.byval_type)
        align = argument.alignment(shape.align)
        copy = function.fresh("copy")
        for declaration in (
            "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)",
            "declare void @llvm.lifetime.start.p0(ptr)",
            "declare void @llvm.lifetime.end.p0(ptr)",
        ):
            self._module.require(declaration)
        function.entry_allocas.append(f"  {copy} = alloca [{shape.stride} x i8], align {align}")
        sides = f"ptr align {align} {copy}, ptr align {align} {argument.value}"
        before.append(f"  call void @llvm.lifetime.start.p0(ptr {copy})")
        before.append(f"  call void @llvm.memcpy.p0.p0.i64({sides}, i64 {shape.stride}, i1 false)")
        after.append(f"  call void @llvm.lifetime.end.p0(ptr {copy})")
        return copy


def _check_forwarded(function: Function, argument: Argument) -> None:
    """A guaranteed tail call can only hand on what its own caller copied."""
    if argument.value not in {parameter.value for parameter in function.header.parameters}:
        raise CompileError(
            f"in {function.header.name}: a musttail call passes {argument.byval_type} by value from a local copy"
        )
