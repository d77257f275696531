"""Single instructions that code generation would serve from the native stack, or with an instruction we lack.

Besides elements and atomic operations: ``frexp`` and ``modf``, whose second result
comes through a pointer, and shifts of integers wider than 128 bits by a variable,
which go through memory.
"""

from __future__ import annotations

import re
from typing import Final

from motte.compiler.ir.calls import parse_call
from motte.compiler.ir.functions import Function
from motte.compiler.ir.instructions import operands_of, typed
from motte.compiler.ir.module import Module
from motte.compiler.ir.types import WIDE_INTEGER
from motte.compiler.lower import atomics, elements

_PAIRS: Final = ("@llvm.frexp.", "@llvm.modf.", "@llvm.sincos.")
_TRIGGER: Final = re.compile(
    r" = (?P<extract>extractelement) | = (?P<insert>insertelement) |^  (?P<fence>fence) .*seq_cst"
    r"| = (?P<rmw>atomicrmw) |^  (?P<store>store atomic) .*i128.*seq_cst"
    r"| = (?P<shift>shl|lshr|ashr) (?:n[us]w |exact )*" + WIDE_INTEGER + r" "
    r"|call .*@llvm\.(?P<pair>frexp|modf|sincos)\.f(?:32|64)"
)
_CLUES: Final = ("extractelement ", "insertelement ", "fence ", "atomicrmw ", "store atomic", *_PAIRS)
_WIDE: Final = re.compile(r" " + WIDE_INTEGER + r"\b")


class Instructions:
    """Rewrites the instructions of one module's functions."""

    def __init__(self, module: Module) -> None:
        """Wide integers are rare, so it pays to know that there are none."""
        self._module = module
        self._has_wide_integers = any(_WIDE.search("\n".join(function.lines)) for function in module.functions())

    def rewrite(self, function: Function) -> None:
        """Replace the function's lines."""
        if not self._has_wide_integers and not function.mentions(*_CLUES):
            return
        lines: list[str] = []
        for line in function.lines:
            match = _TRIGGER.search(line)
            if match is None or match.lastgroup is None:
                lines.append(line)
            else:
                lines += _HANDLERS[match.lastgroup](self._module, function, line)
        function.lines = lines


def _pair(module: Module, function: Function, line: str) -> list[str]:
    """Two results: the first from a call, the second from the call's pointer (or from a second call)."""
    call = parse_call(line)
    name, _, kind = call.callee.removeprefix("@llvm.").partition(".")
    real = call.result_type[1:].split(",", maxsplit=1)[0].strip()
    value = call.arguments[0].value
    metadata = "".join(re.findall(r", !dbg !\d+", call.suffix))
    first, second, pair = function.fresh("first"), function.fresh("second"), function.fresh("pair")
    if name == "sincos":
        second_type = real
        lines = []
        for result, half in ((first, "sin"), (second, "cos")):
            module.require(f"declare {real} @llvm.{half}.{kind}({real})")
            lines.append(f"  {result} = call {real} @llvm.{half}.{kind}({real} {value}){metadata}")
    else:
        symbol = f"@{name}{'f' if real == 'float' else ''}"
        second_type = "i32" if name == "frexp" else real
        slot = function.fresh("out")
        function.entry_allocas.append(f"  {slot} = alloca {second_type}")
        module.require(f"declare dso_local {real} {symbol}({real}, ptr)")
        lines = [
            f"  {first} = call {real} {symbol}({real} {value}, ptr {slot}){metadata}",
            f"  {second} = load {second_type}, ptr {slot}",
        ]
    return [
        *lines,
        f"  {pair} = insertvalue {call.result_type} poison, {real} {first}, 0",
        f"  {call.result} = insertvalue {call.result_type} {pair}, {second_type} {second}, 1",
    ]


def _shift(module: Module, function: Function, line: str) -> list[str]:
    """A shift by a variable as one shift by a constant for each bit of the amount."""
    del module
    result, operands, metadata = operands_of(re.sub(r" = (\w+) (?:n[us]w |exact )*", r" = \1 ", line))
    operation = line.partition(" = ")[2].partition(" ")[0]
    (kind, value), amount = typed(operands[0]), operands[1]
    if amount.isdigit():
        return [line]
    lines: list[str] = []
    steps = (int(kind[1:]) - 1).bit_length()
    for step in range(steps):
        name = function.fresh("shift")
        last = step == steps - 1
        target = result if last else f"{name}.out"
        lines += [
            f"  {name}.bit = and {kind} {amount}, {1 << step}",
            f"  {name}.set = icmp ne {kind} {name}.bit, 0",
            f"  {name}.moved = {operation} {kind} {value}, {1 << step}",
            f"  {target} = select i1 {name}.set, {kind} {name}.moved, {kind} {value}{metadata if last else ''}",
        ]
        value = target
    return lines


_HANDLERS: Final = {
    "extract": elements.extract,
    "insert": elements.insert,
    "fence": atomics.fence,
    "rmw": atomics.read_modify_write,
    "store": atomics.store,
    "shift": _shift,
    "pair": _pair,
}
