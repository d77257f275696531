"""A and class of functions: what an indirect call checks, and what the object declares."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from motte.abi.layout import compatible_class
from motte.compiler.calling_convention import CallingConvention
from motte.compiler.confine import FunctionFacts
from motte.compiler.ir.module import Module
from motte.compiler.options import CompileOptions


class FunctionClasses:
    """Facts of every prototype, by the caller's choice of checking."""

    def __init__(self, convention: CallingConvention, options: CompileOptions) -> None:
        """One per module: prototypes are remembered by their text."""
        self.convention = convention
        self._by_prototype = options.function_classes == "prototype"
        self._known: dict[tuple[str, ...], FunctionFacts] = {}

    def of(self, result: str, parameters: Iterable[str]) -> FunctionFacts:
        """Incoming stack bytes, and class."""
        key = (result, *parameters)
        known = self._known.get(key)
        if known is None:
            stack_bytes = self.convention.stack_bytes(key[1:])
            function_class = compatible_class(stack_bytes)
            if self._by_prototype:
                function_class = _prototype_class(key, function_class)
            known = self._known[key] = FunctionFacts(stack_bytes, function_class)
        return known


def _prototype_class(prototype: tuple[str, ...], stack_class: int) -> int:
    """31 bits: a digest of the types above the (capped) class of the stack bytes, which every class must fix."""
    digest = blake2b(repr(prototype).encode(), digest_size=4).digest()
    return (int.from_bytes(digest, "little") >> 9) << 8 | min(stack_class, 255)


def function_facts(module: Module, classes: FunctionClasses) -> dict[str, FunctionFacts]:
    """Facts of each function that the module defines, by symbol name."""
    facts: dict[str, FunctionFacts] = {}
    for function in module.functions():
        header = function.header
        facts[header.name[1:].strip('"')] = classes.of(header.result, (item.type for item in header.parameters))
    return facts
