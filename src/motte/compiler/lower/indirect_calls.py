"""Indirect calls, tagged with the class of function that they may reach.

A ``"kcfi"`` operand bundle makes code generation emit a check and the call as one
unit that no later pass splits; the assembly stage replaces its check by ours.

A "direct" call of something that is no function (a constant address, a variable), or
of a function that takes more stack arguments than the call passes, must not become a
direct branch: its target goes through memory that the optimiser cannot see through,
and then it is an indirect call that the check stops.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from motte.compiler.confine import FunctionFacts
from motte.compiler.function_classes import FunctionClasses
from motte.compiler.ir.calls import CALL_LINE, Call, parse_call
from motte.compiler.ir.functions import Function
from motte.compiler.ir.module import Module
from motte.compiler.ir.scan import NAME

_DIRECT: Final = re.compile(r"call [^@\"]*?(@" + NAME + r")\(")
_CALLEES: Final = re.compile(r", !callees !\d+")
"""A guess of the optimiser that code generation does not use, and that would name functions of other parts."""
_NODE: Final = re.compile(r"^!(\d+) = ")
_FLAG: Final = '!{i32 4, !"kcfi", i32 1}'


class IndirectCalls:
    """Tags the indirect calls of one module."""

    def __init__(self, module: Module, classes: FunctionClasses) -> None:
        """Targets of calls of no function are numbered through the module."""
        self._module = module
        self._classes = classes
        self._constants = 0
        headers = [*(function.header for function in module.functions()), *module.declarations()]
        facts = {
            header.name: classes.of(header.result, (parameter.type for parameter in header.parameters))
            for header in headers
            if not header.name.startswith("@llvm.")
        }
        self._stack_bytes = {name: fact.stack_arguments for name, fact in facts.items() if fact.stack_arguments}

    def tag(self, function: Function) -> None:
        """Rewrite the function's indirect calls."""
        lines: list[str] = []
        for line in function.lines:
            if " call " not in line[:200] or not CALL_LINE.match(line):
                lines.append(line)
                continue
            direct = _DIRECT.search(line)
            name = direct.group(1) if direct is not None else ""
            if self._module.is_function(name) and name not in self._stack_bytes:
                lines.append(line)
                continue
            call = parse_call(line)
            lines += [line] if self._is_sound(call) else self._tagged(function, call)
        function.lines = lines

    def _is_sound(self, call: Call) -> bool:
        """Whether the call is of a function, and passes all the stack arguments that the function takes."""
        if not self._module.is_function(call.callee):
            return False
        taken = self._stack_bytes.get(call.callee, 0)
        return not taken or self._facts(call).stack_arguments >= taken

    def _facts(self, call: Call) -> FunctionFacts:
        return self._classes.of(call.result_type, (argument.type for argument in call.arguments))

    def _tagged(self, function: Function, call: Call) -> list[str]:
        before: list[str] = []
        if not call.callee.startswith("%"):
            target = function.fresh("target")
            before = [f"  {target} = load volatile ptr, ptr {self._hidden(call.callee)}, align 8"]
            call = replace(call, callee=target)
        attributes, comma, metadata = _CALLEES.sub("", call.suffix).partition(", !")
        bundle = f' [ "kcfi"(i32 {self._facts(call).function_class}) ]'
        return [*before, str(replace(call, suffix=f"{attributes}{bundle}{comma}{metadata}"))]

    def _hidden(self, target: str) -> str:
        """A constant in memory that holds the target of a call that must not be direct."""
        self._constants += 1
        name = f"@.motte.target.{self._constants}"
        self._module.require(f"{name} = private constant ptr {target}, align 8")
        return name

    def add_module_flag(self) -> None:
        """Tell code generation that indirect calls are checked."""
        items = self._module.items
        numbers = [int(match.group(1)) for item in items if isinstance(item, str) and (match := _NODE.match(item))]
        number = max(numbers, default=-1) + 1
        for index, item in enumerate(items):
            if isinstance(item, str) and item.startswith("!llvm.module.flags = !{"):
                separator = "" if item.endswith("{}") else ", "
                items[index] = f"{item[:-1]}{separator}!{number}}}"
                break
        else:
            items.append(f"!llvm.module.flags = !{{!{number}}}")
        items.append(f"!{number} = {_FLAG}")
