"""Functions of the host: declarations of ``motte_host.NAME`` become definitions that call it.

A guest declares such a function like any other (``MOTTE_HOST("log")`` in ``motte.h`` gives it its symbol).  What it
calls is this:

    find the number of NAME, the first time        motte_host_find
    every argument becomes a word of 64 bits       integers widened, numbers as their bits, pointers
    up to five in registers, or all in memory      motte_host_call(number | count << 32, …)
    the result is cut from a word

A name that was not granted has no number, and the call is a fault, with this function as the innermost one.
"""

from __future__ import annotations

import re
from typing import Final

from motte.abi.symbols import HOST_FUNCTION_PREFIX
from motte.compiler.ir.functions import Function, Header, parse_header
from motte.compiler.ir.module import Module
from motte.compiler.prototypes.machine_types import problem_of
from motte.errors import CompileError

_PREFIX: Final = f"@{HOST_FUNCTION_PREFIX}"
_IN_REGISTERS: Final = 5
_WORDS_LIMIT: Final = 16
_LONGEST_NAME: Final = 63
_DECLARED: Final = re.compile(rf"^declare .*{re.escape(_PREFIX)}")
_FLOATS: Final = {"float": "i32", "double": "i64"}


def define_host_functions(module: Module) -> None:
    """Replace the declarations by definitions, in place."""
    for index, line in enumerate(module.items):
        if isinstance(line, str) and _DECLARED.match(line):
            module.items[index] = _Definition(module, parse_header(line)).function()


class _Definition:
    def __init__(self, module: Module, header: Header) -> None:
        self._module = module
        self._header = header
        self._name = header.name[len(_PREFIX) :]
        self._lines: list[str] = []
        self._serial = 0
        problem = problem_of(module.types, header)
        if problem is None and len(header.parameters) > _WORDS_LIMIT:
            problem = f"it takes more than {_WORDS_LIMIT} arguments"
        if problem is None and not 0 < len(self._name) <= _LONGEST_NAME:
            problem = f"a name has 1 to {_LONGEST_NAME} characters"
        if problem is not None:
            raise CompileError(f"the function {self._name} of the host cannot be declared like this: {problem}")

    def function(self) -> Function:
        """The whole definition, local to the module."""
        module, header = self._module, self._header
        module.require("declare i32 @motte_host_find(ptr)")
        module.require("declare i64 @motte_host_call(i64, i64, i64, i64, i64, i64)")
        number = self._number()
        words = [
            self._word(argument.type, f"%a{i}", argument.attributes) for i, argument in enumerate(header.parameters)
        ]
        count = len(words) << 32
        first = self._value(f"or i64 {number}, {count}")
        if len(words) > _IN_REGISTERS:
            words = [self._stored(words)]
        given = ", ".join(f"i64 {word}" for word in [first, *words, *["0"] * (_IN_REGISTERS - len(words))])
        result = self._value(f"notail call i64 @motte_host_call({given})")
        self._return(result)
        parameters = ", ".join(f"{argument.type} %a{i}" for i, argument in enumerate(header.parameters))
        group = module.attributes.number_of(
            ("noinline", "nounwind", "noredzone", '"no-realign-stack"', '"frame-pointer"="none"')
        )
        line = f"define internal {header.result} {header.name}({parameters}) #{group} {{"
        return Function(parse_header(line), self._lines)

    def _number(self) -> str:
        """Found by the first call: 0 is no function's."""
        module, size = self._module, len(self._name) + 1
        text, known = f"@.motte.host_name.{self._name}", f"@.motte.host_number.{self._name}"
        module.require(f'{text} = private unnamed_addr constant [{size} x i8] c"{self._name}\\00", align 1')
        module.require(f"{known} = private global i64 0, align 8")
        before = self._value(f"load i64, ptr {known}, align 8")
        is_known = self._value(f"icmp ne i64 {before}, 0")
        self._lines += [f"  br i1 {is_known}, label %known, label %new", "", "new:"]
        found = self._value(f"call i32 @motte_host_find(ptr {text})")
        exists = self._value(f"icmp sgt i32 {found}, 0")
        chosen = self._value(f"select i1 {exists}, i32 {found}, i32 0")
        wide = self._value(f"zext i32 {chosen} to i64")
        self._lines += [f"  store i64 {wide}, ptr {known}, align 8", "  br label %known", "", "known:"]
        return self._value(f"phi i64 [ {before}, %entry ], [ {wide}, %new ]")

    def _word(self, text: str, value: str, attributes: tuple[str, ...]) -> str:
        resolved = self._module.types.resolve(text)
        if resolved == "ptr":
            return self._value(f"ptrtoint ptr {value} to i64")
        if resolved in _FLOATS:
            bits = _FLOATS[resolved]
            value = self._value(f"bitcast {resolved} {value} to {bits}")
            resolved = bits
        if resolved == "i64":
            return value
        return self._value(f"{'sext' if 'signext' in attributes else 'zext'} {resolved} {value} to i64")

    def _stored(self, words: list[str]) -> str:
        area = self._value(f"alloca [{len(words)} x i64], align 16")
        for i, word in enumerate(words):
            place = self._value(f"getelementptr i64, ptr {area}, i64 {i}")
            self._lines.append(f"  store i64 {word}, ptr {place}, align 8")
        return self._value(f"ptrtoint ptr {area} to i64")

    def _return(self, word: str) -> None:
        resolved = self._module.types.resolve(self._header.result) if self._header.result != "void" else "void"
        if resolved == "void":
            self._lines.append("  ret void")
            return
        if resolved == "ptr":
            word = self._value(f"inttoptr i64 {word} to ptr")
        elif resolved != "i64":
            bits = _FLOATS.get(resolved, resolved)
            word = word if bits == "i64" else self._value(f"trunc i64 {word} to {bits}")
            word = self._value(f"bitcast {bits} {word} to {resolved}") if resolved in _FLOATS else word
        self._lines.append(f"  ret {resolved} {word}")

    def _value(self, operation: str) -> str:
        self._serial += 1
        if not self._lines:
            self._lines.append("entry:")
        self._lines.append(f"  %v{self._serial} = {operation}")
        return f"%v{self._serial}"
