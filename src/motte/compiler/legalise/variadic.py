"""Variadic functions without variadic calls.

The problem: code generation spills the argument registers of a variadic function
into a *register save area* on the native stack and takes its address, and reads
the overflowing arguments through pointers into the caller's native frame.  Both
are out of a guest's reach, and must be.

What fails: passing every variadic argument in one flat array.  ``va_arg`` as clang
expands it walks two register counters and an overflow pointer, and a program may
hand its ``va_list`` to code that was compiled elsewhere.

The answer: the caller builds on its data stack exactly what the callee would have
built, a save area of 6 x 8 and 8 x 16 bytes followed by the overflow area, and
passes its address as a hidden last argument.  Named arguments travel as usual but
count as having used their registers, so ``va_start`` fills in the four fields of
``va_list`` with the numbers that System V prescribes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from motte.compiler.calling_convention import Allocator, CallingConvention, Part, Place
from motte.compiler.ir.calls import Argument, Call
from motte.compiler.ir.functions import Function, Header
from motte.compiler.ir.module import Module
from motte.compiler.ir.scan import split_list
from motte.compiler.ir.types import round_up
from motte.compiler.legalise.libc_variadics import NAMED_PARAMETERS
from motte.errors import CompileError

VECTOR_SAVE_OFFSET: Final = 48
OVERFLOW_OFFSET: Final = 176
EMPTY_AREA: Final = "@__motte_no_variadic_arguments"
_EMPTY_AREA_SIZE: Final = 256
_POINTER: Final = Argument("ptr", ("noundef",), "")


class VariadicCalls:
    """Rewrites the variadic functions and calls of one module."""

    def __init__(self, module: Module, convention: CallingConvention) -> None:
        """Remember how many parameters each variadic function names, before any header changes."""
        self._module = module
        self._convention = convention
        self._defined = {function.header.name: function.header for function in module.functions()}
        self._declared = {header.name: header for header in module.declarations()}
        self._named = {name: replace(header) for name, header in {**self._declared, **self._defined}.items()}
        self._area_size = 0

    def header(self, header: Header, area: str) -> None:
        """Give a variadic function its hidden last parameter, called ``area`` (empty in a declaration)."""
        header.parameters = [*header.parameters, replace(_POINTER, value=area)]
        header.variadic = False
        header.suffix = self._module.attributes.without(header.suffix, "memory")

    def declaration(self, header: Header) -> None:
        """A declaration; one that names no parameter is C's unprototyped one, and claims nothing."""
        if header.parameters:
            self.header(header, "")
        header.variadic = False

    def call(self, function: Function, call: Call, own_area: str) -> tuple[list[str], Call]:
        """Instructions that fill the area, and the call that passes it."""
        named = self._named_count(call)
        if named is None:
            return [], replace(call, type=call.result_type)
        before: list[str] = []
        if any(argument.type == "..." for argument in call.arguments):
            area, named = own_area, len(call.arguments) - 1
        elif len(call.arguments) <= named:
            area = EMPTY_AREA
            self._module.require(
                f"{EMPTY_AREA} = internal constant [{_EMPTY_AREA_SIZE} x i8] zeroinitializer, align 16"
            )
        else:
            area, before = self._fill(function, call, named)
        arguments = (*call.arguments[:named], replace(_POINTER, value=area))
        tail = call.tail if not before else ""
        suffix = self._module.attributes.without(call.suffix, "memory")
        return before, replace(call, type=call.result_type, arguments=arguments, tail=tail, suffix=suffix)

    def finish(self, function: Function) -> None:
        """Make room for the largest area that the function's calls fill."""
        if self._area_size:
            function.entry_allocas.append(f"  {_area_name(function)} = alloca [{self._area_size} x i8], align 16")
        self._area_size = 0

    def start(self, function: Function, header: Header, own_area: str, va_list: str) -> list[str]:
        """``va_start``: registers used by the named parameters, then the two areas."""
        used = self._registers_of(header.parameters[:-1])
        fields = [function.fresh("field") for _ in range(3)]
        overflow = function.fresh("overflow")
        return [
            f"  store i32 {8 * used.general}, ptr {va_list}, align 8",
            f"  {fields[0]} = getelementptr i8, ptr {va_list}, i64 4",
            f"  store i32 {VECTOR_SAVE_OFFSET + 16 * used.vector}, ptr {fields[0]}, align 4",
            f"  {overflow} = getelementptr i8, ptr {own_area}, i64 {OVERFLOW_OFFSET}",
            f"  {fields[1]} = getelementptr i8, ptr {va_list}, i64 8",
            f"  store ptr {overflow}, ptr {fields[1]}, align 8",
            f"  {fields[2]} = getelementptr i8, ptr {va_list}, i64 16",
            f"  store ptr {own_area}, ptr {fields[2]}, align 8",
        ]

    def _named_count(self, call: Call) -> int | None:
        """How many arguments are named; ``None`` if the callee turns out not to be variadic.

        C without prototypes calls every function through a variadic type that names
        all the arguments, so the callee's own header, where we have one, decides.
        """
        written = len(split_list(call.type.rpartition(" (")[2][:-1])) - 1
        if not call.is_direct:
            # With nothing to pass, the pointer may go unread; it must then not change the stack arguments.
            types = [argument.type for argument in call.arguments]
            harmless = self._convention.stack_bytes(types) == self._convention.stack_bytes([*types, "ptr"])
            return written if len(call.arguments) > written or harmless else None
        header = self._named.get(call.callee)
        if header is None or (header.keyword == "declare" and header.variadic and not header.parameters):
            return NAMED_PARAMETERS.get(call.callee[1:])
        return len(header.parameters) if header.variadic else None

    def _registers_of(self, named: Iterable[Argument]) -> Allocator:
        """Registers that named arguments use by System V, where a structure by value is in memory."""
        allocator = Allocator()
        for argument in named:
            if argument.byval_type is None:
                for part in self._convention.parts(argument.type):
                    allocator.place(part)
        return allocator

    def _fill(self, function: Function, call: Call, named: int) -> tuple[str, list[str]]:
        allocator = self._registers_of(call.arguments[:named])
        allocator.stack = 0  # the overflow area begins with the first variadic argument in memory
        area = _area_name(function)
        lines: list[str] = []
        for argument in call.arguments[named:]:
            if argument.byval_type is not None:
                lines += self._copy(function, area, allocator, argument)
            else:
                for type_text, value in self._scalars(function, argument.type, argument.value, lines):
                    lines += self._store(function, area, allocator, type_text, value)
        size = round_up(OVERFLOW_OFFSET + allocator.stack, 16)
        self._area_size = max(size, self._area_size)
        return area, lines

    def _copy(self, function: Function, area: str, allocator: Allocator, argument: Argument) -> list[str]:
        """A structure passed by value lies in the overflow area itself."""
        assert argument.byval_type is not None
        shape = self._module.types.shape(argument.byval_type)
        align = max(8, argument.alignment(shape.align))
        if align > 16:
            raise CompileError(f"a variadic argument of type {argument.byval_type} is aligned to {align}, more than 16")
        offset = round_up(allocator.stack, align)
        allocator.stack = offset + round_up(shape.stride, 8)
        self._module.require("declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)")
        place = function.fresh("place")
        source = f"ptr align {argument.alignment(shape.align)} {argument.value}"
        return [
            f"  {place} = getelementptr inbounds i8, ptr {area}, i64 {OVERFLOW_OFFSET + offset}",
            f"  call void @llvm.memcpy.p0.p0.i64(ptr align {align} {place}, {source}, i64 {shape.stride}, i1 false)",
        ]

    def _scalars(self, function: Function, type_text: str, value: str, lines: list[str]) -> Iterator[tuple[str, str]]:
        """The value, or the elements of a first-class aggregate one by one."""
        text = self._module.types.resolve(type_text)
        if not text.startswith(("{", "[", "<{")):
            yield type_text, value
            return
        for index, element in enumerate(self._module.types.elements(type_text)):
            part = function.fresh("element")
            lines.append(f"  {part} = extractvalue {type_text} {value}, {index}")
            yield from self._scalars(function, element, part, lines)

    def _store(self, function: Function, area: str, allocator: Allocator, type_text: str, value: str) -> list[str]:
        parts = self._convention.parts(type_text)
        if len(parts) != 1:
            raise CompileError(f"a variadic argument of type {type_text} has no place that va_arg could find")
        offset = _area_offset(parts[0], allocator.place(parts[0]))
        place = function.fresh("place")
        return [
            f"  {place} = getelementptr inbounds i8, ptr {area}, i64 {offset}",
            f"  store {type_text} {value}, ptr {place}, align {min(16, parts[0].size)}",
        ]


def _area_offset(part: Part, place: Place) -> int:
    match place.kind:
        case "general":
            return 8 * place.position
        case "vector" if part.size <= 16:
            return VECTOR_SAVE_OFFSET + 16 * place.position
        case "stack" if part.size <= 16:
            return OVERFLOW_OFFSET + place.position
    raise CompileError(f"a variadic argument of type {part.type} is wider than the register save area's slots")


def _area_name(function: Function) -> str:
    return f"%{function.stem}.area"
