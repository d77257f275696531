"""What debug information says of functions: names of parameters, C types, and what is signed.

Read from the printed nodes.  What is odd there is worth a plainer text and no error: nothing but words depends on it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from motte.abi.prototypes import SIZES
from motte.compiler.ir.functions import Function
from motte.compiler.ir.module import Module

_NODE: Final = re.compile(r"^!(\d+) = (?:distinct )?(.*)$")
_FIELD: Final = re.compile(r'(\w+): ("(?:[^"\\]|\\..)*"|!\d+|[^,)]+)')
_REFERENCE: Final = re.compile(r"!(\d+)|null")
_ATTACHED: Final = re.compile(r"!dbg !(\d+)")
_DEPTH_LIMIT: Final = 12
_QUALIFIERS: Final = {"DW_TAG_const_type": "const", "DW_TAG_volatile_type": "volatile"}
_TAGGED: Final = {
    "DW_TAG_structure_type": "struct",
    "DW_TAG_union_type": "union",
    "DW_TAG_enumeration_type": "enum",
    "DW_TAG_class_type": "",
}
_STRUCTURES: Final = frozenset(("DW_TAG_structure_type", "DW_TAG_union_type", "DW_TAG_class_type"))
_UNSIGNED: Final = frozenset(("DW_ATE_unsigned", "DW_ATE_unsigned_char", "DW_ATE_UTF"))


@dataclass(frozen=True, slots=True)
class Described:
    """A parameter or a result."""

    name: str
    text: str
    """The C type."""
    signed: bool | None
    """Of an integer."""
    is_structure: bool


@dataclass(frozen=True, slots=True)
class DescribedFunction:
    """What is known of a function."""

    result: Described
    parameters: tuple[Described, ...]

    @property
    def passes_structures(self) -> bool:
        """By value, in registers of other types."""
        return any(each.is_structure for each in (self.result, *self.parameters))


class DebugTypes:
    """The nodes of one module."""

    def __init__(self, module: Module) -> None:
        """Reads nothing unless there is debug information."""
        self._nodes: dict[str, str] = {}
        self._names: dict[tuple[str, int], str] = {}
        if any("DISubprogram" in line for line in module.lines()):
            self._nodes = {match.group(1): match.group(2) for line in module.lines() if (match := _NODE.match(line))}
        for text in self._nodes.values():
            if text.startswith("!DILocalVariable(") and ", arg: " in text:
                fields = self._fields(text)
                scope, argument = fields.get("scope", "")[1:], fields.get("arg", "")
                if argument.isdigit():
                    self._names[scope, int(argument)] = fields.get("name", "").strip('"')

    def of(self, function: Function) -> DescribedFunction | None:
        """What is said of the function; ``None`` without debug information."""
        attached = _ATTACHED.search(function.header.suffix)
        if attached is None:
            return None
        number = attached.group(1)
        subroutine = self._field(self._field(number, "type"), "types")
        elements = [match.group(1) or "" for match in _REFERENCE.finditer(self._nodes.get(subroutine, ""))]
        if not elements:
            return None
        parameters = [self._described(each, self._names.get((number, n), "")) for n, each in enumerate(elements[1:], 1)]
        return DescribedFunction(self._described(elements[0], ""), tuple(parameters))

    @staticmethod
    def joined(shape: tuple[str, str], described: Described) -> tuple[str, str]:
        """Letter and type: the size is LLVM's, the sign and the words are those of the source."""
        code, _ = shape
        if described.signed is not None and code in SIZES:
            signed, unsigned = SIZES[code]
            code = signed if described.signed else unsigned
        return code, described.text

    def _described(self, number: str, name: str) -> Described:
        return Described(name, self._text(number, 0), self._signed(number, 0), self._is_structure(number, 0))

    def _text(self, number: str, depth: int) -> str:
        """A C type, or ``void``."""
        if not number or depth > _DEPTH_LIMIT:
            return "void"
        node = self._nodes.get(number, "")
        fields = self._fields(node)
        tag, name, base = fields.get("tag", ""), fields.get("name", "").strip('"'), _reference(fields, "baseType")
        if tag in ("DW_TAG_pointer_type", "DW_TAG_reference_type", "DW_TAG_rvalue_reference_type"):
            inner = self._text(base, depth + 1)
            sign = "*" if tag == "DW_TAG_pointer_type" else "&"
            return f"{inner}{sign}" if inner.endswith(("*", "&")) else f"{inner} {sign}"
        if tag in _QUALIFIERS:
            inner = self._text(base, depth + 1)
            return f"{inner} {_QUALIFIERS[tag]}" if inner.endswith("*") else f"{_QUALIFIERS[tag]} {inner}"
        if tag in _TAGGED:
            return f"{_TAGGED[tag]} {name}".strip() if name else f"{_TAGGED[tag]} …".strip()
        if node.startswith("!DISubroutineType("):
            return "function"
        return name or (self._text(base, depth + 1) if base else "…")

    def _signed(self, number: str, depth: int) -> bool | None:
        if not number or depth > _DEPTH_LIMIT:
            return None
        fields = self._fields(self._nodes.get(number, ""))
        encoding, tag, base = fields.get("encoding", ""), fields.get("tag", ""), _reference(fields, "baseType")
        if encoding:
            return encoding not in _UNSIGNED if encoding.startswith("DW_ATE_") else None
        if tag == "DW_TAG_enumeration_type" and not base:
            return False
        if tag in ("DW_TAG_typedef", "DW_TAG_enumeration_type", *_QUALIFIERS):
            return self._signed(base, depth + 1)
        return None

    def _field(self, number: str, name: str) -> str:
        return _reference(self._fields(self._nodes.get(number, "")), name)

    def _is_structure(self, number: str, depth: int) -> bool:
        fields = self._fields(self._nodes.get(number, ""))
        tag = fields.get("tag", "")
        if tag in ("DW_TAG_typedef", *_QUALIFIERS) and depth < _DEPTH_LIMIT:
            return self._is_structure(_reference(fields, "baseType"), depth + 1)
        return tag in _STRUCTURES

    @staticmethod
    def _fields(node: str) -> dict[str, str]:
        return {match.group(1): match.group(2) for match in _FIELD.finditer(node)}


def _reference(fields: dict[str, str], name: str) -> str:
    """The number of the node that a field names, or nothing."""
    value = fields.get(name, "")
    return value[1:] if value.startswith("!") else ""
