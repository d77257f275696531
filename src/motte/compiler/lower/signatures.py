"""Arguments and results that code generation would pass through aligned native memory.

A vector wider than 16 bytes that finds no register, and a result of more parts
than there are registers, are passed by pointer to a place in the caller's frame.
The rule looks at the types alone, so callers and callees agree in every object.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from motte.compiler.calling_convention import CallingConvention
from motte.compiler.ir.calls import CALL_LINE, Argument, Call, parse_call
from motte.compiler.ir.functions import LABEL, Function, Header, parse_header
from motte.compiler.ir.module import Module
from motte.compiler.ir.types import WIDE_INTEGER
from motte.errors import CompileError

_COMPOUND: Final = re.compile(r"[<{\[]|\b" + WIDE_INTEGER + r"\b|%[-\w$.\"]+ @")
_KEPT_WORDS: Final = frozenset(
    ("internal", "private", "weak", "weak_odr", "linkonce", "linkonce_odr", "dso_local", "fastcc")
)


class Signatures:
    """Rewrites the signatures and calls of one module."""

    def __init__(self, module: Module, convention: CallingConvention) -> None:
        """Decide once for each distinct signature."""
        self._module = module
        self._convention = convention
        self._known: dict[tuple[str, ...], tuple[bool, frozenset[int]]] = {}

    def declarations(self) -> None:
        """Rewrite the headers of functions that are only declared."""
        for index, item in enumerate(self._module.items):
            if (
                isinstance(item, str)
                and item.startswith("declare ")
                and "@llvm." not in item
                and _COMPOUND.search(item)
            ):
                header = parse_header(item)
                self._change_header(header, None)
                self._module.items[index] = str(header)

    def function(self, function: Function) -> None:
        """Rewrite a definition, and the calls in it."""
        result, indirect = self._change_header(function.header, function)
        lines: list[str] = []
        for line in function.lines:
            if result and line.startswith("  ret "):
                lines += _store_result(line, result)
            elif " call " in line and CALL_LINE.match(line) and "@llvm." not in line and _COMPOUND.search(line):
                lines += self._call(function, parse_call(line))
            else:
                lines.append(line)
        function.lines = lines
        for parameter in indirect:
            _load_parameter(function, parameter)

    def _decide(self, result: str, types: list[str]) -> tuple[bool, frozenset[int]]:
        key = (result, *types)
        known = self._known.get(key)
        if known is None:
            in_memory = self._convention.result_in_memory(result)
            passed = ["ptr", *types] if in_memory else types
            shift = len(passed) - len(types)
            indirect = frozenset(position - shift for position in self._convention.arguments_in_memory(passed))
            known = self._known[key] = in_memory, indirect
        return known

    def _change_header(self, header: Header, function: Function | None) -> tuple[str, list[Argument]]:
        """The name of the result's pointer (empty without one), and the parameters that became pointers."""
        in_memory, positions = self._decide(header.result, [parameter.type for parameter in header.parameters])
        indirect = [header.parameters[position] for position in sorted(positions)]
        header.parameters = [_by_pointer(item) if item in indirect else item for item in header.parameters]
        if not in_memory:
            return "", indirect
        result_name = function.fresh("result") if function is not None else ""
        header.parameters.insert(0, Argument("ptr", ("noundef",), result_name))
        header.prefix = _without_result_attributes(header.prefix)
        header.result = "void"
        return result_name, indirect

    def _call(self, function: Function, call: Call) -> list[str]:
        in_memory, positions = self._decide(call.result_type, [argument.type for argument in call.arguments])
        if not in_memory and not positions:
            return [str(call)]
        if call.tail == "musttail":
            raise CompileError(f"in {function.header.name}: a musttail call passes a value too wide for registers")
        before: list[str] = []
        arguments = list(call.arguments)
        for position in positions:
            argument = arguments[position]
            slot = self._slot(function, argument.type)
            before.append(f"  store {argument.type} {argument.value}, ptr {slot}, align 16")
            arguments[position] = Argument("ptr", ("noundef",), slot)
        if not in_memory:
            return [*before, str(replace(call, arguments=tuple(arguments), tail=""))]
        slot = self._slot(function, call.result_type)
        changed = replace(
            call,
            result=None,
            tail="",
            prefix=_without_result_attributes(call.prefix),
            type="void",
            arguments=(Argument("ptr", ("noundef",), slot), *arguments),
        )
        load = [f"  {call.result} = load {call.result_type}, ptr {slot}, align 16"] if call.result else []
        return [*before, str(changed), *load]

    def _slot(self, function: Function, type_text: str) -> str:
        slot = function.fresh("slot")
        function.entry_allocas.append(f"  {slot} = alloca {type_text}, align 16")
        return slot


def _by_pointer(parameter: Argument) -> Argument:
    return Argument("ptr", ("noundef",), parameter.value)


def _without_result_attributes(prefix: str) -> str:
    """Linkage and convention stay; what was said of the result, or of its arithmetic, is said of nothing now."""
    return " ".join(word for word in prefix.split() if word in _KEPT_WORDS)


def _store_result(line: str, pointer: str) -> list[str]:
    value, comma, metadata = line[len("  ret ") :].partition(", !")
    return [f"  store {value}, ptr {pointer}, align 16", f"  ret void{comma}{metadata}"]


def _load_parameter(function: Function, parameter: Argument) -> None:
    """The parameter keeps its name or number, and its uses get the loaded value's."""
    loaded = function.fresh("loaded")
    use = re.compile(re.escape(parameter.value) + r"(?![-\w$.])")
    lines = [use.sub(loaded, line) if parameter.value in line else line for line in function.lines]
    first = 1 if LABEL.match(lines[0]) else 0
    load = f"  {loaded} = load {parameter.type}, ptr {parameter.value}, align 16"
    function.lines = [*lines[:first], load, *lines[first:]]
