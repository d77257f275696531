"""Single instructions that code generation would serve from the native stack, or with an instruction we lack.

* A vector element chosen by a variable index is read and written through memory.
* ``frexp`` and ``modf`` give their second result through a pointer.
* A sequentially consistent fence, and an atomic operation that changes nothing,
  become a locked access to the stack; ``mfence`` does as well.
* An atomic change of one bit, chosen by a variable, becomes ``lock bts`` with a
  register, whose reach is not bounded by the operand.
* A shift of an integer wider than 128 bits by a variable goes through memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from motte.compiler.ir.calls import parse_call
from motte.compiler.ir.functions import Function
from motte.compiler.ir.module import Module
from motte.compiler.ir.scan import NAME, split_list
from motte.compiler.ir.types import integer_shape, sequence, type_end

_PARTS: Final = ("@llvm.frexp.", "@llvm.modf.", "@llvm.sincos.")
_TRIGGER: Final = re.compile(
    r" = (?P<extract>extractelement) | = (?P<insert>insertelement) |^  (?P<fence>fence) .*seq_cst"
    r"| = (?P<rmw>atomicrmw) |^  (?P<store>store atomic) .*i128.*seq_cst"
    r"| = (?P<shift>shl|lshr|ashr) (?:n[us]w |exact )*i(?:129|1[3-9]\d|[2-9]\d\d|\d{4,}) "
    r"|call .*@llvm\.(?P<parts>frexp|modf|sincos)\.f(?:32|64)"
)
_CLUES: Final = ("extractelement ", "insertelement ", "fence ", "atomicrmw ", "store atomic", *_PARTS)
_WIDE: Final = re.compile(r" i(?:129|1[3-9]\d|[2-9]\d\d|\d{4,})\b")
_BYTE_ELEMENTS: Final = frozenset(("i8", "i16", "i32", "i64", "i128", "half", "bfloat", "float", "double", "ptr"))
_MFENCE: Final = "  call void @llvm.x86.sse2.mfence()"
_RMW: Final = re.compile(
    r"^  (?P<result>%" + NAME + r") = atomicrmw (?P<volatile>volatile )?(?P<operation>\w+) ptr (?P<pointer>.*?), "
    r"(?P<type>i\d+) (?P<value>\S+) (?P<scope>syncscope\([^)]*\) )?(?P<order>\w+)(?P<align>, align \d+)?(?P<rest>.*)$"
)
_IDENTITIES: Final = frozenset((("or", "0"), ("add", "0"), ("sub", "0"), ("xor", "0"), ("and", "-1")))


class Instructions:
    """Rewrites the instructions of one module's functions."""

    def __init__(self, module: Module) -> None:
        """One handler for each name in the trigger."""
        self._module = module
        self._has_wide_integers = any(_WIDE.search("\n".join(function.lines)) for function in module.functions())
        self._handlers: dict[str, Callable[[Function, str], list[str]]] = {
            "extract": self._extract,
            "insert": self._insert,
            "fence": self._fence,
            "rmw": self._read_modify_write,
            "store": self._store,
            "shift": _shift,
            "parts": self._parts,
        }

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
                lines += self._handlers[match.lastgroup](function, line)
        function.lines = lines

    def _extract(self, function: Function, line: str) -> list[str]:
        result, operands, metadata = _operands(line)
        (vector_type, vector), (index_type, index) = map(_typed, operands)
        if index.isdigit():
            return [line]
        lines, _, element, stored, place = self._spill(function, vector_type, vector, index_type, index)
        if stored == element:
            return [*lines, f"  {result} = load {element}, ptr {place}{metadata}"]
        wide = function.fresh("wide")
        return [
            *lines,
            f"  {wide} = load {stored}, ptr {place}",
            f"  {result} = trunc {stored} {wide} to {element}{metadata}",
        ]

    def _insert(self, function: Function, line: str) -> list[str]:
        result, operands, metadata = _operands(line)
        (vector_type, vector), (_, value), (index_type, index) = map(_typed, operands)
        if index.isdigit():
            return [line]
        lines, slot, element, stored, place = self._spill(function, vector_type, vector, index_type, index)
        if stored == element:
            lines.append(f"  store {element} {value}, ptr {place}")
            return [*lines, f"  {result} = load {vector_type}, ptr {slot}, align 16{metadata}"]
        wide = function.fresh("wide")
        wide_vector = vector_type.replace(f"x {element}>", f"x {stored}>")
        return [
            *lines,
            f"  {wide} = zext {element} {value} to {stored}",
            f"  store {stored} {wide}, ptr {place}",
            f"  {wide}.all = load {wide_vector}, ptr {slot}, align 16",
            f"  {result} = trunc {wide_vector} {wide}.all to {vector_type}{metadata}",
        ]

    def _spill(
        self, function: Function, vector_type: str, vector: str, index_type: str, index: str
    ) -> tuple[list[str], str, str, str, str]:
        """Store the vector; its place, the element's type, the type it is stored as, and the chosen element's place."""
        count, element = sequence(vector_type)
        stored = element if element in _BYTE_ELEMENTS else f"i{8 * integer_shape(int(element[1:])).align}"
        slot, name = function.fresh("vector"), function.fresh("index")
        function.entry_allocas.append(f"  {slot} = alloca <{count} x {stored}>, align 16")
        lines = []
        if stored != element:
            wide_type = f"<{count} x {stored}>"
            lines.append(f"  {name}.wide = zext {vector_type} {vector} to {wide_type}")
            vector_type, vector = wide_type, f"{name}.wide"
        lines.append(f"  store {vector_type} {vector}, ptr {slot}, align 16")
        if index_type != "i64":
            lines.append(f"  {name}.n = {'trunc' if int(index_type[1:]) > 64 else 'zext'} {index_type} {index} to i64")
            index = f"{name}.n"
        self._module.require("declare i64 @llvm.umin.i64(i64, i64)")
        lines.append(f"  {name} = call i64 @llvm.umin.i64(i64 {index}, i64 {count - 1})")
        lines.append(f"  {name}.at = getelementptr {stored}, ptr {slot}, i64 {name}")
        return lines, slot, element, stored, f"{name}.at"

    def _fence(self, function: Function, line: str) -> list[str]:
        del function
        if "singlethread" in line:
            return [line]
        self._module.require("declare void @llvm.x86.sse2.mfence()")
        return [_MFENCE]

    def _store(self, function: Function, line: str) -> list[str]:
        return [line.replace(" seq_cst", " release"), *self._fence(function, line)]

    def _read_modify_write(self, function: Function, line: str) -> list[str]:
        match = _RMW.match(line)
        if match is None or match["operation"] not in ("or", "and", "xor", "add", "sub"):
            return [line]
        if (match["operation"], match["value"]) in _IDENTITIES:
            volatile, align = match["volatile"] or "", match["align"] or ""
            load = f"  {match['result']} = load atomic {volatile}{match['type']}, ptr {match['pointer']} seq_cst{align}"
            return [*self._fence(function, line), f"{load}{match['rest']}"]
        if match["operation"] in ("add", "sub") or not match["value"].startswith("%"):
            return [line]
        hidden = function.fresh("mask")
        freeze = f"  {hidden} = freeze {match['type']} {match['value']}"
        return [freeze, line[: match.start("value")] + hidden + line[match.end("value") :]]

    def _parts(self, function: Function, line: str) -> list[str]:
        """Two results: the first from a call, the second from the call's pointer (or from a second call)."""
        call = parse_call(line)
        name, _, kind = call.callee.removeprefix("@llvm.").partition(".")
        real = call.result_type[1:].split(",")[0].strip()
        value = call.arguments[0].value
        metadata = "".join(re.findall(r", !dbg !\d+", call.suffix))
        first, second, pair = function.fresh("first"), function.fresh("second"), function.fresh("pair")
        if name == "sincos":
            lines = [
                f"  {result} = call {real} @llvm.{half}.{kind}({real} {value}){metadata}"
                for result, half in ((first, "sin"), (second, "cos"))
            ]
            for half in ("sin", "cos"):
                self._module.require(f"declare {real} @llvm.{half}.{kind}({real})")
            second_type = real
        else:
            symbol = f"@{name}{'f' if real == 'float' else ''}"
            second_type = "i32" if name == "frexp" else real
            slot = function.fresh("out")
            function.entry_allocas.append(f"  {slot} = alloca {second_type}")
            self._module.require(f"declare dso_local {real} {symbol}({real}, ptr)")
            lines = [
                f"  {first} = call {real} {symbol}({real} {value}, ptr {slot}){metadata}",
                f"  {second} = load {second_type}, ptr {slot}",
            ]
        return [
            *lines,
            f"  {pair} = insertvalue {call.result_type} poison, {real} {first}, 0",
            f"  {call.result} = insertvalue {call.result_type} {pair}, {second_type} {second}, 1",
        ]


def _shift(function: Function, line: str) -> list[str]:
    """A variable shift as one constant shift for each bit of the amount."""
    result, operation, rest = line.strip().partition(" = ")[0], *line.partition(" = ")[2].split(" ", 1)
    rest, comma, metadata = rest.partition(", !")
    while rest.startswith(("nuw ", "nsw ", "exact ")):
        rest = rest.partition(" ")[2]
    (kind, value), amount = _typed(split_list(rest)[0]), split_list(rest)[1]
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
            f"  {target} = select i1 {name}.set, {kind} {name}.moved, {kind} {value}{comma + metadata if last else ''}",
        ]
        value = target
    return lines


def _operands(line: str) -> tuple[str, list[str], str]:
    """Result, operand texts and metadata of ``%r = opcode a, b, c, !metadata``."""
    result, _, rest = line.strip().partition(" = ")
    rest, comma, metadata = rest.partition(" ")[2].partition(", !")
    return result, split_list(rest), comma + metadata


def _typed(operand: str) -> tuple[str, str]:
    end = type_end(operand)
    assert end is not None, operand
    return operand[:end], operand[end + 1 :]
